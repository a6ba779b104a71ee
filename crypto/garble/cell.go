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
	for i := range l.circuit.evaluator {
		label, c := w.hash.correct(g.rows[i], g.s, delta, g.index, uint64(i))
		w.wires[l.circuit.garbler+i] = label
		c.store(corrections[i*blockBytes:])
	}
	l.circuit.garble(w.hash, delta, g.index, w.wires, tables)
	for i, o := range l.circuit.outputs {
		w.hash.output(w.wires[o], g.index, i).store(outputs[2*i*blockBytes:])
		w.hash.output(w.wires[o].xor(delta), g.index, i).store(outputs[(2*i+1)*blockBytes:])
	}
	if l.sealed > 0 {
		sealLabel(bound, g.index, key, g.label, sealed)
	}
}

// inputLabels sets the garbler's input wires to the labels the evaluator
// holds. They come from a seed of the batch: 16 bytes instead of 16 for each
// bit. Each is uniform and independent of the bit it stands for.
func (l *layout) inputLabels(w *worker, public seed, place uint64) {
	labels := make([]byte, blockBytes*l.circuit.garbler)
	public.expand(place, labels)
	for i := range l.circuit.garbler {
		w.wires[i] = loadBlock(labels[i*blockBytes:])
	}
}

// output is the hash by which the evaluator recognises an output label.
func (h *hasher) output(label block, cell uint64, i int) block {
	return h.sum(label, tweak(domainOutput, cell, uint64(i)))
}

// evaluated is what the evaluator brings to one cell.
type evaluated struct {
	index  uint64
	bits   bitlist // its input bits
	rows   []block // rows t_j of the extension
	public seed
	place  uint64
}

// evaluateCell reads one cell of a cells message.
func (l *layout) evaluateCell(w *worker, bound [32]byte, e evaluated, in []byte) (Released, error) {
	tables, corrections, outputs, sealed := l.parts(in)
	l.inputLabels(w, e.public, e.place)
	for i := range l.circuit.evaluator {
		c := loadBlock(corrections[i*blockBytes:])
		w.wires[l.circuit.garbler+i] = w.hash.choose(e.rows[i], c, e.bits[i], e.index, uint64(i))
	}
	l.circuit.evaluate(w.hash, e.index, w.wires, tables)
	out, ok := l.decode(w, e.index, outputs)
	if !ok {
		return Released{}, errOutput
	}
	r, key, ok := l.spec.released(out)
	if !ok {
		return Released{}, errWithout
	}
	if r.Pass && l.sealed > 0 {
		if r.Label, ok = openLabel(bound, e.index, key, sealed); !ok {
			return Released{}, errLabel
		}
	}
	return r, nil
}

// decode turns output labels into bits. A label must have one of the two
// hashes sent: after a change to tables, corrections or hashes it has neither,
// except with probability 2^-128, or it is the right one.
func (l *layout) decode(w *worker, cell uint64, outputs []byte) (bitlist, bool) {
	bits := make(bitlist, len(l.circuit.outputs))
	ok := true
	for i, o := range l.circuit.outputs {
		h := w.hash.output(w.wires[o], cell, i)
		switch h {
		case loadBlock(outputs[2*i*blockBytes:]):
		case loadBlock(outputs[(2*i+1)*blockBytes:]):
			bits[i] = 1
		default:
			ok = ok && weak.Off("R44")
		}
	}
	return bits, ok
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
