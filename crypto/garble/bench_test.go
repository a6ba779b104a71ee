package garble

import (
	"testing"

	"parley/crypto/wire/wiretest"
)

// benchmarkRun is a whole run, base transfers included, both sides in one
// process.
func benchmarkRun(b *testing.B, s Spec, cells int) {
	in := mixed(newRNG(40), s, cells)
	b.ReportAllocs()
	for b.Loop() {
		pg, pe := wiretest.Pair()
		done := make(chan error, 1)
		go func() {
			done <- Garble(b.Context(), pg, in.session, in.spec, in.garbler, in.labels, newRNG(1))
		}()
		if _, err := Evaluate(b.Context(), pe, in.session, in.spec, in.evaluator, newRNG(2)); err != nil {
			b.Fatal(err)
		}
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(cells)*float64(b.N)/b.Elapsed().Seconds(), "cells/s")
	g, e := WireBytes(in.spec)
	b.ReportMetric(float64(g)/float64(cells), "garbler-B/cell")
	b.ReportMetric(float64(e)/float64(cells), "evaluator-B/cell")
}

func moneySpec() Spec {
	return Spec{K: 50, Complement: true, Products: []int{23, 64}, LabelBytes: 32,
		Aggregates: []Aggregate{{Values: []int{0}, Guard: -1}, {Values: []int{1}, Guard: -1}}}
}

func BenchmarkOneCell(b *testing.B)     { benchmarkRun(b, moneySpec(), 1) }
func BenchmarkMoney10000(b *testing.B)  { benchmarkRun(b, moneySpec(), 10_000) }
func BenchmarkTypical1000(b *testing.B) { benchmarkRun(b, typical(), 1_000) }

func BenchmarkHash(b *testing.B) {
	h := newHasher([32]byte{})
	x := block{1, 2}
	for b.Loop() {
		x = h.sum(x, tweak(domainGate, 1, 2))
	}
}
