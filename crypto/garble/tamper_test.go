package garble

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"parley/crypto/wire"
	"parley/crypto/wire/wiretest"
)

// R44: bad garbled tables, labels, transfers; selective failure.

// small is a run of three cells of which two pass.
func small() *both {
	s := typical()
	s.K = 5
	b := &both{spec: s}
	r := newRNG(60)
	b.add(r, []int64{4, 1000, 9, -1}, 100, 100)
	b.add(r, []int64{5, -1000, 4, 7}, 100, 100)
	b.add(r, []int64{60, 1 << 40, 60, -1 << 62}, 90, 80)
	return b
}

// uniform requires the one error text, on both sides.
func (b *both) uniform(t *testing.T, what string) {
	t.Helper()
	for side, err := range map[string]error{"garbler": b.errG, "evaluator": b.errE} {
		if !errors.Is(err, ErrFailed) || err.Error() != "garbled release failed" {
			t.Errorf("%s: %s ends with %v", what, side, err)
		}
	}
	if b.released != nil {
		t.Errorf("%s: cells were released", what)
	}
}

// flip changes one bit of one step.
func flip(step wire.Step, at int) func(wire.Step, []byte) []byte {
	return func(s wire.Step, b []byte) []byte {
		if s == step {
			b = append([]byte(nil), b...)
			b[at] ^= 1 << (at % 8)
		}
		return b
	}
}

// TestR44Flips changes bits in every part of every message. Each run ends in
// the one error on both sides, at the end, or with the right answer: a changed
// ciphertext that this evaluator does not use is not noticed. Never is
// anything else released.
func TestR44Flips(t *testing.T) {
	l := newLayout(small().spec)
	cells := func(part int) (at []int) {
		sizes := []int{l.tables, l.corrections, l.outputs, l.sealed}
		start := seedBytes + 2*l.cellBytes() // a cell that passes
		for _, n := range sizes[:part] {
			start += n
		}
		return []int{start, start + 21, start + sizes[part]/2, start + sizes[part] - 1}
	}
	for _, c := range []struct {
		name      string
		step      wire.Step
		garbler   bool
		at        []int
		certainly bool // the change cannot go unnoticed
	}{
		{"points A", stepA, false, []int{0, 33, 4095}, true},
		{"points B", stepB, true, []int{0, 33, 4095}, true},
		{"sealed seeds", stepE, false, []int{0, 20, 60, sealedBytes - 1}, false},
		{"columns", stepOffer(0), false, []int{0, 5000}, true},
		{"check x", stepOffer(0), false, []int{offerBytes(l.rows(0)) - checkBytes}, true},
		{"check t", stepOffer(0), false, []int{offerBytes(l.rows(0)) - 1}, true},
		{"label seed", stepCells(0), true, []int{0, 15}, true},
		{"tables", stepCells(0), true, cells(0), false},
		{"corrections", stepCells(0), true, cells(1), false},
		{"outputs", stepCells(0), true, cells(2), false},
		{"sealed label", stepCells(0), true, cells(3), true},
		{"garbler's end", stepGarbler, true, []int{0}, true},
	} {
		failures := 0
		for _, at := range c.at {
			b := small()
			if c.garbler {
				b.tamperG = flip(c.step, at)
			} else {
				b.tamperE = flip(c.step, at)
			}
			b.run(t, 61)
			if b.errE != nil {
				failures++
				b.errE, b.errG = uniformCause(t, b.errE), uniformCause(t, b.errG)
				b.uniform(t, c.name)
				continue
			}
			for i, r := range b.released {
				if !same(r, b.oracle(i)) {
					t.Fatalf("%s, byte %d: released %+v, right is %+v", c.name, at, r, b.oracle(i))
				}
			}
		}
		if c.certainly && failures != len(c.at) {
			t.Errorf("%s: %d of %d changes noticed", c.name, failures, len(c.at))
		}
	}
}

// uniformCause requires that the run went on to its end: an error of the
// harness (the other side gone) would show as a context error.
func uniformCause(t *testing.T, err error) error {
	t.Helper()
	if errors.Is(err, context.Canceled) {
		t.Error("a side stopped before the end")
	}
	return err
}

// TestR44EveryTable overwrites all ciphertexts of a cell: the evaluator must
// notice, whatever its inputs.
func TestR44EveryTable(t *testing.T) {
	l := newLayout(small().spec)
	for name, area := range map[string][2]int{
		"tables":      {0, l.tables},
		"corrections": {l.tables, l.tables + l.corrections},
		"outputs":     {l.tables + l.corrections, l.tables + l.corrections + l.outputs},
	} {
		b := small()
		b.tamperG = func(s wire.Step, m []byte) []byte {
			if s == stepCells(0) {
				m = append([]byte(nil), m...)
				for i := area[0]; i < area[1]; i++ {
					m[seedBytes+i] ^= 0x55
				}
			}
			return m
		}
		b.run(t, 62)
		b.uniform(t, name)
	}
}

// TestR44Points sends invalid points in place of the last one.
func TestR44Points(t *testing.T) {
	for name, bad := range map[string]byte{"identity": 0, "not reduced": 0xff, "negative": 1} {
		replace := func(step wire.Step) func(wire.Step, []byte) []byte {
			return func(s wire.Step, m []byte) []byte {
				if s == step {
					m = append([]byte(nil), m...)
					last := m[len(m)-pointBytes:]
					clear(last)
					last[0] = bad
				}
				return m
			}
		}
		b := small()
		b.tamperE = replace(stepA)
		b.run(t, 63)
		b.uniform(t, name+" A")
		b = small()
		b.tamperG = replace(stepB)
		b.run(t, 63)
		b.uniform(t, name+" B")
	}
}

// TestR44SameMessagesAfterFailure: a garbler that has found the peer cheating
// sends as many bytes in as many messages as otherwise, and nothing of its own
// in them.
func TestR44SameMessagesAfterFailure(t *testing.T) {
	good, bad := small().run(t, 64).must(t), small()
	bad.tamperE = flip(stepOffer(0), offerBytes(newLayout(bad.spec).rows(0))-1)
	bad.run(t, 64)
	bad.uniform(t, "cheating receiver")
	for step, m := range good.sentG {
		if len(bad.sentG[step]) != len(m) {
			t.Errorf("%s: %d bytes, %d without failure", step, len(bad.sentG[step]), len(m))
		}
	}
	if len(good.sentG) != len(bad.sentG) || len(good.sentE) != len(bad.sentE) {
		t.Error("another number of messages")
	}
	if string(good.sentG[stepCells(0)][:64]) == string(bad.sentG[stepCells(0)][:64]) {
		t.Error("the cells were sent although the check failed")
	}
}

// TestR44Lengths cuts and lengthens every message. The side that reads it ends
// with the uniform error.
func TestR44Lengths(t *testing.T) {
	for _, step := range []wire.Step{stepA, stepB, stepE, stepOffer(0), stepCells(0), stepGarbler, stepEvaluator} {
		for _, change := range []int{-1, 1} {
			resize := func(s wire.Step, m []byte) []byte {
				if s != step {
					return m
				}
				return append(append([]byte(nil), m...), 0)[:len(m)+change]
			}
			b := small()
			b.tamperG, b.tamperE = resize, resize
			b.run(t, 65)
			reader := b.errE
			if step == stepA || step == stepE || step == stepOffer(0) || step == stepEvaluator {
				reader = b.errG
			}
			if !errors.Is(reader, ErrFailed) || reader.Error() != ErrFailed.Error() {
				t.Errorf("%s by %+d: %v", step, change, reader)
			}
		}
	}
}

// TestR44Noise replaces every message after the ids of the base by random
// bytes, from both sides.
func TestR44Noise(t *testing.T) {
	r := newRNG(66)
	noise := func(s wire.Step, m []byte) []byte {
		if s == stepBase || s == stepAgreed {
			return m
		}
		m = make([]byte, len(m))
		r.Read(m)
		if len(m) == 1 {
			m[0] |= 1
		}
		return m
	}
	for range 5 {
		b := small()
		b.tamperG = noise
		b.run(t, 67)
		b.uniform(t, "noise to the evaluator")
		b = small()
		b.tamperE = noise
		b.run(t, 67)
		if !errors.Is(b.errG, ErrFailed) {
			t.Errorf("noise to the garbler: %v", b.errG)
		}
	}
}

// TestDifferentSpecs: sides that disagree on k release nothing (R47).
func TestDifferentSpecs(t *testing.T) {
	b := small()
	other := b.spec
	other.K = 1
	pipes := small()
	pipes.spec = other
	runApart(t, b, pipes)
	b.uniform(t, "different k")
}

// TestDifferentSessions: nothing is shared between sessions (R45).
func TestDifferentSessions(t *testing.T) {
	b, other := small(), small()
	other.session = [32]byte{1}
	runApart(t, b, other)
	b.uniform(t, "different sessions")
}

// TestOwnInputs: a side's own mistakes are told to it, by position and without
// the value, before anything is sent.
func TestOwnInputs(t *testing.T) {
	for want, change := range map[string]func(*both){
		"garble: cell 1: share 0 is too wide":             func(b *both) { b.evaluator[1].Shares[0].Lo = 1 << 26 },
		"garble: cell 1: share 1 is too wide":             func(b *both) { b.evaluator[1].Shares[1].Hi = 8 },
		"garble: cell 2: own count is too wide":           func(b *both) { b.evaluator[2].Own = 1 << 32 },
		"garble: cell 0 has 3 shares, want 5":             func(b *both) { b.evaluator[0].Shares = b.evaluator[0].Shares[:3] },
		"garble: 2 cells given, 3 specified":              func(b *both) { b.evaluator = b.evaluator[:2] },
		"garble: minimum group size 0 out of range":       func(b *both) { b.spec.K = 0 },
		"garble: minimum group size 4194304 out of range": func(b *both) { b.spec.K = 1 << 22 },
		"garble: guard refers to product 5 of 5":          func(b *both) { b.spec.Guard = 5 },
		"garble: guard refers to product -2 of 5":         func(b *both) { b.spec.Aggregates[0].Guard = -2 },
		"garble: value refers to product 9 of 5":          func(b *both) { b.spec.Aggregates[0].Values[0] = 9 },
		"garble: aggregate without values":                func(b *both) { b.spec.Aggregates[0].Values = nil },
		"garble: product of 24 bits, want 23 or 64":       func(b *both) { b.spec.Products[0] = 24 },
		"garble: 0 products, want 1 to 256":               func(b *both) { b.spec.Products = nil },
		"garble: 0 cells, want 1 to 1048576":              func(b *both) { b.spec.Cells = 0 },
		"garble: label of 5000 bytes, want 0 to 4096":     func(b *both) { b.spec.LabelBytes = 5000 },
		"garble: 257 aggregates, want at most 256":        func(b *both) { b.spec.Aggregates = make([]Aggregate, 257) },
		"garble: 1025 values, want at most 1024":          func(b *both) { b.spec.Aggregates[0].Values = make([]int, 1022) },
	} {
		b := small()
		change(b)
		_, err := Evaluate(t.Context(), nil, b.session, b.spec, b.evaluator, nil, newRNG(1))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	for want, change := range map[string]func(*both){
		"garble: 2 labels given for 3 cells":        func(b *both) { b.labels = b.labels[:2] },
		"garble: label 1 does not have 24 bytes":    func(b *both) { b.labels[1] = b.labels[1][:23] },
		"garble: labels given, none specified":      func(b *both) { b.spec.LabelBytes = 0 },
		"garble: cell 0: share 2 is too wide":       func(b *both) { b.garbler[0].Shares[2].Hi = 1 },
		"garble: minimum group size 0 out of range": func(b *both) { b.spec.K = 0 },
	} {
		b := small()
		change(b)
		err := Garble(t.Context(), nil, b.session, b.spec, b.garbler, b.labels, nil, newRNG(1))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestNoRandomness: a source that ends is an error of this side, before any
// message that depends on it.
func TestNoRandomness(t *testing.T) {
	b := small()
	for _, n := range []int64{0, 16, 100, 5000} {
		pipe, peer := wiretest.Pair()
		ids := wire.Sum(wire.LabelBaseAgreed, noBase[:], noBase[:])
		for step, m := range map[wire.Step][]byte{stepBase: noBase[:], stepAgreed: ids[:16]} {
			if err := wire.SendBytes(t.Context(), peer, step, m); err != nil {
				t.Fatal(err)
			}
		}
		_, err := Evaluate(t.Context(), pipe, b.session, b.spec, b.evaluator, nil, io.LimitReader(newRNG(1), n))
		if err == nil || errors.Is(err, ErrFailed) {
			t.Errorf("%d bytes of randomness: %v", n, err)
		}
		if len(pipe.Sent()) > 2 {
			t.Errorf("%d bytes of randomness: messages were sent", n)
		}
	}
}

// TestCancel: the end of the context is reported as such.
func TestCancel(t *testing.T) {
	b := small()
	ctx, cancel := context.WithCancel(t.Context())
	b.tamperE = func(s wire.Step, m []byte) []byte {
		if s == stepOffer(0) {
			cancel()
		}
		return m
	}
	b.runIn(ctx, t, 68)
	if !errors.Is(b.errE, context.Canceled) || b.released != nil {
		t.Fatalf("got %v", b.errE)
	}
}
