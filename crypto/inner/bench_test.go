package inner

import (
	"bytes"
	"context"
	"io"
	mrand "math/rand/v2"
	"testing"
)

const (
	benchSlots = 1_500_000
	benchRows  = 1_000_000
)

func benchEntries(groups int) [][]Entry {
	r := mrand.New(mrand.NewPCG(1, 1))
	entries := make([]Entry, benchRows)
	for i, slot := range r.Perm(benchSlots)[:benchRows] {
		entries[i] = Entry{uint32(slot), uint32(r.IntN(groups)), 1}
	}
	return [][]Entry{entries}
}

func perSet(b *testing.B, run func(b *testing.B, set *Set)) {
	for _, name := range []string{"narrow", "wide"} {
		b.Run(name, func(b *testing.B) { run(b, setNamed(b, name)) })
	}
}

func BenchmarkEncrypt(b *testing.B) {
	perSet(b, func(b *testing.B, set *Set) {
		v, _ := session(b, set, benchSlots)
		values := make([]int64, benchSlots)
		index := 0
		for b.Loop() {
			check(b, v.Encrypt(context.Background(), index, values, io.Discard))
			index++
		}
	})
}

// BenchmarkHints reports the time of dense hints for each of 10 groups.
func BenchmarkHints(b *testing.B) {
	perSet(b, func(b *testing.B, set *Set) {
		_, w := session(b, set, benchSlots)
		products := benchEntries(10)
		for b.Loop() {
			_, err := w.Prepare(context.Background(), 0, products, 10)
			check(b, err)
		}
		b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/10, "ms/group")
	})
}

// BenchmarkOnline is one vector from a reader in memory, 1,000,000 weighted
// rows in 10 groups, hints prepared.
func BenchmarkOnline(b *testing.B) {
	perSet(b, func(b *testing.B, set *Set) {
		v, w := session(b, set, benchSlots)
		vector := encrypt(b, v, 0, make([]int64, benchSlots))
		h, err := w.Prepare(context.Background(), 0, benchEntries(10), 10)
		check(b, err)
		for b.Loop() {
			_, err := w.accumulate(context.Background(), 0, bytes.NewReader(vector), h.plan)
			check(b, err)
		}
	})
}

// BenchmarkCell is re-randomising, masking and scaling one cell.
func BenchmarkCell(b *testing.B) {
	perSet(b, func(b *testing.B, set *Set) {
		_, w := session(b, set, 10)
		hint, beta := set.newPoly(), make([]uint64, len(set.primes))
		for b.Loop() {
			w.cell(0, 0, hint, beta)
		}
	})
}
