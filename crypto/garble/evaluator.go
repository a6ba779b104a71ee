package garble

import (
	"context"
	"io"
	"sync"

	"golang.org/x/sync/errgroup"

	"parley/crypto/wire"
)

// Evaluate runs the side that receives the answer, and returns it in the
// garbler's order of cells. See Garble for session, rnd and errors.
//
// After a failure it goes on to the end like a run without one, returns no
// cell at all, and tells the garbler one byte at the end.
func Evaluate(ctx context.Context, p wire.Pipe, session [32]byte, s Spec, cells []Cell, rnd io.Reader) ([]Released, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if err := s.checkCells(cells); err != nil {
		return nil, err
	}
	e := &evaluator{layout: newLayout(s), bound: s.bind(session), pipe: p, cells: cells, rnd: rnd}
	return e.run(ctx)
}

type evaluator struct {
	*layout
	bound [32]byte
	pipe  wire.Pipe
	cells []Cell
	rnd   io.Reader

	sender  *baseSender
	padding seed // random rows of the extension, and messages after a failure

	mu    sync.Mutex
	fault error // first failure, if any; under mu while workers run
}

// offered is a batch whose transfers were sent.
type offered struct {
	bits []bitlist // input bits of each cell
	rows []block   // rows t_j of all cells
}

func (e *evaluator) run(ctx context.Context) ([]Released, error) {
	if _, err := io.ReadFull(e.rnd, e.padding[:]); err != nil {
		return nil, err
	}
	if err := e.base(ctx); err != nil {
		return nil, err
	}
	// Transfers run ahead of evaluation, so that the garbler works while this
	// side does; the channel holds the lead to two batches.
	out := make([]Released, len(e.cells))
	ahead := make(chan offered, 1)
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() error { return e.offerAll(inner, ahead) })
	group.Go(func() error { return e.evaluateAll(inner, ahead, out) })
	if err := group.Wait(); err != nil {
		return nil, transport(ctx, err)
	}
	if err := e.finish(ctx); err != nil {
		return nil, err
	}
	return out, nil
}

func (e *evaluator) fail(cause error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fault == nil {
		e.fault = cause
	}
}

// base runs the base transfers as their sender. The garbler's choices are its
// own; all that can be wrong with its message is the points.
func (e *evaluator) base(ctx context.Context) error {
	sender, msg, err := newBaseSender(e.bound, e.rnd)
	if err != nil {
		return err
	}
	e.sender = sender
	if err := wire.SendBytes(ctx, e.pipe, stepA, msg); err != nil {
		return transport(ctx, err)
	}
	points, err := wire.RecvBytes(ctx, e.pipe, stepB, pointsBytes)
	if err != nil {
		return transport(ctx, err)
	}
	sealed, ok := sender.answer(points)
	if !ok {
		e.fail(errPoint)
		sealed = make([]byte, sealedBytes)
		e.padding.expand(uint64(e.batches), sealed)
	}
	return transport(ctx, wire.SendBytes(ctx, e.pipe, stepE, sealed))
}

// offerAll sends the transfers of every batch.
func (e *evaluator) offerAll(ctx context.Context, ahead chan<- offered) error {
	for batch := range e.batches {
		msg, o := e.offer(batch)
		if err := wire.SendBytes(ctx, e.pipe, stepOffer(batch), msg); err != nil {
			return err
		}
		select {
		case ahead <- o:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (e *evaluator) offer(batch int) ([]byte, offered) {
	first, n := e.layout.cells(batch)
	rows := e.rows(batch)
	choices := make([]byte, columnBlocks(rows)*blockBytes)
	e.padding.expand(uint64(batch), choices)
	bits := make([]bitlist, n)
	at := 0
	for i := range bits {
		bits[i] = e.spec.evaluatorInput(e.cells[first+i])
		for _, x := range bits[i] {
			choices[at/8] = choices[at/8]&^(1<<(at%8)) | byte(x<<(at%8))
			at++
		}
	}
	msg, t := e.sender.offer(e.bound, uint64(batch), choices, rows)
	return msg, offered{bits: bits, rows: t}
}

// evaluateAll receives and evaluates every batch.
func (e *evaluator) evaluateAll(ctx context.Context, ahead <-chan offered, out []Released) error {
	for batch := range e.batches {
		var o offered
		select {
		case o = <-ahead:
		case <-ctx.Done():
			return ctx.Err()
		}
		msg, err := wire.RecvBytes(ctx, e.pipe, stepCells(batch), int64(e.cellsBytes(batch)))
		if err != nil {
			return err
		}
		e.evaluate(batch, o, msg, out)
	}
	return nil
}

func (e *evaluator) evaluate(batch int, o offered, msg []byte, out []Released) {
	first, n := e.layout.cells(batch)
	public := seed(msg[:seedBytes])
	e.forCells(e.bound, n, func(w *worker, i int) {
		at := seedBytes + i*e.cellBytes()
		k := e.circuit.evaluator
		in := evaluated{
			index: uint64(first + i), bits: o.bits[i], rows: o.rows[i*k : (i+1)*k],
			public: public, place: uint64(i),
		}
		r, err := e.evaluateCell(w, e.bound, in, msg[at:at+e.cellBytes()])
		if err != nil {
			e.fail(err)
			return
		}
		out[first+i] = r
	})
}

func (e *evaluator) finish(ctx context.Context) error {
	peer, err := wire.RecvBytes(ctx, e.pipe, stepGarbler, 1)
	if err != nil {
		return transport(ctx, err)
	}
	result := verdict(e.fault, peer)
	if err := wire.SendBytes(ctx, e.pipe, stepEvaluator, status(result)); err != nil {
		return transport(ctx, err)
	}
	return result
}
