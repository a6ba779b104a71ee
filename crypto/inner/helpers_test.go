package inner

import (
	"bytes"
	"context"
	"crypto/rand"
	"slices"
	"testing"
)

// session is both halves of a run, with the header passed on.
func session(t testing.TB, set *Set, slots int) (*Values, *Weights) {
	t.Helper()
	seed := Seed(set, [32]byte{1})
	v, err := NewValues(set, slots, seed, rand.Reader)
	check(t, err)
	w, err := NewWeights(set, slots, seed, rand.Reader)
	check(t, err)
	var head bytes.Buffer
	check(t, v.WriteHeader(&head))
	if int64(head.Len()) != v.HeaderSize() {
		t.Fatalf("header of %d bytes, %d declared", head.Len(), v.HeaderSize())
	}
	check(t, w.ReadHeader(&head))
	return v, w
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// column is one vector of values by slot.
func column(t testing.TB, set *Set, values []int64) *Columns {
	t.Helper()
	c, err := NewColumns(set, len(values), 1, func(yield func(Entry) bool) {
		for slot, f := range values {
			if !yield(Entry{uint32(slot), 0, f}) {
				return
			}
		}
	})
	check(t, err)
	return c
}

func encrypt(t testing.TB, v *Values, index int, values []int64) []byte {
	t.Helper()
	var b bytes.Buffer
	check(t, v.Encrypt(context.Background(), index, column(t, v.set, values), 0, &b))
	if int64(b.Len()) != v.VectorSize() {
		t.Fatalf("vector of %d bytes, %d declared", b.Len(), v.VectorSize())
	}
	return b.Bytes()
}

// arrange takes the largest weight as the declared bound.
func arrange(t testing.TB, set *Set, slots, groups int, entries []Entry) *Arranged {
	t.Helper()
	bound := int64(0)
	for _, e := range entries {
		bound = max(bound, e.Weight, -e.Weight)
	}
	a, err := Arrange(set, slots, groups, bound, slices.Values(entries))
	check(t, err)
	return a
}

// cell is all that the two sides get of one inner product.
type cell struct {
	hint, y []byte
	share   Share // the weight holder's
}

// multiply is the weight holder's part for weights without anything kept.
func multiply(t testing.TB, w *Weights, index int, vector []byte, products [][]Entry, groups int) [][]cell {
	t.Helper()
	var ps []Product
	for _, entries := range products {
		a := arrange(t, w.set, w.slots, groups, entries)
		k, err := w.Keep(index, a)
		check(t, err)
		ps = append(ps, Product{a, k})
	}
	return answer(t, w, index, vector, ps, nil)
}

// answer multiplies and writes the hints, unless they are given.
func answer(t testing.TB, w *Weights, index int, vector []byte, products []Product, hints [][]byte) [][]cell {
	t.Helper()
	answers, err := w.Multiply(context.Background(), index, bytes.NewReader(vector), products)
	check(t, err)
	cells := make([][]cell, len(products))
	for n, p := range products {
		var b bytes.Buffer
		if hints != nil {
			b.Write(hints[n])
		} else {
			check(t, w.WriteHints(context.Background(), p.Kept, p.Weights, &b))
		}
		if int64(b.Len()) != w.HintsSize(p.Weights) {
			t.Fatalf("hints of %d bytes, %d declared", b.Len(), w.HintsSize(p.Weights))
		}
		for _, a := range answers[n] {
			cells[n] = append(cells[n], cell{b.Next(int(w.set.HintSize())), a.Bytes, a.Share})
		}
	}
	return cells
}

// open is the value holder's share of a cell.
func open(t testing.TB, v *Values, c cell) Share {
	t.Helper()
	share, err := v.Open(fold(t, v, c.hint), c.y)
	check(t, err)
	return share
}

func fold(t testing.TB, v *Values, hint []byte) Folded {
	t.Helper()
	f, err := v.Fold(context.Background(), hint)
	check(t, err)
	return f[0]
}

func setNamed(t testing.TB, name string) *Set {
	t.Helper()
	s, err := ByName(name)
	check(t, err)
	return s
}
