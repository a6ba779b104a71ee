package garble

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"

	"parley/crypto/wire"
)

// again is another run of the same two nodes, in another session.
func (b *both) again(session byte) *both {
	n := small()
	n.session[0] = session
	n.baseG, n.baseE = b.baseG, b.baseE
	return n
}

// kept is a run after which both sides keep their base transfers.
func kept(t *testing.T) *both {
	t.Helper()
	b := small()
	b.baseG, b.baseE = new(Base), new(Base)
	b.run(t, 10).must(t)
	if b.baseG.got == nil || b.baseE.sent == nil {
		t.Fatal("nothing is kept after a run that ended well")
	}
	return b
}

func (b *both) right(t *testing.T) *both {
	t.Helper()
	b.must(t)
	for i, r := range b.released {
		if !same(r, b.oracle(i)) {
			t.Fatalf("cell %d: got %+v, want %+v", i, r, b.oracle(i))
		}
	}
	return b
}

// madeBase says whether a run made base transfers.
func (b *both) madeBase() bool { return b.sentE[stepA] != nil }

func TestKeptBase(t *testing.T) {
	first := kept(t)
	if !first.madeBase() {
		t.Fatal("the first run made no base transfers")
	}
	ids := map[baseID]bool{}
	for i := range byte(3) {
		ids[first.baseE.sent.id] = true
		b := first.again(i+1).run(t, 11).right(t)
		if b.madeBase() || b.sentG[stepB] != nil || b.sentE[stepE] != nil {
			t.Fatal("base transfers were made although both sides keep them")
		}
		g, e := WireBytes(b.spec, true)
		if g != total(b.sentG) || e != total(b.sentE) {
			t.Fatalf("sent %d and %d bytes, WireBytes says %d and %d", total(b.sentG), total(b.sentE), g, e)
		}
	}
	if len(ids) != 3 {
		t.Errorf("%d ids in 3 runs", len(ids))
	}
}

// TestKeptBaseIsFresh: even under one session id and with the same randomness,
// two runs of one base share no column, since no string is used twice.
func TestKeptBaseIsFresh(t *testing.T) {
	first := kept(t)
	a := first.again(7).run(t, 12).right(t)
	b := first.again(7).run(t, 12).right(t)
	size := columnBlocks(newLayout(a.spec).rows(0)) * blockBytes
	x, y := a.sentE[stepOffer(0)], b.sentE[stepOffer(0)]
	for i := range baseOTs {
		if string(x[i*size:(i+1)*size]) == string(y[i*size:(i+1)*size]) {
			t.Fatalf("column %d is the same in both runs", i)
		}
	}
}

// TestNextBase: both sides arrive at the same strings, which are new, and the
// string that was not chosen stays unknown to the garbler.
func TestNextBase(t *testing.T) {
	b := kept(t)
	sent, got := b.baseE.sent, b.baseG.got
	for range 3 {
		old := sent
		sent, got = sent.next(), got.next()
		if sent.origin != got.origin || sent.id == old.id || sent.runs != old.runs+1 || got.choices != b.baseG.got.choices {
			t.Fatal("the two sides do not have the same base")
		}
		pairs, chosen := sent.pairs([32]byte{1}), got.chosen([32]byte{1})
		for i := range baseOTs {
			x := got.choices.bit(i)
			if got.strings[i] != sent.strings[i][x] || got.strings[i] == sent.strings[i][1-x] || sent.strings[i] == old.strings[i] {
				t.Fatalf("string %d", i)
			}
			if chosen.seeds[i] != pairs[i][x] || chosen.seeds[i] == pairs[i][1-x] {
				t.Fatalf("seed %d", i)
			}
		}
	}
}

// TestOtherBase: sides that do not keep the same base make a new one, and keep
// that.
func TestOtherBase(t *testing.T) {
	for name, change := range map[string]func(*both){
		"the garbler restarted":   func(b *both) { b.baseG = new(Base) },
		"the evaluator restarted": func(b *both) { b.baseE = new(Base) },
		"different bases":         func(b *both) { b.baseG = kept(t).again(1).run(t, 13).right(t).baseG },
		"the garbler keeps none":  func(b *both) { b.baseG = nil },
	} {
		b := kept(t)
		change(b)
		if !b.again(2).run(t, 14).right(t).madeBase() {
			t.Errorf("%s: no new base transfers", name)
		}
		if b.again(3).run(t, 15).right(t).madeBase() != (b.baseG == nil) {
			t.Errorf("%s: the run after that", name)
		}
	}
}

// TestR44BaseIDs: an id changed on the way, another one in its place, or a
// changed check of both ids ends the run at once, and never leaves a side
// waiting for messages that the other does not mean to send.
func TestR44BaseIDs(t *testing.T) {
	for _, step := range []wire.Step{stepBase, stepAgreed} {
		for _, both := range []bool{false, true} {
			b := kept(t)
			bad := b.again(1)
			bad.tamperG = flip(step, 3)
			if both {
				bad.tamperE = flip(step, 3)
			}
			bad.run(t, 24)
			bad.endedEarly(t, string(step))
			b.ended(t, string(step))
		}
	}
	// The garbler lost its base, and somebody puts the evaluator's id, which
	// went over the wire before, in place of none.
	b := kept(t)
	id := b.baseE.sent.id
	b.baseG = new(Base)
	bad := b.again(1)
	bad.tamperG = func(s wire.Step, m []byte) []byte {
		if s == stepBase {
			return id[:]
		}
		return m
	}
	bad.run(t, 25).endedEarly(t, "an old id")
}

// endedEarly requires that a side noticed different ids, which ends the other
// side's run too, if it did not notice first, and that nothing else was sent.
func (b *both) endedEarly(t *testing.T, what string) {
	t.Helper()
	if b.errG == nil || b.errE == nil || errors.Unwrap(b.errG) != errBase && errors.Unwrap(b.errE) != errBase {
		t.Errorf("%s: garbler %v, evaluator %v", what, b.errG, b.errE)
	}
	if b.sentG[stepCells(0)] != nil || b.released != nil {
		t.Errorf("%s: the run went on", what)
	}
}

// TestR44FailureEndsBase: after a run that failed for whatever reason, at
// whichever side, neither side uses its base again: each check that passes or
// fails tells a cheating evaluator something about the garbler's choices.
func TestR44FailureEndsBase(t *testing.T) {
	l := newLayout(small().spec)
	flipped := map[string]func(*both){
		"columns":         func(b *both) { b.tamperE = flip(stepOffer(0), 0) },
		"check":           func(b *both) { b.tamperE = flip(stepOffer(0), offerBytes(l.rows(0))-1) },
		"label seed":      func(b *both) { b.tamperG = flip(stepCells(0), 0) },
		"garbler's end":   func(b *both) { b.tamperG = flip(stepGarbler, 0) },
		"length of cells": func(b *both) { b.tamperG = cut(stepCells(0)) },
		"length of offer": func(b *both) { b.tamperE = cut(stepOffer(0)) },
	}
	for name, change := range flipped {
		b := kept(t)
		bad := b.again(1)
		change(bad)
		if bad.run(t, 16); bad.errG == nil || bad.errE == nil {
			t.Fatalf("%s: garbler %v, evaluator %v", name, bad.errG, bad.errE)
		}
		b.ended(t, name)
	}
}

// TestR44FailureOfTheNewBase: a base that was made in a run that failed is
// not kept either.
func TestR44FailureOfTheNewBase(t *testing.T) {
	b := small()
	b.baseG, b.baseE = new(Base), new(Base)
	b.tamperE = flip(stepE, 20)
	for seed := byte(0); b.errG == nil; seed++ { // until a chosen string is hit
		b = b.again(seed)
		b.tamperE = flip(stepE, 20)
		b.baseG, b.baseE = new(Base), new(Base)
		b.run(t, seed)
	}
	b.ended(t, "sealed string")
}

// TestCutEndsBase: a run that is cut short puts nothing back.
func TestCutEndsBase(t *testing.T) {
	b := kept(t)
	ctx, cancel := context.WithCancel(t.Context())
	bad := b.again(1)
	bad.tamperE = func(s wire.Step, m []byte) []byte {
		if s == stepOffer(0) {
			cancel()
		}
		return m
	}
	if bad.runIn(ctx, t, 17); bad.errE == nil {
		t.Fatal("the run ended well")
	}
	b.ended(t, "cancelled")
}

// ended requires that nothing is kept and that the next run starts anew.
func (b *both) ended(t *testing.T, what string) {
	t.Helper()
	if b.baseG.got != nil || b.baseE.sent != nil {
		t.Errorf("%s: a side keeps its base", what)
	}
	if !b.again(200).run(t, 18).right(t).madeBase() {
		t.Errorf("%s: no new base transfers", what)
	}
}

// cut takes the last byte from one step.
func cut(step wire.Step) func(wire.Step, []byte) []byte {
	return func(s wire.Step, m []byte) []byte {
		if s == step {
			m = m[:len(m)-1]
		}
		return m
	}
}

// TestBaseEnds: a base serves maxRuns runs.
func TestBaseEnds(t *testing.T) {
	b := kept(t)
	b.baseG.got.runs, b.baseE.sent.runs = maxRuns-1, maxRuns-1
	if b.again(1).run(t, 19).right(t).madeBase() {
		t.Error("the last run made base transfers")
	}
	if b.baseG.got != nil || b.baseE.sent != nil {
		t.Error("a base is kept beyond its last run")
	}
}

// TestBothRoles: a node that garbles in one run and evaluates in another keeps
// both bases apart.
func TestBothRoles(t *testing.T) {
	one := kept(t)
	two := small()
	two.baseG, two.baseE = one.baseE, one.baseG // the asker is the other node
	if !two.run(t, 20).right(t).madeBase() {
		t.Error("the base of the other role was used")
	}
	for i, b := range []*both{one, two} {
		if b.again(byte(1+i)).run(t, 21).right(t).madeBase() {
			t.Errorf("direction %d: the base is gone", i)
		}
	}
}

// TestTwoRunsAtATime: a base serves one run at a time; the other makes its own.
func TestTwoRunsAtATime(t *testing.T) {
	b := kept(t)
	inside := b.again(2)
	outside := b.again(1)
	outside.tamperG = func(s wire.Step, m []byte) []byte {
		if s == stepCells(0) {
			inside.run(t, 22).right(t)
		}
		return m
	}
	outside.run(t, 23).right(t)
	if outside.madeBase() || !inside.madeBase() {
		t.Error("the first run should use the base, the second make one")
	}
}

// TestKeptVector pins the messages of a second run.
func TestKeptVector(t *testing.T) {
	first := kept(t)
	b := first.again(1).run(t, 82).right(t)
	got := map[string]string{}
	for _, m := range []map[wire.Step][]byte{b.sentG, b.sentE} {
		for step, body := range m {
			got[string(step)] = fmt.Sprintf("%x", sha256.Sum256(body))
		}
	}
	compare(t, got, readVectors(t).Kept)
}
