package cleanroom

import (
	"crypto/rand"
	"io"
	mathrand "math/rand/v2"

	"parley/analysis/plan"
	"parley/internal/weak"
)

// What one unit adds to a noisy answer is bounded here, at its owner, before
// anything is added up or encrypted: the noise is sized by these bounds.

// bound leaves of every unit's entries those of at most `most` groups; 0: all
// of them. Which ones is drawn under a key that is new for each run and leaves
// the node in no form, so that no question can steer it. Entries are sorted by
// unit and have a group each.
func (r *reduced) bound(most int) error {
	if most <= 0 {
		return nil
	}
	var key [32]byte
	if _, err := io.ReadFull(rand.Reader, key[:]); err != nil {
		return err
	}
	order := mathrand.New(mathrand.NewChaCha8(key)) // ChaCha8 keyed at random: no output tells of another
	kept := 0
	for first := 0; first < len(r.units); {
		end := first + 1
		for end < len(r.units) && r.units[end] == r.units[first] {
			end++
		}
		take := min(most, end-first)
		for i := range take { // a random choice comes to the front
			if take < end-first {
				r.swap(first+i, first+i+order.IntN(end-first-i))
			}
			r.move(first+i, kept)
			kept++
		}
		first = end
	}
	r.cut(kept)
	return nil
}

func (r *reduced) swap(i, j int) {
	r.group[i], r.group[j] = r.group[j], r.group[i]
	for _, c := range r.ints {
		c[i], c[j] = c[j], c[i]
	}
}

func (r *reduced) move(from, to int) {
	r.units[to], r.group[to] = r.units[from], r.group[from]
	for _, c := range r.ints {
		c[to] = c[from]
	}
}

func (r *reduced) cut(n int) {
	r.units, r.group = r.units[:n], r.group[:n]
	for i := range r.ints {
		r.ints[i] = r.ints[i][:n]
	}
}

// clamp cuts what one unit adds to a number of one group off at ±most.
func clamp(x, most int64) int64 {
	if weak.Off("R16") {
		return x
	}
	return max(-most, min(x, most))
}

// clip applies a noisy plan's bounds to every entry: rows, then sum and count
// per measure.
func (r *reduced) clip(l *plan.Local) {
	each := func(column int, most int64) {
		c := r.ints[column]
		for i, x := range c {
			c[i] = clamp(x, most)
		}
	}
	each(0, l.RowsPerUnit)
	for m := range l.Measures {
		each(1+2*m, l.Measures[m].Clip)
		each(2+2*m, l.RowsPerUnit)
	}
}
