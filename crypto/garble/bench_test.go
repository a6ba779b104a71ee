package garble

import (
	"testing"
)

// benchmarkRun is a whole run, both sides in one process. baseG and baseE are
// nil for a run that makes its base transfers; where they are given, a run
// before the measured ones has made them. peak-MiB is the largest heap seen,
// of both sides together with their inputs, results and the pipe.
func benchmarkRun(b *testing.B, s Spec, cells int, baseG, baseE *Base) {
	in := mixed(newRNG(40), s, cells)
	peak := uint64(0)
	run := func() {
		pg, pe, seen := newRelay()
		done := make(chan error, 1)
		go func() {
			done <- Garble(b.Context(), pg, in.session, in.spec, in.garbler, in.labels, baseG, newRNG(1))
		}()
		if _, err := Evaluate(b.Context(), pe, in.session, in.spec, in.evaluator, baseE, newRNG(2)); err != nil {
			b.Fatal(err)
		}
		if err := <-done; err != nil {
			b.Fatal(err)
		}
		peak = max(peak, seen.Load())
	}
	if baseG != nil {
		run()
	}
	b.ReportAllocs()
	for b.Loop() {
		run()
	}
	b.ReportMetric(float64(cells)*float64(b.N)/b.Elapsed().Seconds(), "cells/s")
	b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
	g, e := WireBytes(in.spec, baseG != nil)
	b.ReportMetric(float64(g)/float64(cells), "garbler-B/cell")
	b.ReportMetric(float64(e)/float64(cells), "evaluator-B/cell")
}

func moneySpec() Spec {
	return Spec{K: 50, Complement: true, Products: []int{23, 64}, LabelBytes: 32,
		Aggregates: []Aggregate{{Values: []int{0}, Guard: -1}, {Values: []int{1}, Guard: -1}}}
}

func BenchmarkOneCell(b *testing.B)      { benchmarkRun(b, moneySpec(), 1, nil, nil) }
func BenchmarkMoney10000(b *testing.B)   { benchmarkRun(b, moneySpec(), 10_000, nil, nil) }
func BenchmarkTypical1000(b *testing.B)  { benchmarkRun(b, typical(), 1_000, nil, nil) }
func BenchmarkTypical10000(b *testing.B) { benchmarkRun(b, typical(), 10_000, nil, nil) }

// With the base transfers of an earlier run.
func BenchmarkOneCellKept(b *testing.B)     { benchmarkRun(b, moneySpec(), 1, new(Base), new(Base)) }
func BenchmarkTypical1000Kept(b *testing.B) { benchmarkRun(b, typical(), 1_000, new(Base), new(Base)) }

func BenchmarkHash(b *testing.B) {
	h := newHasher([32]byte{})
	x := block{1, 2}
	for b.Loop() {
		x = h.sum(x, tweak(domainGate, 1, 2))
	}
}

// BenchmarkHashes is a hash among many.
func BenchmarkHashes(b *testing.B) {
	h := newHasher([32]byte{})
	x, t := make([]block, 1000), make([]block, 1000)
	for b.Loop() {
		h.sums(x, t)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(x)), "ns/hash")
}
