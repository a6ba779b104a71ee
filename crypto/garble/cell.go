package garble

import (
	"encoding/binary"

	"parley/crypto/wire"
	"parley/internal/weak"
)

// garbled is what the garbler puts into one cell.
type garbled struct {
	index uint64  // number of the cell in the run
	cell  Cell    // private input
	label []byte  // private label, or nil
	rows  []block // rows q_j of the extension
	s     block   // choices of the base transfers
	// secret yields the offset of the labels and the label key; public the
	// garbler's input labels, whose seed the evaluator is sent.
	secret, public seed
	place          uint64 // number of the cell in the batch
}

// garbleCell writes one cell of a cells message.
func (l *layout) garbleCell(w *worker, bound [32]byte, g garbled, out []byte) {
	tables, corrections, outputs, sealed := l.parts(out)
	var private [2 * blockBytes]byte
	g.secret.expand(g.index, private[:])
	delta, key := loadBlock(private[:]), loadBlock(private[blockBytes:])
	delta.lo |= 1

	l.inputLabels(w, g.public, g.place)
	for i, x := range l.spec.garblerInput(g.cell, key) {
		// The label sent stands for the private bit x.
		w.wires[i] = w.wires[i].xor(delta.times(x))
	}
	w.correct(g.rows, g.s, delta, g.index, w.wires[l.circuit.garbler:], corrections)
	l.circuit.garble(w.hash, delta, g.index, w.wires, tables)
	l.encode(w, delta, g.index, outputs)
	if l.sealed > 0 {
		sealLabel(bound, g.index, key, g.label, sealed)
	}
}

// inputLabels sets the garbler's input wires to the labels the evaluator
// holds. They come from a seed of the batch: 16 bytes instead of 16 for each
// bit. Each is uniform and independent of the bit it stands for.
func (l *layout) inputLabels(w *worker, public seed, place uint64) {
	public.expand(place, w.labels)
	for i := range l.circuit.garbler {
		w.wires[i] = loadBlock(w.labels[i*blockBytes:])
	}
}

// encode writes the hashes by which the evaluator recognises output labels.
func (l *layout) encode(w *worker, delta block, cell uint64, outputs []byte) {
	n := len(l.circuit.outputs)
	x, t := w.x[:2*n], w.t[:2*n]
	for i, o := range l.circuit.outputs {
		x[2*i], x[2*i+1] = w.wires[o], w.wires[o].xor(delta)
		t[2*i] = tweak(domainOutput, cell, uint64(i))
		t[2*i+1] = t[2*i]
	}
	w.hash.sums(x, t)
	for i := range x {
		x[i].store(outputs[i*blockBytes:])
	}
}

// evaluated is what the evaluator brings to one cell.
type evaluated struct {
	index  uint64
	bits   bitlist // its input bits
	rows   []block // rows t_j of the extension
	public seed
	place  uint64
}

// evaluateCell reads one cell of a cells message. Cells that pass, that do not
// and that fail take the same work, down to opening the label, so that the time
// of a batch does not grow with the number of cells that pass.
func (l *layout) evaluateCell(w *worker, bound [32]byte, e evaluated, in []byte) (Released, error) {
	tables, corrections, outputs, sealed := l.parts(in)
	l.inputLabels(w, e.public, e.place)
	w.choose(e.rows, e.bits, corrections, e.index, w.wires[l.circuit.garbler:])
	l.circuit.evaluate(w.hash, e.index, w.wires, tables)
	out, valid := l.decode(w, e.index, outputs)
	r, key, masked := l.spec.released(out)
	opens := true
	if l.sealed > 0 {
		var label []byte
		label, opens = openLabel(bound, e.index, key, sealed)
		if r.Pass {
			r.Label = label
		}
	}
	switch {
	case !valid:
		return Released{}, errOutput
	case !masked:
		return Released{}, errWithout
	case r.Pass && !opens:
		return Released{}, errLabel
	}
	return r, nil
}

// decode turns output labels into bits. A label must have one of the two
// hashes sent: after a change to tables, corrections or hashes it has neither,
// except with probability 2^-128, or it is the right one.
func (l *layout) decode(w *worker, cell uint64, outputs []byte) (bitlist, bool) {
	n := len(l.circuit.outputs)
	x, t := w.x[:n], w.t[:n]
	for i, o := range l.circuit.outputs {
		x[i], t[i] = w.wires[o], tweak(domainOutput, cell, uint64(i))
	}
	w.hash.sums(x, t)
	bits := make(bitlist, n)
	wrong := uint64(0)
	for i := range x {
		notFalse := differ(x[i], loadBlock(outputs[2*i*blockBytes:]))
		notTrue := differ(x[i], loadBlock(outputs[(2*i+1)*blockBytes:]))
		bits[i] = notFalse &^ notTrue
		wrong |= notFalse & notTrue
	}
	return bits, wrong == 0 || weak.Off("R44")
}

// labelKey derives the key of one cell's label.
func labelKey(bound [32]byte, cell uint64, key block) [32]byte {
	var k [blockBytes]byte
	key.store(k[:])
	return wire.Sum(wire.LabelCellKey, bound[:], binary.BigEndian.AppendUint64(nil, cell), k[:])
}

// sealLabel encrypts with AES-256-GCM. The key is used once, so the nonce is
// fixed.
func sealLabel(bound [32]byte, cell uint64, key block, label, dst []byte) {
	k := labelKey(bound, cell, key)
	g := newGCM(k[:])
	g.Seal(dst[:0], make([]byte, g.NonceSize()), label, nil)
}

func openLabel(bound [32]byte, cell uint64, key block, sealed []byte) ([]byte, bool) {
	k := labelKey(bound, cell, key)
	g := newGCM(k[:])
	label, err := g.Open(nil, make([]byte, g.NonceSize()), sealed, nil)
	return label, err == nil
}
