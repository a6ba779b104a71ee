package garble

import (
	"context"
	"io"

	"parley/crypto/wire"
)

// Garble runs the side that does not receive the answer. cells are its private
// inputs and labels, if s.LabelBytes is not 0, the exact-length plaintexts
// revealed for cells that pass, in the same order; the caller permutes its
// cells freshly for every run.
//
// session must be unique to the run. rnd yields uniform bytes, crypto/rand in
// production. A failed run returns an error that is ErrFailed; context errors
// and errors of the caller's own inputs are returned as they are.
//
// Once a check has failed, random bytes of the same lengths take the place of
// every further message, so that the peer learns of it at the end and not
// where it happened.
func Garble(ctx context.Context, p wire.Pipe, session [32]byte, s Spec, cells []Cell, labels [][]byte, rnd io.Reader) error {
	if err := s.Check(); err != nil {
		return err
	}
	if err := s.checkCells(cells); err != nil {
		return err
	}
	if err := s.checkLabels(labels); err != nil {
		return err
	}
	g := &garbler{layout: newLayout(s), bound: s.bind(session), pipe: p, cells: cells, labels: labels, rnd: rnd}
	return g.run(ctx)
}

type garbler struct {
	*layout
	bound  [32]byte
	pipe   wire.Pipe
	cells  []Cell
	labels [][]byte
	rnd    io.Reader

	s      block // choices of the base transfers
	seeds  [baseOTs]otSeed
	secret seed // offsets and label keys
	public seed // yields the public seed of each batch
	filler seed // messages after a failure

	fault error // first failure, if any
}

func (g *garbler) run(ctx context.Context) error {
	var b [4 * blockBytes]byte
	if _, err := io.ReadFull(g.rnd, b[:]); err != nil {
		return err
	}
	g.s, g.secret, g.public, g.filler = loadBlock(b[:]), seed(b[16:32]), seed(b[32:48]), seed(b[48:])
	if err := g.base(ctx); err != nil {
		return err
	}
	for batch := range g.batches {
		if err := g.batch(ctx, batch); err != nil {
			return transport(ctx, err)
		}
	}
	return g.finish(ctx)
}

func (g *garbler) fail(cause error) {
	if g.fault == nil {
		g.fault = cause
	}
}

// base runs the base transfers as their receiver.
func (g *garbler) base(ctx context.Context) error {
	points, err := wire.RecvBytes(ctx, g.pipe, stepA, pointsBytes)
	if err != nil {
		return transport(ctx, err)
	}
	receiver, msg, ok, err := newBaseReceiver(g.s, points, g.rnd)
	if err != nil {
		return err
	}
	if !ok {
		g.fail(errPoint)
		msg = g.fill(1, pointsBytes)
	}
	if err := wire.SendBytes(ctx, g.pipe, stepB, msg); err != nil {
		return transport(ctx, err)
	}
	sealed, err := wire.RecvBytes(ctx, g.pipe, stepE, sealedBytes)
	if err != nil {
		return transport(ctx, err)
	}
	if g.fault == nil {
		if g.seeds, ok = receiver.finish(g.bound, sealed); !ok {
			g.fail(errSeed)
		}
	}
	return nil
}

func (g *garbler) batch(ctx context.Context, batch int) error {
	offer, err := wire.RecvBytes(ctx, g.pipe, stepOffer(batch), int64(offerBytes(g.rows(batch))))
	if err != nil {
		return err
	}
	var msg []byte
	if g.fault == nil {
		rows, ok := accept(g.bound, uint64(batch), &g.seeds, g.s, offer, g.rows(batch))
		if ok {
			msg = g.garble(batch, rows)
		} else {
			g.fail(errCheck)
		}
	}
	if g.fault != nil {
		msg = g.fill(uint64(batch)+2, g.cellsBytes(batch))
	}
	return wire.SendBytes(ctx, g.pipe, stepCells(batch), msg)
}

// garble makes the cells message of a batch.
func (g *garbler) garble(batch int, rows []block) []byte {
	msg := make([]byte, g.cellsBytes(batch))
	var public seed
	g.public.expand(uint64(batch), public[:])
	copy(msg, public[:])
	first, n := g.layout.cells(batch)
	g.forCells(g.bound, n, func(w *worker, i int) {
		at := seedBytes + i*g.cellBytes()
		e := g.circuit.evaluator
		in := garbled{
			index: uint64(first + i), cell: g.cells[first+i], rows: rows[i*e : (i+1)*e],
			s: g.s, secret: g.secret, public: public, place: uint64(i),
		}
		if g.sealed > 0 {
			in.label = g.labels[first+i]
		}
		g.garbleCell(w, g.bound, in, msg[at:at+g.cellBytes()])
	})
	return msg
}

// fill makes a message that tells nothing.
func (g *garbler) fill(index uint64, n int) []byte {
	b := make([]byte, n)
	g.filler.expand(index, b)
	return b
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
