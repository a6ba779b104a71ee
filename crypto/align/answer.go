package align

import (
	"context"

	"parley/crypto/curve"
	"parley/crypto/wire"
	"parley/internal/weak"
)

// answer reads the peer's u, of n entries, once. It stores u^(k·m) in u's
// order and, if it is needed still, u^k sorted.
func (p *party) answer(n int, needE bool) error {
	back, err := p.grow(fileBack, curve.Size, n, false)
	if err != nil {
		return err
	}
	defer back.close()
	if needE {
		have, err := p.stored(fileE, curve.Size, n)
		if err != nil {
			return err
		}
		needE = !have
	}
	raised := &growing{have: n}
	if needE {
		if raised, err = p.grow(fileRaised, curve.Size, n, false); err != nil {
			return err
		}
		defer raised.close()
	}
	err = p.stream(p.read(received{step: stepU, n: n, sorted: true}),
		p.raise(raised, p.k, "encrypt the peer's units for matching", n),
		p.raise(back, p.k.Mul(p.m), "encrypt the peer's units", n))
	if err != nil {
		return err
	}
	if err := back.complete(); err != nil {
		return err
	}
	if err := raised.complete(); err != nil || !needE {
		return err
	}
	// E goes out sorted: in u_C's order it would tell C which of its units are
	// shared. Two equal entries would mark themselves in E: distinct points that
	// differ by a point of small order become equal here.
	return p.sortPoints(fileRaised, fileE, stepU)
}

// raise derives a list raised to a key.
func (p *party) raise(g *growing, k curve.Scalar, step string, total int) *derived {
	return &derived{
		have: g.have,
		work: func(ctx context.Context, dst, src []curve.Point, at int) error {
			return curve.ExpInto(ctx, dst, src, k, p.report(step, at, total))
		},
		keep: g.keepPoints,
	}
}

// sortPoints puts a sorted file in the place of an unsorted one. Two equal
// points are a fault of the message that they were computed from.
func (p *party) sortPoints(from, to string, step wire.Step) error {
	w, err := p.cfg.Work.Create(to, p.cfg.chunk(curve.Size))
	if err != nil {
		return err
	}
	defer w.Close()
	var check rising
	err = p.sorter.sort(p.ctx, []string{from}, curve.Size, func(b []byte) error {
		check.next(b)
		_, err := w.Write(b)
		return err
	})
	if err != nil {
		return err
	}
	if check.failed && !weak.Off("R38") {
		return refuse(step, errDuplicate)
	}
	if err := w.Complete(); err != nil {
		return err
	}
	return p.cfg.Work.Remove(from)
}
