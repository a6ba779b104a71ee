package history

import (
	"cmp"
	"context"
	"crypto/sha256"
	"slices"

	"parley/cleanroom/store"
	"parley/internal/weak"
)

// Limits of the comparison of three: pairs of earlier vectors, and sketches.
const (
	maxPairs  = 20_000
	maxLoaded = 2_000
)

// old is a recorded vector of units, or all units there are.
type old struct {
	from    store.Selection
	number  int
	size    uint32
	support int64
	sketch  *Sketch // nil: not read yet
	same    [32]byte
}

// triples compares what a question selects with two earlier selections at a
// time: a, b and a-or-b are each far from the others, and together they tell
// what both select (R01, R02). It looks at units alone, since an answer about
// units that differ has other units. Four and more are not compared.
//
//	v - a - b, v + a - b        0 in all but 1 to k-1 units
//
// The sum of such a difference is |v| - |a| - |b|, and within 2(k-1) of 0.
type triples struct {
	h      *History
	q      *Question
	olds   []*old
	loaded int
	seen   map[[2][32]byte]bool
	pairs  int
}

// earlier notes the vectors of units of a selection of the same data.
func (t *triples) earlier(e store.Selection, vectors []*Vector, sizes []uint32) {
	for number, v := range vectors {
		if v.Kind == Units {
			t.olds = append(t.olds, &old{from: e, number: number, size: sizes[number], support: int64(v.Support)})
		}
	}
}

// judge looks for three. decided is false if there were more than are compared.
func (t *triples) judge(ctx context.Context) (close *TooClose, decided bool, err error) {
	if weak.Off("R01") || len(t.olds) == 0 {
		return nil, true, nil
	}
	t.olds = append(t.olds, &old{size: SizeFor(t.q.K), support: int64(t.q.Units)}) // all units: of no run
	slices.SortFunc(t.olds, func(a, b *old) int { return cmp.Compare(a.support, b.support) })
	for _, v := range t.q.Vectors {
		if v.Kind != Units || v.Withheld {
			continue
		}
		close, decided, err := t.vector(ctx, v)
		if close != nil || err != nil || !decided {
			return close, decided, err
		}
	}
	return nil, true, nil
}

func (t *triples) vector(ctx context.Context, v *Vector) (*TooClose, bool, error) {
	t.seen = map[[2][32]byte]bool{}
	slack := 2 * int64(t.q.K-1)
	for i, a := range t.olds {
		for _, plus := range []bool{true, false} {
			// |b| is |v|-|a|, or |v|+|a|.
			want := int64(v.Support) - a.support
			if !plus {
				want = int64(v.Support) + a.support
			}
			from, _ := slices.BinarySearchFunc(t.olds, want-slack, func(o *old, n int64) int { return cmp.Compare(o.support, n) })
			for j := from; j < len(t.olds) && t.olds[j].support <= want+slack; j++ {
				if plus && j < i { // a and b are alike
					continue
				}
				if t.pairs++; t.pairs > maxPairs {
					return nil, false, nil
				}
				near, err := t.three(ctx, v, a, t.olds[j], plus)
				switch {
				case err != nil:
					return nil, false, err
				case t.loaded > maxLoaded:
					return nil, false, nil
				case !near:
					continue
				}
				if known, err := t.answered(ctx, v); known || err != nil {
					return nil, true, err // it tells nothing new
				}
				return &TooClose{Run: cmp.Or(a.from.Run, t.olds[j].from.Run), Three: true}, true, nil
			}
		}
	}
	return nil, true, nil
}

// three tells whether v - a - b, or v + a - b, is about 1 to k-1 units.
func (t *triples) three(ctx context.Context, v *Vector, a, b *old, plus bool) (bool, error) {
	for _, o := range []*old{a, b} {
		if err := t.load(ctx, o); err != nil || o.sketch == nil {
			return false, err
		}
	}
	pair := [2][32]byte{a.same, b.same}
	if !plus {
		pair[0][0] ^= 1
	}
	if t.seen[pair] {
		return false, nil
	}
	t.seen[pair] = true
	size := min(v.Sketch.size, a.size, b.size)
	x, y, z := v.Sketch.folded(size), a.sketch.folded(size), b.sketch.folded(size)
	sign := 1
	if plus {
		sign = -1
	}
	verdict, _ := x.combine(y, sign).combine(z, -1).judgeAt(t.h.hasher, t.q.K)
	return verdict == Close, nil
}

func (t *triples) load(ctx context.Context, o *old) (err error) {
	if o.sketch != nil {
		return nil
	}
	if t.loaded++; t.loaded > maxLoaded {
		return nil
	}
	if o.from.Run == "" {
		o.sketch, err = t.q.Whole()
	} else {
		o.sketch, err = t.h.sketch(ctx, o.from, o.number, o.size)
	}
	if err == nil {
		o.same = digest(o.sketch)
	}
	return err
}

// answered tells whether the very vector was answered before.
func (t *triples) answered(ctx context.Context, v *Vector) (bool, error) {
	same := digest(v.Sketch)
	for _, o := range t.olds {
		if o.support != int64(v.Support) || o.size != v.Sketch.size || o.from.Run == "" {
			continue
		}
		if err := t.load(ctx, o); err != nil {
			return false, err
		}
		if o.sketch != nil && o.same == same {
			return true, nil
		}
	}
	return false, nil
}

func digest(s *Sketch) [32]byte { return sha256.Sum256(s.Bytes()) }
