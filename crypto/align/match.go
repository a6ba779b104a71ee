package align

import (
	"errors"
	"io"

	"parley/crypto/curve"
)

// match is C's: it reads E, finds which of it P does not have, and stores that,
// to the m and sorted, as S. It returns |S|.
func (p *party) match() (int, error) {
	_, done, err := p.cfg.Work.Complete(fileS)
	if err != nil {
		return 0, err
	}
	list := received{step: stepE, n: p.nC, sorted: true}
	left := &growing{have: p.nC}
	if !done {
		e, err := p.cfg.Work.Read(fileE)
		if err != nil {
			return 0, err
		}
		defer e.Close()
		list.filter = (&without{next: func() ([]byte, error) {
			b, err := e.Next(curve.Size)
			if errors.Is(err, io.EOF) {
				return nil, nil
			}
			return b, err
		}}).filter
		if left, err = p.grow(fileLeft, curve.Size, p.nC, true); err != nil {
			return 0, err
		}
		defer left.close()
	}
	const step = "encrypt unmatched units"
	// How many there are is known at the end only: until then the total is the
	// length of E.
	if err := p.stream(p.read(list), p.raise(left, p.m, step, p.nC)); err != nil {
		return 0, err
	}
	if !done {
		if err := left.complete(); err != nil {
			return 0, err
		}
		if err := p.sortPoints(fileLeft, fileS, stepE); err != nil {
			return 0, err
		}
	}
	if err := p.cfg.Work.Remove(fileE, fileLeft); err != nil {
		return 0, err
	}
	size, _, err := p.cfg.Work.Complete(fileS)
	if err != nil {
		return 0, err
	}
	n := int(size / curve.Size)
	if n > p.nC {
		return 0, foreign(fileS)
	}
	if n < p.nC {
		p.tell(step, n, n)
	}
	return n, nil
}
