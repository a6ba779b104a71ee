package garble

import (
	"bytes"
	"math/bits"
	"slices"
	"testing"
)

// TestWithheldLooksEmpty: for the evaluator and on the wire, a cell of k-1
// units and a full overlap cannot be told from an empty one by the number,
// size or status of messages or by anything in the answer.
func TestWithheldLooksEmpty(t *testing.T) {
	s := typical()
	s.K = 5
	var first *both
	for _, c := range [][4]int64{{0, 0, 0, 0}, {4, 123456, 4, -9}, {90, 1 << 50, 90, 1}} {
		b := &both{spec: s}
		b.add(newRNG(90), c[:], 90, 95)
		b.run(t, 91).must(t)
		if r := b.released[0]; r.Pass || r.Label != nil {
			t.Fatalf("count %d: %+v", c[0], r)
		}
		if first == nil {
			first = b
			continue
		}
		if !same(first.released[0], b.released[0]) {
			t.Errorf("count %d: %+v, empty %+v", c[0], b.released[0], first.released[0])
		}
		if len(b.sentG) != len(first.sentG) || len(b.sentE) != len(first.sentE) {
			t.Errorf("count %d: another number of messages", c[0])
		}
		for step, m := range first.sentG {
			if len(b.sentG[step]) != len(m) {
				t.Errorf("count %d: %s has another size", c[0], step)
			}
		}
		for step, m := range first.sentE {
			if len(b.sentE[step]) != len(m) {
				t.Errorf("count %d: %s has another size", c[0], step)
			}
		}
		if !bytes.Equal(b.sentG[stepGarbler], first.sentG[stepGarbler]) ||
			!bytes.Equal(b.sentE[stepEvaluator], first.sentE[stepEvaluator]) {
			t.Errorf("count %d: another status", c[0])
		}
	}
}

// view is what an evaluator holds after a cell: the label of every wire.
func view(t *testing.T, b *both, seedNumber byte) (l *layout, held []block, outputs, sealed []byte) {
	t.Helper()
	l = newLayout(b.spec)
	r := newRNG(seedNumber)
	bound := [32]byte{1}
	s := r.block()
	rows := make([]block, l.circuit.evaluator)
	t0 := make([]block, l.circuit.evaluator)
	in := b.spec.evaluatorInput(nil, b.evaluator[0])
	for i := range rows {
		t0[i] = r.block()
		rows[i] = t0[i].xor(s.times(in[i]))
	}
	var secret, public seed
	r.Read(secret[:])
	r.Read(public[:])
	msg := make([]byte, l.cellBytes())
	w := l.newWorkers(bound)[0]
	l.garbleCell(w, bound, garbled{cell: b.garbler[0], label: b.labels[0], rows: rows, s: s, secret: secret, public: public}, msg)
	if _, err := l.evaluateCell(w, bound, evaluated{bits: in, rows: t0, public: public}, msg); err != nil {
		t.Fatal(err)
	}
	_, _, outputs, sealed = l.parts(msg)
	return l, w.wires, outputs, sealed
}

// output is the hash of one output label.
func (h *hasher) output(label block, cell uint64, i int) block {
	return h.sum(label, tweak(domainOutput, cell, uint64(i)))
}

// TestNothingInTheView looks at all an evaluator holds of a failing cell: its
// output labels stand for zeros, none of its wires is the label that stands
// for one at a masked output, and neither zeros nor any label it holds opens
// the garbler's label.
func TestNothingInTheView(t *testing.T) {
	s := typical()
	s.K = 5
	b := &both{spec: s}
	b.add(newRNG(92), []int64{4, -123456, 4, 99}, 90, 95)
	l, held, outputs, sealed := view(t, b, 93)
	h := newHasher([32]byte{1})
	for i, o := range l.circuit.outputs {
		if h.output(held[o], 0, i) != loadBlock(outputs[2*i*blockBytes:]) {
			t.Fatalf("output %d is not zero", i)
		}
		truth := loadBlock(outputs[(2*i+1)*blockBytes:])
		if i%16 == 0 && slices.ContainsFunc(held, func(x block) bool { return h.output(x, 0, i) == truth }) {
			t.Fatalf("a wire held is the true label of output %d", i)
		}
	}
	for _, key := range append(held, block{}) {
		if _, ok := openLabel([32]byte{1}, 0, key, sealed); ok {
			t.Fatal("the label of a failing cell opens")
		}
	}
}

// TestViewIsRandom: the labels held for a failing cell, for an empty one, and
// the differences between the two are balanced bits. Labels of inputs and of
// AND gates are independent of one another, so a fair coin leaves the bounds
// of 6 standard deviations with probability 2*10^-9.
func TestViewIsRandom(t *testing.T) {
	s := typical()
	s.K = 5
	var views [2][]block
	var circuit *circuit
	for i, c := range [][]int64{{0, 0, 0, 0}, {4, -123456, 4, 99}} {
		b := &both{spec: s}
		b.add(newRNG(94), c, 90, 95)
		l, held, _, _ := view(t, b, byte(95+i))
		circuit, views[i] = l.circuit, held
	}
	balanced := func(what string, at func(i int) block) {
		ones, total := 0, 0
		for i := range views[0] {
			if g := i - circuit.inputs(); g >= 0 && circuit.gates[g].op != opAnd {
				continue
			}
			x := at(i)
			ones += bits.OnesCount64(x.lo) + bits.OnesCount64(x.hi)
			total += 128
		}
		if d := 2*ones - total; d*d > 36*total {
			t.Errorf("%s: %d ones of %d", what, ones, total)
		}
	}
	balanced("empty cell", func(i int) block { return views[0][i] })
	balanced("cell of k-1", func(i int) block { return views[1][i] })
	balanced("difference", func(i int) block { return views[0][i].xor(views[1][i]) })
}
