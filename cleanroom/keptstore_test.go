package cleanroom

import (
	"crypto/rand"
	"fmt"
	"slices"
	"testing"

	"parley/analysis/plan"
	"parley/crypto/inner"
)

// TestKeptStore drops the least recently used when room is short, and all of
// an alignment once another takes its place.
func TestKeptStore(t *testing.T) {
	t.Parallel()
	k := newKeptStore(100)
	hints := func(pair, alignment, key string, size int) {
		k.receive(keptItem{pair: pair, alignment: alignment, key: key, hints: make([]byte, size)})
	}
	has := func() (keys []string) {
		for _, key := range []string{"a", "b", "c", "d"} {
			if k.items[key] != nil {
				keys = append(keys, key)
			}
		}
		return keys
	}
	k.use("p", "1")
	hints("p", "1", "a", 40)
	hints("p", "1", "b", 40)
	k.received("a")
	hints("q", "1", "c", 40)
	if got := has(); !slices.Equal(got, []string{"a", "c"}) || k.used != 80 {
		t.Errorf("%v stayed, %d bytes", got, k.used)
	}
	hints("p", "1", "a", 10) // in place of the other
	k.use("p", "1")
	if got := has(); len(got) != 2 || k.used != 50 {
		t.Errorf("%v stayed, %d bytes", got, k.used)
	}
	k.use("p", "2")
	if got := has(); !slices.Equal(got, []string{"c"}) || k.used != 40 {
		t.Errorf("after a new alignment %v stayed, %d bytes", got, k.used)
	}
	hints("p", "2", "d", 101)
	if k.used != 0 || len(has()) != 0 || k.received("d") != nil {
		t.Errorf("more than there is room for was kept: %v, %d bytes", has(), k.used)
	}
}

// TestKeptAnswersEnd reserves what one u may answer, and keeps nothing for
// weights that were dropped meanwhile.
func TestKeptAnswersEnd(t *testing.T) {
	t.Parallel()
	set := inner.Sets()[0]
	w, err := inner.NewWeights(set, 4, [32]byte{}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a, err := inner.Arrange(set, 4, 1, 1, slices.Values([]inner.Entry{{Weight: 1}}))
	if err != nil {
		t.Fatal(err)
	}
	kept, err := w.Keep(0, a)
	if err != nil {
		t.Fatal(err)
	}
	k := newKeptStore(1 << 20)
	it := keptItem{key: "w"}
	own := k.weights(it, [][]byte{nil})
	at := answerKey{set: set.Name(), vector: plan.Vector{Of: plan.Units}}
	if _, ok := k.reserve(own, at); ok {
		t.Error("reserved before anything was kept")
	}
	k.answer("w", own, at, keptAnswer{kept: kept})
	n := 0
	for ; n < 100; n++ {
		if _, ok := k.reserve(own, at); !ok {
			break
		}
	}
	if n != 15 {
		t.Errorf("%d more answers were reserved", n)
	}
	k.drop("w")
	fresh := k.weights(it, [][]byte{nil})
	k.answer("w", own, at, keptAnswer{kept: kept})
	if len(fresh.answers) != 0 || k.used != 64 {
		t.Errorf("%d answers, %d bytes after a drop", len(fresh.answers), k.used)
	}
}

// TestReorder gives groups the numbers of an earlier run, and refuses others.
func TestReorder(t *testing.T) {
	t.Parallel()
	labels := func(n ...int) [][]byte {
		out := make([][]byte, len(n))
		for i, x := range n {
			if x >= 0 {
				out[i] = label(t, x)
			}
		}
		return out
	}
	fresh := func() *reduced {
		table := &groupTable{columns: []plan.Group{free}, index: map[string]int{}, labels: labels(2, -1, 0, 1)}
		for n, l := range table.labels {
			if l != nil {
				table.index[string(l)] = n
			}
		}
		return &reduced{group: []uint32{0, 0, 2, 3, 3, 3}, groups: table, sizes: []uint64{2, 0, 1, 3}}
	}
	r := fresh()
	if !r.reorder(labels(0, 1, 2, -1)) {
		t.Fatal("the same groups were refused")
	}
	if got := fmt.Sprint(r.group, r.sizes, r.groups.index[string(label(t, 1))]); got != "[2 2 0 1 1 1] [1 3 2 0] 1" {
		t.Errorf("got %s", got)
	}
	for _, other := range [][][]byte{labels(0, 1, 2), labels(0, 1, 2, 3), labels(0, 1, -1, -1), labels(0, 1, 1, -1), labels(0, 1, 2, 2)} {
		r := fresh()
		if r.reorder(other) {
			t.Errorf("%q was accepted", other)
		}
		if fmt.Sprint(r.group) != "[0 0 2 3 3 3]" {
			t.Error("a refused order left a trace")
		}
	}
}

// TestVectorIndices numbers vectors by role: weights meet the same index in
// questions about different measures.
func TestVectorIndices(t *testing.T) {
	t.Parallel()
	units, rows := plan.Vector{Of: plan.Units}, plan.Vector{Of: plan.Rows}
	sum := func(m int) plan.Vector { return plan.Vector{Of: plan.Sum, Measure: m} }
	indices := func(groupsV int, pairs ...[2]plan.Vector) (out []string) {
		s := &plan.Secure{}
		var sets []*inner.Set
		for _, p := range pairs {
			s.Weights, s.Values = append(s.Weights, p[0]), append(s.Values, p[1])
			value := slices.Index(s.Values, p[1])
			s.Products = append(s.Products, plan.Product{Weight: len(s.Weights) - 1, Value: value})
			sets = append(sets, inner.Sets()[0])
		}
		p := &products{plan: s, sets: sets, groupsW: 2, groupsV: groupsV}
		jobs, err := p.jobs()
		if err != nil {
			t.Fatal(err)
		}
		seen := map[int]*job{}
		for _, a := range p.asks(jobs) {
			out = append(out, fmt.Sprintf("%s %d", s.Weights[a.product].Of, a.index))
			if other, ok := seen[a.index]; ok && other != a.job {
				t.Errorf("two vectors have index %d", a.index)
			}
			seen[a.index] = a.job
		}
		return out
	}
	first := indices(1, [2]plan.Vector{units, units}, [2]plan.Vector{rows, rows}, [2]plan.Vector{rows, sum(0)})
	mean := indices(1, [2]plan.Vector{units, units}, [2]plan.Vector{rows, sum(1)}, [2]plan.Vector{rows, {Of: plan.Count, Measure: 1}}, [2]plan.Vector{units, {Of: plan.HasValue, Measure: 1}})
	for _, x := range mean[:3] {
		if !slices.Contains(first, x) {
			t.Errorf("%s is new: first %v, then %v", x, first, mean)
		}
	}
	// One vector serves all weights.
	if got := indices(2, [2]plan.Vector{units, units}, [2]plan.Vector{sum(0), sum(1)}, [2]plan.Vector{{Of: plan.Units, Any: true}, units}); !slices.Equal(got,
		[]string{"units 0", "units 0", "units 1", "units 1", "sum 33554432", "sum 33554433"}) {
		t.Errorf("got %v", got)
	}
}
