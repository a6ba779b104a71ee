package align

import (
	"bytes"

	"parley/crypto/curve"
)

// rising checks that entries are in strictly increasing bytewise order, over
// the whole list. It excludes duplicates with it.
type rising struct {
	last    [curve.Size]byte
	started bool
	failed  bool
}

// next takes the next entry of the list, all of which have one size.
func (r *rising) next(b []byte) {
	if r.started && bytes.Compare(r.last[:len(b)], b) >= 0 {
		r.failed = true
	}
	r.started = true
	copy(r.last[:], b)
}

// without filters sorted lists. It keeps in place those of the points that are
// not in the list read through next, and returns them. Points of one call
// follow those of the call before.
type without struct {
	next    func() ([]byte, error) // nil at the end
	head    []byte
	started bool
}

func (w *without) filter(points []curve.Point) ([]curve.Point, error) {
	kept := points[:0]
	for i := range points {
		for !w.started || w.head != nil && bytes.Compare(w.head, points[i][:]) < 0 {
			var err error
			if w.head, err = w.next(); err != nil {
				return nil, err
			}
			w.started = true
		}
		if w.head == nil || !bytes.Equal(w.head, points[i][:]) {
			kept = append(kept, points[i])
		}
	}
	return kept, nil
}
