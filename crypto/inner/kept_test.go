package inner

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	mrand "math/rand/v2"
	"slices"
	"testing"
)

// What was kept answers in later sessions, under another secret s and other
// values, with the c1′ of the first: the sums are those of today's values, and
// no y comes twice.
func TestKeptAnswers(t *testing.T) {
	for _, name := range []string{"narrow", "wide"} {
		set := setNamed(t, name)
		const slots, groups = 5000, 5
		r := mrand.New(mrand.NewPCG(3, 4))
		v, w := session(t, set, slots)
		values, lists := randomCase(r, set, slots, groups, 2, 50, 9)
		var products []Product
		var hints [][]byte
		for _, list := range lists {
			a := arrange(t, set, slots, groups, list)
			k, err := w.Keep(2, a)
			check(t, err)
			products = append(products, Product{a, k})
		}
		seen := map[string]bool{}
		for n := range maxAnswers {
			cells := answer(t, w, 2, encrypt(t, v, 2, values), products, hints)
			compare(t, v, set, cells, oracle(values, lists, groups))
			for p := range cells {
				var b []byte
				var pads string
				for _, c := range cells[p] {
					pads += fmt.Sprint(c.share, " ")
					b = append(b, c.hint...)
					if seen[string(c.y)] {
						t.Fatal("the same y twice")
					}
					seen[string(c.y)] = true
				}
				if seen[pads] {
					t.Fatal("the same pads twice")
				}
				seen[pads] = true
				if n == 0 {
					hints = append(hints, b)
				}
				if products[p].Kept.Reserve() != (n < maxAnswers-1) {
					t.Fatalf("answer %d of %d: reserving", n+1, maxAnswers)
				}
			}
			v, w = session(t, set, slots)
			values, _ = randomCase(r, set, slots, groups, 1, 50, 9)
		}
	}
}

// c1′ is a function of the weights and what is kept: written again, it is the
// same, so no u meets two errors.
func TestHintsAreFixed(t *testing.T) {
	set := setNamed(t, "narrow")
	_, w := session(t, set, 10)
	a := arrange(t, set, 10, 2, []Entry{{1, 0, 1}, {2, 1, 1}})
	k, err := w.Keep(0, a)
	check(t, err)
	other, err := w.Keep(0, a)
	check(t, err)
	write := func(k *Kept) string {
		var b bytes.Buffer
		check(t, w.WriteHints(context.Background(), k, a, &b))
		return b.String()
	}
	first, second := write(k), write(k)
	if first != second || first == write(other) {
		t.Error("hints of one key differ, or those of two keys agree")
	}
}

// What was kept serves nothing but what it was made for, and only as often as
// was reserved.
func TestKeptElsewhere(t *testing.T) {
	ctx := context.Background()
	set := setNamed(t, "narrow")
	v, w := session(t, set, 10)
	entries := []Entry{{1, 0, 1}, {2, 1, 1}, {3, 0, 4}}
	a := arrange(t, set, 10, 2, entries)
	k, err := w.Keep(0, a)
	check(t, err)
	vector := encrypt(t, v, 0, make([]int64, 10))
	try := func(w *Weights, index int, a *Arranged) string {
		_, err := w.Multiply(ctx, index, bytes.NewReader(vector), []Product{{a, k}})
		if err != nil {
			return err.Error()
		}
		return ""
	}
	moved := slices.Clone(entries)
	moved[0].Slot = 7
	swapped := slices.Clone(entries)
	swapped[0].Group, swapped[1].Group = 1, 0
	_, longer := session(t, set, 11)
	const elsewhere = "inner: what was kept belongs to another alignment, parameter set or vector"
	const differ = "inner: the weights are not those that c1′ was made of"
	otherSeed, err := NewWeights(set, 10, [32]byte{9}, rand.Reader)
	check(t, err)
	otherSeed.head = w.head
	for i, c := range []struct {
		w     *Weights
		index int
		a     *Arranged
		want  string
	}{
		{w, 1, a, elsewhere},
		{otherSeed, 0, a, elsewhere},
		{longer, 0, arrange(t, set, 11, 2, entries), elsewhere},
		{longer, 0, a, "inner: the weights are arranged for another alignment or parameter set"},
		{w, 0, arrange(t, set, 10, 2, moved), differ},
	} {
		if got := try(c.w, c.index, c.a); got != c.want {
			t.Errorf("case %d: %q, want %q", i, got, c.want)
		}
	}
	for i, list := range [][]Entry{swapped, entries[:2], append(slices.Clone(entries), Entry{4, 1, 1})} {
		_, w := session(t, set, 10)
		if got := try(w, 0, arrange(t, set, 10, 2, list)); got != differ {
			t.Errorf("list %d: %q", i, got)
		}
	}
	for i, want := range []string{"", "inner: an answer that was not reserved"} {
		_, w := session(t, set, 10)
		if got := try(w, 0, arrange(t, set, 10, 2, append(slices.Clone(entries), Entry{}))); got != want {
			t.Errorf("use %d: %q, want %q", i, got, want)
		}
	}
}
