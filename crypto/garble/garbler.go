package garble

import (
	"context"
	"io"

	"golang.org/x/sync/errgroup"

	"parley/crypto/wire"
)

// Garble runs the side that does not receive the answer. cells are its private
// inputs and labels, if s.LabelBytes is not 0, the exact-length plaintexts
// revealed for cells that pass, in the same order; the caller permutes its
// cells freshly for every run.
//
// session must be unique to the run. base, which may be nil, keeps the base
// transfers with this peer for later runs. rnd yields uniform bytes,
// crypto/rand in production. A failed run returns an error that is ErrFailed;
// context errors and errors of the caller's own inputs are returned as they
// are.
//
// Once a check has failed, random bytes of the same lengths take the place of
// every further message, so that the peer learns of it at the end and not
// where it happened.
func Garble(ctx context.Context, p wire.Pipe, session [32]byte, s Spec, cells []Cell, labels [][]byte, base *Base, rnd io.Reader) error {
	if err := s.Check(); err != nil {
		return err
	}
	if err := s.checkCells(cells, true); err != nil {
		return err
	}
	if err := s.checkLabels(labels); err != nil {
		return err
	}
	g := &garbler{layout: newLayout(s), bound: s.bind(session), pipe: p, cells: cells, labels: labels, rnd: rnd,
		received: base.takeReceived()}
	err := g.run(ctx)
	if err == nil {
		base.keepReceived(g.received)
	}
	return err
}

type garbler struct {
	*layout
	bound  [32]byte
	pipe   wire.Pipe
	cells  []Cell
	labels [][]byte
	rnd    io.Reader

	received *receivedBase // nil while there are no base transfers
	chosen   *chosen       // of this run
	secret   seed          // offsets and label keys
	public   seed          // yields the public seed of each batch
	filler   seed          // messages after a failure

	fault error // first failure, if any; while batches are accepted, acceptAll's
}

func (g *garbler) run(ctx context.Context) error {
	var b [4 * blockBytes]byte
	if _, err := io.ReadFull(g.rnd, b[:]); err != nil {
		return err
	}
	g.secret, g.public, g.filler = seed(b[16:32]), seed(b[32:48]), seed(b[48:])
	if err := g.base(ctx, loadBlock(b[:])); err != nil {
		return err
	}
	if err := g.stream(ctx); err != nil {
		return transport(ctx, err)
	}
	return g.finish(ctx)
}

func (g *garbler) fail(cause error) {
	if g.fault == nil {
		g.fault = cause
	}
}

// base uses the base transfers that both sides keep, or makes new ones.
func (g *garbler) base(ctx context.Context, choices block) error {
	own := noBase
	if g.received != nil {
		own = g.received.id
	}
	kept, err := agree(ctx, g.pipe, own, false)
	if err != nil {
		return transport(ctx, err)
	}
	if !kept {
		if err := g.newBase(ctx, choices); err != nil {
			return err
		}
	}
	g.chosen = g.received.chosen(g.bound)
	return nil
}

// newBase runs the base transfers as their receiver. After a failure the
// strings are of no use, and no batch is accepted with them.
func (g *garbler) newBase(ctx context.Context, choices block) error {
	a, err := wire.RecvBytes(ctx, g.pipe, stepA, pointsBytes)
	if err != nil {
		return transport(ctx, err)
	}
	receiver, b, ok, err := newBaseReceiver(choices, a, g.rnd)
	if err != nil {
		return err
	}
	if !ok {
		g.fail(errPoint)
		b = make([]byte, pointsBytes)
		g.filler.expand(1, b)
	}
	if err := wire.SendBytes(ctx, g.pipe, stepB, b); err != nil {
		return transport(ctx, err)
	}
	sealed, err := wire.RecvBytes(ctx, g.pipe, stepE, sealedBytes)
	if err != nil {
		return transport(ctx, err)
	}
	g.received = &receivedBase{origin: newOrigin(g.bound, a, b), choices: choices}
	if g.fault == nil {
		if g.received.strings, ok = receiver.finish(sealed); !ok {
			g.fail(errSeed)
		}
	}
	return nil
}

// accepted is a batch whose transfers came; rows is nil after a failure.
type accepted struct {
	buffer []block
	rows   []block
}

// stream takes every batch through three stages that work at the same time:
// accept the transfers, garble, send.
func (g *garbler) stream(ctx context.Context) error {
	rows := newBuffers(stages, func() []block { return make([]block, g.rows(0)) })
	messages := newBuffers(stages, func() []byte { return make([]byte, g.cellsBytes(0)) })
	toGarble, toSend := make(queue[accepted], stages), make(queue[[]byte], stages)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return g.acceptAll(ctx, rows, toGarble) })
	group.Go(func() error { return g.garbleAll(ctx, rows, toGarble, messages, toSend) })
	group.Go(func() error { return g.sendAll(ctx, messages, toSend) })
	return group.Wait()
}

func (g *garbler) acceptAll(ctx context.Context, free queue[[]block], out queue[accepted]) error {
	offer, columns := make([]byte, offerBytes(g.rows(0))), make([]byte, columnsBytes(g.rows(0)))
	for batch := range g.batches {
		buffer, err := free.get(ctx)
		if err != nil {
			return err
		}
		msg := offer[:offerBytes(g.rows(batch))]
		if err := receive(ctx, g.pipe, stepOffer(batch), msg); err != nil {
			return err
		}
		a := accepted{buffer: buffer}
		if g.fault == nil {
			a.rows = buffer[:g.rows(batch)]
			if !g.chosen.accept(g.bound, uint64(batch), msg, columns, a.rows) {
				g.fail(errCheck)
				a.rows = nil
			}
		}
		out.put(a)
	}
	return nil
}

func (g *garbler) garbleAll(ctx context.Context, rows queue[[]block], in queue[accepted], free, out queue[[]byte]) error {
	workers := g.newWorkers(g.bound)
	for batch := range g.batches {
		a, err := in.get(ctx)
		if err != nil {
			return err
		}
		buffer, err := free.get(ctx)
		if err != nil {
			return err
		}
		msg := buffer[:g.cellsBytes(batch)]
		if a.rows != nil {
			g.garble(workers, batch, a.rows, msg)
		} else {
			g.filler.expand(uint64(batch)+2, msg)
		}
		rows.put(a.buffer)
		out.put(msg)
	}
	return nil
}

func (g *garbler) sendAll(ctx context.Context, free, in queue[[]byte]) error {
	for batch := range g.batches {
		msg, err := in.get(ctx)
		if err != nil {
			return err
		}
		if err := wire.SendBytes(ctx, g.pipe, stepCells(batch), msg); err != nil {
			return err
		}
		free.put(msg[:cap(msg)])
	}
	return nil
}

// garble makes the cells message of a batch.
func (g *garbler) garble(workers []*worker, batch int, rows []block, msg []byte) {
	var public seed
	g.public.expand(uint64(batch), public[:])
	copy(msg, public[:])
	first, n := g.layout.cells(batch)
	forCells(workers, n, func(w *worker, i int) {
		at := seedBytes + i*g.cellBytes()
		e := g.circuit.evaluator
		in := garbled{
			index: uint64(first + i), cell: g.cells[first+i], rows: rows[i*e : (i+1)*e],
			s: g.chosen.choices, secret: g.secret, public: public, place: uint64(i),
		}
		if g.sealed > 0 {
			in.label = g.labels[first+i]
		}
		g.garbleCell(w, g.bound, in, msg[at:at+g.cellBytes()])
	})
}

func (g *garbler) finish(ctx context.Context) error {
	if err := wire.SendBytes(ctx, g.pipe, stepGarbler, status(g.fault)); err != nil {
		return transport(ctx, err)
	}
	peer, err := wire.RecvBytes(ctx, g.pipe, stepEvaluator, 1)
	if err != nil {
		return transport(ctx, err)
	}
	return verdict(g.fault, peer)
}

// status is the one byte that tells the peer how the run ended.
func status(fault error) []byte {
	if fault != nil {
		return []byte{1}
	}
	return []byte{0}
}

// verdict is the result of the run from this side's fault and the peer's byte.
func verdict(fault error, peer []byte) error {
	switch {
	case fault != nil:
		return failed(fault)
	case peer[0] != 0:
		return failed(errPeer)
	}
	return nil
}
