package garble

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"parley/crypto/wire"
	"parley/crypto/wire/wiretest"
)

// long is a run of so many batches, the last of them short.
func long(t *testing.T, batches int) *both {
	t.Helper()
	const perBatch = 117
	b := mixed(newRNG(3), typical(), (batches-1)*perBatch+10)
	if l := newLayout(b.spec); l.batches != batches || l.perBatch != perBatch {
		t.Fatalf("%d batches of %d cells, the test wants %d of %d", l.batches, l.perBatch, batches, perBatch)
	}
	return b
}

// TestStreamEqualsWhole makes every cell again by itself, one after another
// and in new buffers, and compares with what the stages sent.
func TestStreamEqualsWhole(t *testing.T) {
	const seedNumber = 4
	b := long(t, 3).run(t, seedNumber).must(t)
	l, bound := newLayout(b.spec), b.spec.bind(b.session)
	var random [4 * blockBytes]byte // as in garbler.run
	newRNG(seedNumber).Read(random[:])
	s, secret, publics := loadBlock(random[:]), seed(random[16:32]), seed(random[32:48])
	received := b.chosenBy(t, s, seedNumber)
	for batch := range l.batches {
		first, n := l.cells(batch)
		rows, ok := accept(received, bound, uint64(batch), b.sentE[stepOffer(batch)], l.rows(batch))
		if !ok {
			t.Fatalf("batch %d: the check fails", batch)
		}
		var public seed
		publics.expand(uint64(batch), public[:])
		whole := bytes.Clone(public[:])
		for i := range n {
			cell, e := make([]byte, l.cellBytes()), l.circuit.evaluator
			l.garbleCell(l.newWorkers(bound)[0], bound, garbled{
				index: uint64(first + i), cell: b.garbler[first+i], label: b.labels[first+i],
				rows: rows[i*e : (i+1)*e], s: s, secret: secret, public: public, place: uint64(i),
			}, cell)
			whole = append(whole, cell...)
		}
		if !bytes.Equal(whole, b.sentG[stepCells(batch)]) {
			t.Fatalf("batch %d was sent with other bytes", batch)
		}
	}
}

// chosenBy is what the garbler of a run got from the base transfers.
func (b *both) chosenBy(t *testing.T, choices block, seedNumber byte) *chosen {
	t.Helper()
	r := newRNG(seedNumber)
	r.Read(make([]byte, 4*blockBytes))
	receiver, _, ok, err := newBaseReceiver(choices, b.sentE[stepA], r)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	strings, ok := receiver.finish(b.sentE[stepE])
	if !ok {
		t.Fatal("seeds do not open")
	}
	return (&receivedBase{choices: choices, strings: strings}).chosen(b.spec.bind(b.session))
}

// counted is a pipe that counts the bytes its side has read and sent.
type counted struct {
	wire.Pipe
	mu         sync.Mutex
	read, sent int64
	steps      []wire.Step // received, in order of their begin
}

func (c *counted) Send(ctx context.Context, step wire.Step, size int64, r io.Reader) error {
	c.mu.Lock()
	c.sent += size
	c.mu.Unlock()
	return c.Pipe.Send(ctx, step, size, r)
}

func (c *counted) Recv(ctx context.Context, step wire.Step, size int64) (io.ReadCloser, error) {
	r, err := c.Pipe.Recv(ctx, step, size)
	if err == nil {
		c.mu.Lock()
		c.read += size
		c.steps = append(c.steps, step)
		c.mu.Unlock()
	}
	return r, err
}

// begun counts the messages received whose step begins with prefix.
func (c *counted) begun(prefix string) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.steps {
		if strings.HasPrefix(string(s), prefix) {
			n++
		}
	}
	return n
}

// TestR44SameBytesWhereverItFails: a change to the first, a middle or the last
// batch, in either direction, ends in the one error on both sides after the
// same number of bytes read and sent, with the very same last message.
func TestR44SameBytesWhereverItFails(t *testing.T) {
	measured := func(what string, b *both) [4]int64 {
		pg, pe := wiretest.Pair()
		pg.Tamper, pe.Tamper = b.tamperG, b.tamperE
		cg, ce := &counted{Pipe: pg}, &counted{Pipe: pe}
		b.between(t.Context(), cg, ce, b, 30)
		if b.errE != nil {
			b.uniform(t, what)
			if !reachedEnd(b.errE) || !reachedEnd(b.errG) {
				t.Errorf("%s: garbler %v, evaluator %v", what, errors.Unwrap(b.errG), errors.Unwrap(b.errE))
			}
			if pe.Sent()[stepEvaluator][0] != 1 {
				t.Errorf("%s: the evaluator says that the run ended well", what)
			}
		}
		return [4]int64{cg.read, cg.sent, ce.read, ce.sent}
	}
	good := long(t, 3)
	want := measured("nothing changed", good)
	good.must(t)
	l := newLayout(good.spec)
	for _, batch := range []int{0, l.batches / 2, l.batches - 1} {
		for _, garbler := range []bool{true, false} {
			b := long(t, 3)
			if garbler {
				_, n := l.cells(batch) // the hashes of the last cell's last outputs
				b.tamperG = spoil(stepCells(batch), seedBytes+n*l.cellBytes()-l.sealed-2*blockBytes, 2*blockBytes)
			} else {
				b.tamperE = spoil(stepOffer(batch), offerBytes(l.rows(batch))-blockBytes, blockBytes)
			}
			what := map[bool]string{true: "cells", false: "transfers"}[garbler]
			if got := measured(what, b); got != want || b.errE == nil {
				t.Errorf("%s of batch %d: bytes %v, want %v; ended with %v", what, batch, got, want, b.errE)
			}
		}
	}
}

// spoil changes n bytes of one step.
func spoil(step wire.Step, at, n int) func(wire.Step, []byte) []byte {
	return func(s wire.Step, m []byte) []byte {
		if s == step {
			m = bytes.Clone(m)
			for i := at; i < at+n; i++ {
				m[i] ^= 0x55
			}
		}
		return m
	}
}

// gated is a pipe whose cells messages wait until they are let through.
type gated struct {
	wire.Pipe
	pass chan struct{} // one for each message; nil lets nothing through
}

func (g *gated) Send(ctx context.Context, step wire.Step, size int64, r io.Reader) error {
	if strings.HasPrefix(string(step), "garble/5/") {
		select {
		case <-g.pass:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return g.Pipe.Send(ctx, step, size, r)
}

// TestMemoryOfEvaluator counts batches in flight: whatever the number of
// cells, an evaluator offers the transfers of at most three batches whose
// cells it has not evaluated, and does offer them.
func TestMemoryOfEvaluator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := long(t, 6)
		batches := newLayout(b.spec).batches
		pg, pe := wiretest.Pair()
		seen := &counted{Pipe: pg}
		gate := &gated{Pipe: seen, pass: make(chan struct{})}
		done := make(chan struct{})
		go func() {
			defer close(done)
			b.between(t.Context(), gate, pe, b, 31)
		}()
		for sent := range batches {
			synctest.Wait() // until both sides wait for something
			offers := 0
			for step := range pe.Sent() {
				if strings.HasPrefix(string(step), "garble/4/") {
					offers++
				}
			}
			if want := min(sent+stages+1, batches); offers != want {
				t.Errorf("%d cells messages sent: %d batches offered, want %d", sent, offers, want)
			}
			gate.pass <- struct{}{}
		}
		<-done
		b.must(t)
	})
}

// TestMemoryOfGarbler: a peer that offers all batches at once and reads none
// makes the garbler hold two garbled batches and the rows of two more.
func TestMemoryOfGarbler(t *testing.T) {
	full := long(t, 6).run(t, 32).must(t)
	synctest.Test(t, func(t *testing.T) {
		b := long(t, 6)
		pg, peer := wiretest.Pair()
		for step, m := range full.sentE {
			if err := wire.SendBytes(t.Context(), peer, step, m); err != nil {
				t.Fatal(err)
			}
		}
		seen := &counted{Pipe: pg}
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() {
			result <- Garble(ctx, &gated{Pipe: seen}, b.session, b.spec, b.garbler, b.labels, nil, newRNG(32))
		}()
		synctest.Wait()
		if got := seen.begun("garble/4/"); got != 2*stages {
			t.Errorf("%d batches read while none can be sent, want %d", got, 2*stages)
		}
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// TestBuffers: the queues of a side hold as many buffers as they were made
// with; a stage without a free one waits, and stops with its context.
func TestBuffers(t *testing.T) {
	made := 0
	q := newBuffers(stages, func() int { made++; return made })
	var got []int
	for range stages {
		v, err := q.get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, v)
	}
	if !slices.Equal(got, []int{1, 2}) {
		t.Fatalf("got %v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := q.get(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("a third buffer: %v", err)
	}
	q.put(got[0])
	if v, err := q.get(t.Context()); v != 1 || err != nil || made != stages {
		t.Fatalf("got %d, %v, after %d were made", v, err, made)
	}
}
