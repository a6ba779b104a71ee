package garble

import (
	"math"
	"strings"
	"testing"
)

// noisySpec is typical with noise on every product.
func noisySpec() Spec {
	s := typical()
	s.Complement, s.Aggregates[2].Left = false, nil
	s.Products = s.Products[:4] // without the count of what is left out
	s.Noise = []Noisy{{0, 75}, {1, 0}, {2, 80}, {3, 0}}
	return s
}

// TestNoiseBoundaries compares the circuit in the clear with the oracle around
// both thresholds, with noise of either sign, sums that wrap and every width.
func TestNoiseBoundaries(t *testing.T) {
	s := noisySpec()
	r := newRNG(31)
	b := &both{spec: s}
	k, seen := int64(s.K), map[[2]bool]int{}
	sums := []int64{0, 1, -1, math.MaxInt64, math.MinInt64, 1 << 40, -(1 << 40)}
	for i, c := range []int64{-1, 0, k - 1, k, k + 1, 74, 75, 76, 80, 1<<22 - 1, -1 << 22} {
		for j, x := range []int64{0, 1, -1, 24, 25, 26, -25, -1 << 22, 1<<22 - 1} {
			b.add(r, []int64{c, sums[(i+j)%len(sums)], k + int64(j), sums[(i+2*j)%len(sums)]}, 0, 0)
			b.garbler[len(b.garbler)-1].Noise = []int64{x, sums[j%len(sums)], int64(30 * (j % 3)), sums[i%len(sums)]}
		}
	}
	circuit := releaseCircuit(b.spec)
	for i := range b.garbler {
		got, want := b.clear(t, circuit, i), b.oracle(i)
		if !same(got, want) {
			t.Fatalf("numbers %v, noise %v: got %+v, want %+v", b.numbers[i], b.garbler[i].Noise, got, want)
		}
		seen[[2]bool{got.Pass, got.Aggregates[2].Pass}]++
	}
	if seen[[2]bool{true, true}] < 3 || seen[[2]bool{true, false}] < 3 || seen[[2]bool{false, false}] < 3 {
		t.Fatalf("the test shows too little: %v", seen)
	}
}

// TestNoiseIsTheGarblers: noise at the evaluator, or too little of it at the
// garbler, is refused before anything is sent.
func TestNoiseIsTheGarblers(t *testing.T) {
	b := &both{spec: noisySpec()}
	b.add(newRNG(32), []int64{100, 1, 90, 2}, 0, 0)
	for name, noise := range map[string][]int64{
		"none": nil, "one missing": {1, 2, 3}, "too wide": {1 << 22, 0, 0, 0}, "too wide below": {0, 0, -1<<22 - 1, 0},
	} {
		b.garbler[0].Noise = noise
		if err := b.spec.checkCells(b.garbler, true); err == nil || !strings.Contains(err.Error(), "noise") {
			t.Errorf("%s: %v", name, err)
		}
	}
	b.evaluator[0].Noise = []int64{0, 0, 0, 0}
	if err := b.spec.checkCells(b.evaluator, false); err == nil {
		t.Error("the evaluator may add noise")
	}
}

func TestNoiseRefusals(t *testing.T) {
	for want, change := range map[string]func(*Spec){
		"what a group leaves out is not":      func(s *Spec) { s.Complement = true },
		"what an aggregate leaves out is not": func(s *Spec) { s.Aggregates[2].Left = []Left{{AtLeast: []int{2}, Nothing: []int{2}}} },
		"product 3 has no noise":              func(s *Spec) { s.Noise = s.Noise[:3] },
		"product 0 has no noise":              func(s *Spec) { s.Noise = s.Noise[1:] },
		"out of order":                        func(s *Spec) { s.Noise[1], s.Noise[0] = s.Noise[0], s.Noise[1] },
		"product 2: a count that is tested":   func(s *Spec) { s.Noise[2].Threshold = 0 },
		"product 1: a count that is tested":   func(s *Spec) { s.Noise[1].Threshold = 60 },
		"threshold of product 0":              func(s *Spec) { s.Noise[0].Threshold = 49 },
		"threshold of product 2":              func(s *Spec) { s.Noise[2].Threshold = 1 << 22 },
		"noise for 5 products":                func(s *Spec) { s.Noise = append(s.Noise, Noisy{Product: 9}) },
	} {
		s := noisySpec()
		s.Cells = 1
		if err := s.Check(); err != nil {
			t.Fatal(err)
		}
		change(&s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

// TestOtherThresholdFails: sides that hold another noisy threshold, or of which
// one knows of no noise, end in a failed run.
func TestOtherThresholdFails(t *testing.T) {
	for name, change := range map[string]func(*Spec){
		"threshold": func(s *Spec) { s.Noise[0].Threshold++ },
		"two":       func(s *Spec) { s.Noise[2].Threshold-- },
	} {
		g, e := &both{spec: noisySpec()}, &both{spec: noisySpec()}
		change(&e.spec)
		g.add(newRNG(33), []int64{100, 1, 90, 2}, 0, 0)
		e.add(newRNG(33), []int64{100, 1, 90, 2}, 0, 0)
		runApart(t, g, e)
		if g.errG == nil || g.errE == nil || g.released != nil {
			t.Errorf("%s: garbler %v, evaluator %v", name, g.errG, g.errE)
		}
	}
}
