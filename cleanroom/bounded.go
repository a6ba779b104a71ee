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

// boundShares does so with every entry under the plan's bounds. Which groups of
// a unit count, and which way a share is rounded, is drawn under a key that is
// new for each run and leaves the node in no form, so that no question can steer
// it.
//
// One unit then adds to at most GroupsPerUnit groups, to each of them at most
// RowsPerUnit to a number of rows, Clip to a sum and 1 to a number of units.
// What the others add does not depend on it: draws of different units are
// independent, so the joint distribution of the others' shares is the same with
// and without the unit. For every outcome of their draws the two inputs differ
// by the unit's own share alone, and noise for L0 = GroupsPerUnit and L∞ = those
// bounds hides it; a mixture of such answers over the same draws is as private.
func (r *reduced) boundShares(l *plan.Local) error {
	var key [32]byte
	if _, err := io.ReadFull(rand.Reader, key[:]); err != nil {
		return err
	}
	draw := mathrand.New(mathrand.NewChaCha8(key)) // ChaCha8 keyed at random: no output tells of another
	r.bound(l.GroupsPerUnit, draw)
	r.thin(l, draw)
	r.clip(l)
	return nil
}

// bound leaves of every unit's entries those of at most `most` groups; 0: all
// of them. Entries are sorted by unit and have a group each.
func (r *reduced) bound(most int, draw *mathrand.Rand) {
	if most <= 0 {
		return
	}
	kept := 0
	for first := 0; first < len(r.units); {
		end := first + 1
		for end < len(r.units) && r.units[end] == r.units[first] {
			end++
		}
		take := min(most, end-first)
		for i := range take { // a random choice comes to the front
			if take < end-first {
				r.swap(first+i, first+i+draw.IntN(end-first-i))
			}
			r.move(first+i, kept)
			kept++
		}
		first = end
	}
	r.cut(kept)
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
// per measure. After thin, only a column's own clip can still cut anything off.
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
