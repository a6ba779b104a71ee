package align

import (
	"context"
	"encoding/binary"
	"fmt"

	"parley/crypto/curve"
	"parley/crypto/wire"
)

// ownList stores u, which is H(x)^k for the own units and dummies, sorted, and
// for each entry the index it came from: units first, then dummies. Dummies go
// in before the sorting, which hides them.
func (p *party) ownList() error {
	n := p.cfg.Own + len(p.padding)
	if done, err := p.stored(fileU, curve.Size, n); done || err != nil {
		return err
	}
	if err := p.ownPoints(n); err != nil {
		return err
	}
	order, err := p.cfg.Work.Create(fileOrder, p.cfg.chunk(indexSize))
	if err != nil {
		return err
	}
	defer order.Close()
	u, err := p.cfg.Work.Create(fileU, p.cfg.chunk(curve.Size))
	if err != nil {
		return err
	}
	defer u.Close()
	var check rising
	err = p.sorter.sort(p.ctx, []string{fileOwn}, indexedSize, func(b []byte) error {
		check.next(b[:curve.Size])
		if _, err := u.Write(b[:curve.Size]); err != nil {
			return err
		}
		_, err := order.Write(b[curve.Size:])
		return err
	})
	if err != nil {
		return err
	}
	if check.failed {
		return ErrDuplicateUnit
	}
	// u comes last: it stands for both.
	if err := order.Complete(); err != nil {
		return err
	}
	if err := u.Complete(); err != nil {
		return err
	}
	return p.cfg.Work.Remove(fileOwn)
}

// ownPoints stores H(x)^k with the index of x, in order.
func (p *party) ownPoints(n int) error {
	own, err := p.grow(fileOwn, indexedSize, n, false)
	if err != nil {
		return err
	}
	defer own.close()
	if own.w == nil {
		return nil
	}
	tag := append([]byte(wire.LabelHashToCurve), p.cfg.Session[:]...)
	at := uint32(own.have)
	err = p.stream(p.ownMessages, &derived{
		have: own.have,
		work: func(ctx context.Context, dst, src []curve.Point, at int) error {
			message := func(i int) []byte { return src[i][:] }
			if err := curve.HashToCurve(ctx, dst, tag, message, p.report("hash own units", at, n)); err != nil {
				return err
			}
			return curve.ExpInto(ctx, dst, dst, p.k, p.report("encrypt own units", at, n))
		},
		keep: func(points []curve.Point) error {
			var record [indexedSize]byte
			for i := range points {
				copy(record[:], points[i][:])
				binary.BigEndian.PutUint32(record[curve.Size:], at)
				at++
				if _, err := own.w.Write(record[:]); err != nil {
					return err
				}
			}
			return nil
		},
	})
	if err != nil {
		return err
	}
	return own.complete()
}

// ownMessages is the feed of what is hashed to the curve: 32 bytes for each
// own unit, then the dummies.
func (p *party) ownMessages(ctx context.Context, q *queue, from int) error {
	f := filler{q: q, at: from}
	seen := 0
	hash := newUnitHash()
	err := p.units(ctx, func(unit []byte) error {
		if seen++; seen > p.cfg.Own {
			return p.wrongCount("more")
		}
		if seen <= from {
			return ctx.Err()
		}
		return f.add(hash.sum(unit))
	})
	if err != nil {
		return err
	}
	if seen != p.cfg.Own {
		return p.wrongCount(fmt.Sprint(seen))
	}
	for i := max(0, from-p.cfg.Own); i < len(p.padding); i++ {
		if err := f.add(p.padding[i]); err != nil {
			return err
		}
	}
	return f.flush()
}

func (p *party) wrongCount(given string) error {
	return fmt.Errorf("align: %s units given where %d were agreed", given, p.cfg.Own)
}

// filler gathers single entries into batches.
type filler struct {
	q   *queue
	buf []curve.Point
	n   int
	at  int
}

func (f *filler) add(x [32]byte) (err error) {
	if f.buf == nil {
		if f.buf, err = f.q.take(); err != nil {
			return err
		}
	}
	f.buf[f.n] = x
	if f.n++; f.n == len(f.buf) {
		return f.flush()
	}
	return nil
}

func (f *filler) flush() error {
	if f.n == 0 {
		return nil
	}
	err := f.q.pass(f.buf, f.buf[:f.n], f.at)
	f.at += f.n
	f.buf, f.n = nil, 0
	return err
}
