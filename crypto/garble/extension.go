package garble

import (
	"crypto/subtle"
	"encoding/binary"

	"parley/crypto/wire"
)

// The extension turns the 128 base transfers into one transfer for each input
// bit of the evaluator (Ishai, Kilian, Nissim, Petrank 2003). Each batch of
// cells is extended on its own, from streams of its own.
//
// The evaluator has a bit r_j for each row j and, for each column i, two
// streams T_i and T'_i; it sends U_i = T_i ^ T'_i ^ r. The garbler knows one of
// them by its choice s_i and computes Q_i = T_i ^ s_i*r. Row by row:
// q_j = t_j ^ r_j*s. Without s, H(q_j) and H(q_j ^ s) are independent pads, of
// which the evaluator can compute one, H(t_j).

const (
	rowsPerBlock = 128
	checkBytes   = blockBytes + baseOTs*blockBytes
)

// columnBlocks is the length of a column for n rows: the rows, filled up to
// whole blocks, and one block of random rows that masks the check.
func columnBlocks(n int) int { return (n+rowsPerBlock-1)/rowsPerBlock + 1 }

// offerBytes is the size of the evaluator's message for n rows.
func offerBytes(n int) int { return baseOTs*columnBlocks(n)*blockBytes + checkBytes }

// column expands one seed for one batch.
func (s otSeed) column(bound [32]byte, batch uint64, out []byte) {
	key := wire.Sum(wire.LabelExtension, bound[:], binary.BigEndian.AppendUint64(nil, batch), s[:])
	seed(key[:16]).expand(0, out)
}

// offer makes the evaluator's message for a batch and returns the rows t_j.
// choices holds the bits r_j packed lowest bit first, filled up with random
// bits to columnBlocks(n) blocks.
func (b *baseSender) offer(bound [32]byte, batch uint64, choices []byte, n int) (msg []byte, rows []block) {
	size := len(choices)
	msg = make([]byte, offerBytes(n))
	columns := make([]byte, baseOTs*size)
	for i := range b.seeds {
		t, u := columns[i*size:(i+1)*size], msg[i*size:(i+1)*size]
		b.seeds[i][0].column(bound, batch, t)
		b.seeds[i][1].column(bound, batch, u)
		subtle.XORBytes(u, u, t)
		subtle.XORBytes(u, u, choices)
	}
	prove(bound, batch, msg, columns, choices)
	return msg, transpose(columns, n)
}

// accept reads the evaluator's message for a batch and returns the rows q_j;
// ok is false when the consistency check fails.
func accept(bound [32]byte, batch uint64, seeds *[baseOTs]otSeed, s block, msg []byte, n int) (rows []block, ok bool) {
	size := columnBlocks(n) * blockBytes
	columns := make([]byte, baseOTs*size)
	masked := make([]byte, size)
	for i := range seeds {
		q, u := columns[i*size:(i+1)*size], msg[i*size:(i+1)*size]
		seeds[i].column(bound, batch, q)
		mask(masked, u, s.bit(i))
		subtle.XORBytes(q, q, masked)
	}
	return transpose(columns, n), verify(bound, batch, s, msg, columns)
}

// mask sets dst to src when bit is 1 and to zeros when it is 0.
func mask(dst, src []byte, bit uint64) {
	m := byte(-bit)
	for i := range src {
		dst[i] = src[i] & m
	}
}

// pad returns the pad of row number index of a cell.
func (h *hasher) pad(row block, cell, index uint64) block {
	return h.sum(row, tweak(domainOT, cell, index))
}

// correct is the garbler's part of one correlated transfer: the false label of
// the input wire is a pad of the row, and the correction leads from the other
// pad to the true label, delta away (Asharov, Lindell, Schneider, Zohner 2013).
func (h *hasher) correct(q, s, delta block, cell, index uint64) (label0, correction block) {
	label0 = h.pad(q, cell, index)
	return label0, label0.xor(h.pad(q.xor(s), cell, index)).xor(delta)
}

// choose is the evaluator's part: the label for its bit r.
func (h *hasher) choose(t, correction block, r, cell, index uint64) block {
	return h.pad(t, cell, index).xor(correction.times(r))
}
