package garble

import (
	"context"
	"io"
	"sync"

	"golang.org/x/sync/errgroup"

	"parley/crypto/wire"
)

// Evaluate runs the side that receives the answer, and returns it in the
// garbler's order of cells. See Garble for session, base, rnd and errors.
//
// After a failure it goes on to the end like a run without one, returns no
// cell at all, and tells the garbler one byte at the end.
func Evaluate(ctx context.Context, p wire.Pipe, session [32]byte, s Spec, cells []Cell, base *Base, rnd io.Reader) ([]Released, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if err := s.checkCells(cells, false); err != nil {
		return nil, err
	}
	e := &evaluator{layout: newLayout(s), bound: s.bind(session), pipe: p, cells: cells, rnd: rnd,
		sent: base.takeSent(), out: make([]Released, len(cells))}
	if err := e.run(ctx); err != nil {
		return nil, err
	}
	base.keepSent(e.sent)
	return e.out, nil
}

type evaluator struct {
	*layout
	bound [32]byte
	pipe  wire.Pipe
	cells []Cell
	rnd   io.Reader
	out   []Released

	sent    *sentBase // nil while there are no base transfers
	pairs   pairs     // of this run
	padding seed      // random rows of the extension, and messages after a failure

	mu    sync.Mutex
	fault error // first failure, if any; under mu while workers run
}

func (e *evaluator) run(ctx context.Context) error {
	if _, err := io.ReadFull(e.rnd, e.padding[:]); err != nil {
		return err
	}
	if err := e.base(ctx); err != nil {
		return err
	}
	if err := e.stream(ctx); err != nil {
		return transport(ctx, err)
	}
	return e.finish(ctx)
}

func (e *evaluator) fail(cause error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fault == nil {
		e.fault = cause
	}
}

// base uses the base transfers that both sides keep, or makes new ones.
func (e *evaluator) base(ctx context.Context) error {
	own := noBase
	if e.sent != nil {
		own = e.sent.id
	}
	kept, err := agree(ctx, e.pipe, own, true)
	if err != nil {
		return transport(ctx, err)
	}
	if !kept {
		if err := e.newBase(ctx); err != nil {
			return err
		}
	}
	e.pairs = e.sent.pairs(e.bound)
	return nil
}

// newBase runs the base transfers as their sender. The garbler's choices are
// its own; all that can be wrong with its message is the points.
func (e *evaluator) newBase(ctx context.Context) error {
	sender, a, err := newBaseSender(e.rnd)
	if err != nil {
		return err
	}
	if err := wire.SendBytes(ctx, e.pipe, stepA, a); err != nil {
		return transport(ctx, err)
	}
	b, err := wire.RecvBytes(ctx, e.pipe, stepB, pointsBytes)
	if err != nil {
		return transport(ctx, err)
	}
	sealed, ok := sender.answer(b)
	if !ok {
		e.fail(errPoint)
		sealed = make([]byte, sealedBytes)
		e.padding.expand(uint64(e.batches), sealed)
	}
	e.sent = &sentBase{origin: newOrigin(e.bound, a, b), strings: sender.strings}
	return transport(ctx, wire.SendBytes(ctx, e.pipe, stepE, sealed))
}

// offered is a batch whose transfers were sent.
type offered struct {
	bits bitlist // input bits of all cells
	rows []block // rows t_j of all cells
}

// stream takes every batch through three stages that work at the same time:
// offer the transfers, receive the garbled cells, evaluate. Offers run ahead
// by two batches, so that the garbler works while this side does.
func (e *evaluator) stream(ctx context.Context) error {
	offers := newBuffers(stages+1, func() offered {
		return offered{bits: make(bitlist, 0, e.rows(0)), rows: make([]block, e.rows(0))}
	})
	messages := newBuffers(stages, func() []byte { return make([]byte, e.cellsBytes(0)) })
	sent, came := make(queue[offered], stages+1), make(queue[[]byte], stages)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return e.offerAll(ctx, offers, sent) })
	group.Go(func() error { return e.receiveAll(ctx, messages, came) })
	group.Go(func() error { return e.evaluateAll(ctx, offers, sent, messages, came) })
	return group.Wait()
}

// offerAll sends the transfers of every batch.
func (e *evaluator) offerAll(ctx context.Context, free, out queue[offered]) error {
	msg, columns := make([]byte, offerBytes(e.rows(0))), make([]byte, columnsBytes(e.rows(0)))
	choices := make([]byte, columnBlocks(e.rows(0))*blockBytes)
	for batch := range e.batches {
		o, err := free.get(ctx)
		if err != nil {
			return err
		}
		rows := e.rows(batch)
		o.bits = e.inputs(o.bits[:0], batch)
		packed := choices[:columnBlocks(rows)*blockBytes]
		e.padding.expand(uint64(batch), packed)
		o.bits.pack(packed)
		body := msg[:offerBytes(rows)]
		e.pairs.offer(e.bound, uint64(batch), packed, body, columns, o.rows[:rows])
		if err := wire.SendBytes(ctx, e.pipe, stepOffer(batch), body); err != nil {
			return err
		}
		out.put(o)
	}
	return nil
}

// inputs appends the input bits of a batch to l.
func (e *evaluator) inputs(l bitlist, batch int) bitlist {
	first, n := e.layout.cells(batch)
	for _, c := range e.cells[first : first+n] {
		l = e.spec.evaluatorInput(l, c)
	}
	return l
}

func (e *evaluator) receiveAll(ctx context.Context, free, out queue[[]byte]) error {
	for batch := range e.batches {
		buffer, err := free.get(ctx)
		if err != nil {
			return err
		}
		msg := buffer[:e.cellsBytes(batch)]
		if err := receive(ctx, e.pipe, stepCells(batch), msg); err != nil {
			return err
		}
		out.put(msg)
	}
	return nil
}

func (e *evaluator) evaluateAll(ctx context.Context, offers, sent queue[offered], messages, came queue[[]byte]) error {
	workers := e.newWorkers(e.bound)
	for batch := range e.batches {
		o, err := sent.get(ctx)
		if err != nil {
			return err
		}
		msg, err := came.get(ctx)
		if err != nil {
			return err
		}
		e.evaluate(workers, batch, o, msg)
		offers.put(o)
		messages.put(msg[:cap(msg)])
	}
	return nil
}

func (e *evaluator) evaluate(workers []*worker, batch int, o offered, msg []byte) {
	first, n := e.layout.cells(batch)
	public := seed(msg[:seedBytes])
	forCells(workers, n, func(w *worker, i int) {
		at := seedBytes + i*e.cellBytes()
		k := e.circuit.evaluator
		in := evaluated{
			index: uint64(first + i), bits: o.bits[i*k : (i+1)*k], rows: o.rows[i*k : (i+1)*k],
			public: public, place: uint64(i),
		}
		r, err := e.evaluateCell(w, e.bound, in, msg[at:at+e.cellBytes()])
		if err != nil {
			e.fail(err)
			return
		}
		e.out[first+i] = r
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
