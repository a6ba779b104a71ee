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

// benchWeights is 1,000,000 weighted rows in so many groups.
func benchWeights(b *testing.B, set *Set, groups int, bound int64) *Arranged {
	r := mrand.New(mrand.NewPCG(1, 1))
	slots := r.Perm(benchSlots)[:benchRows]
	a, err := Arrange(set, benchSlots, groups, bound, func(yield func(Entry) bool) {
		for i, slot := range slots {
			if !yield(Entry{uint32(slot), uint32(i % groups), 1}) {
				return
			}
		}
	})
	check(b, err)
	return a
}

func perSet(b *testing.B, run func(b *testing.B, set *Set)) {
	for _, name := range []string{"narrow", "wide"} {
		b.Run(name, func(b *testing.B) { run(b, setNamed(b, name)) })
	}
}

func BenchmarkEncrypt(b *testing.B) {
	perSet(b, func(b *testing.B, set *Set) {
		v, _ := session(b, set, benchSlots)
		values := column(b, set, make([]int64, benchSlots))
		index := 0
		for b.Loop() {
			check(b, v.Encrypt(context.Background(), index, values, 0, io.Discard))
			index++
		}
	})
}

func benchHints(b *testing.B, groups int, bound int64) {
	perSet(b, func(b *testing.B, set *Set) {
		_, w := session(b, set, benchSlots)
		a := benchWeights(b, set, groups, bound)
		k, err := w.Keep(0, a)
		check(b, err)
		for b.Loop() {
			check(b, w.WriteHints(context.Background(), k, a, io.Discard))
		}
		b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N)/float64(groups), "ms/group")
	})
}

// BenchmarkHints reports the time of dense hints for each of 10 groups,
// BenchmarkHints1024 that of sparse ones, c1′ included in both.
func BenchmarkHints(b *testing.B)          { benchHints(b, 10, 10) }
func BenchmarkHints1024(b *testing.B)      { benchHints(b, 1024, 10) }
func BenchmarkHints1024Large(b *testing.B) { benchHints(b, 1024, 1<<30) }

// BenchmarkOnline is one vector from a reader in memory, 1,000,000 weighted
// rows, with all that a later session computes: sums and answers.
func BenchmarkOnline(b *testing.B) { benchOnline(b, 10) }

// BenchmarkOnline1024 is the same for 1,024 groups.
func BenchmarkOnline1024(b *testing.B) { benchOnline(b, 1024) }

func benchOnline(b *testing.B, groups int) {
	perSet(b, func(b *testing.B, set *Set) {
		v, w := session(b, set, benchSlots)
		vector := encrypt(b, v, 0, make([]int64, benchSlots))
		a := benchWeights(b, set, groups, 1)
		for b.Loop() {
			w.used = map[int]bool{}
			k, err := w.Keep(0, a)
			check(b, err)
			_, err = w.Multiply(context.Background(), 0, bytes.NewReader(vector), []Product{{a, k}})
			check(b, err)
		}
	})
}

// BenchmarkFold is the value holder's part of one cell.
func BenchmarkFold(b *testing.B) {
	perSet(b, func(b *testing.B, set *Set) {
		v, _ := session(b, set, 10)
		hint := make([]byte, set.HintSize())
		for b.Loop() {
			_, err := v.Fold(context.Background(), hint)
			check(b, err)
		}
	})
}
