package garble

import (
	"context"
	"fmt"
	"io"

	"parley/crypto/wire"
)

const (
	stepBase      wire.Step = "garble/0/base"
	stepAgreed    wire.Step = "garble/0/agreed"
	stepA         wire.Step = "garble/1/a"
	stepB         wire.Step = "garble/2/b"
	stepE         wire.Step = "garble/3/e"
	stepGarbler   wire.Step = "garble/6/garbler"
	stepEvaluator wire.Step = "garble/7/evaluator"
)

func stepOffer(batch int) wire.Step { return wire.Step(fmt.Sprintf("garble/4/ot/%06d", batch)) }
func stepCells(batch int) wire.Step { return wire.Step(fmt.Sprintf("garble/5/cells/%06d", batch)) }

const (
	pointsBytes = baseOTs * pointBytes
	sealedBytes = baseOTs * 2 * sealedSeed
	seedBytes   = 16
	tagBytes    = 16
	// maxMessage bounds a batch's messages and with them a side's memory,
	// unless a single cell is larger.
	maxMessage = 4 << 20
	// stages is how many large messages a side holds: one that travels and one
	// that is made or evaluated meanwhile.
	stages = 2
)

// layout holds every size of a run, all from the public specification.
//
// A cells message is the batch's seed of the garbler's input labels, 16 bytes,
// and for each cell:
//
//	tables       32 bytes for each AND gate
//	corrections  16 bytes for each input bit of the evaluator
//	outputs      32 bytes for each output wire: the hashes of its false and
//	             its true label
//	sealed       the garbler's label, LabelBytes + 16; absent without labels
type layout struct {
	spec    Spec
	circuit *circuit

	tables, corrections, outputs, sealed int // bytes of each part of a cell

	perBatch int // cells in every batch but the last
	batches  int
}

func newLayout(s Spec) *layout {
	c := releaseCircuit(s)
	l := &layout{
		spec:        s,
		circuit:     c,
		tables:      2 * blockBytes * c.ands,
		corrections: blockBytes * c.evaluator,
		outputs:     2 * blockBytes * len(c.outputs),
	}
	if s.LabelBytes > 0 {
		l.sealed = s.LabelBytes + tagBytes
	}
	l.perBatch = min(s.Cells, max(1, (maxMessage-seedBytes)/l.cellBytes()))
	l.batches = (s.Cells + l.perBatch - 1) / l.perBatch
	return l
}

func (l *layout) cellBytes() int { return l.tables + l.corrections + l.outputs + l.sealed }

// cells returns the number of the first cell of a batch and how many it has.
func (l *layout) cells(batch int) (first, n int) {
	first = batch * l.perBatch
	return first, min(l.perBatch, l.spec.Cells-first)
}

// rows is the number of transfers of a batch.
func (l *layout) rows(batch int) int {
	_, n := l.cells(batch)
	return n * l.circuit.evaluator
}

func (l *layout) cellsBytes(batch int) int {
	_, n := l.cells(batch)
	return seedBytes + n*l.cellBytes()
}

// parts cuts one cell's bytes.
func (l *layout) parts(cell []byte) (tables, corrections, outputs, sealed []byte) {
	cut := func(n int) []byte {
		part := cell[:n:n]
		cell = cell[n:]
		return part
	}
	return cut(l.tables), cut(l.corrections), cut(l.outputs), cut(l.sealed)
}

// WireBytes returns how many bytes each side sends. They depend on the public
// specification, which must be valid, and on whether both sides keep base
// transfers of an earlier run.
func WireBytes(s Spec, kept bool) (garbler, evaluator int64) {
	l := newLayout(s)
	const idsAndEnd = 2*int64(len(noBase)) + 1
	garbler, evaluator = idsAndEnd, idsAndEnd
	if !kept {
		garbler += pointsBytes
		evaluator += pointsBytes + sealedBytes
	}
	for b := range l.batches {
		garbler += int64(l.cellsBytes(b))
		evaluator += int64(offerBytes(l.rows(b)))
	}
	return garbler, evaluator
}

// receive reads one message into b, which has exactly its size.
func receive(ctx context.Context, p wire.Pipe, step wire.Step, b []byte) error {
	r, err := p.Recv(ctx, step, int64(len(b)))
	if err != nil {
		return err
	}
	defer r.Close()
	if _, err := io.ReadFull(r, b); err != nil {
		return fmt.Errorf("message %s: %w", step, err)
	}
	return nil
}
