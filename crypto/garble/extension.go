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

// columnsBytes is the size of 128 columns for n rows.
func columnsBytes(n int) int { return baseOTs * columnBlocks(n) * blockBytes }

// offerBytes is the size of the evaluator's message for n rows.
func offerBytes(n int) int { return columnsBytes(n) + checkBytes }

// column expands one seed for one batch.
func (s otSeed) column(bound [32]byte, batch uint64, out []byte) {
	key := wire.Sum(wire.LabelExtension, bound[:], binary.BigEndian.AppendUint64(nil, batch), s[:])
	seed(key[:16]).expand(0, out)
}

// offer makes the evaluator's message for a batch in msg and the rows t_j.
// choices holds the bits r_j packed lowest bit first, filled up with random
// bits to columnBlocks(len(rows)) blocks; columns is scratch space for 128
// columns of that length.
func (p *pairs) offer(bound [32]byte, batch uint64, choices, msg, columns []byte, rows []block) {
	size := len(choices)
	forTransfers(func(i int) {
		t, u := columns[i*size:(i+1)*size], msg[i*size:(i+1)*size]
		p[i][0].column(bound, batch, t)
		p[i][1].column(bound, batch, u)
		subtle.XORBytes(u, u, t)
		subtle.XORBytes(u, u, choices)
	})
	prove(bound, batch, msg, columns[:baseOTs*size], choices)
	transpose(columns[:baseOTs*size], rows)
}

// accept reads the evaluator's message for a batch and makes the rows q_j; ok
// is false when the consistency check fails. columns is scratch space as in
// offer.
func (c *chosen) accept(bound [32]byte, batch uint64, msg, columns []byte, rows []block) (ok bool) {
	size := columnBlocks(len(rows)) * blockBytes
	columns = columns[:baseOTs*size]
	forTransfers(func(i int) {
		q, u := columns[i*size:(i+1)*size], msg[i*size:(i+1)*size]
		c.seeds[i].column(bound, batch, q)
		xorMasked(q, u, c.choices.bit(i))
	})
	transpose(columns, rows)
	return verify(bound, batch, c.choices, msg, columns)
}

// xorMasked adds src to dst when bit is 1 and zeros when it is 0. Both are
// whole blocks of 16 bytes.
func xorMasked(dst, src []byte, bit uint64) {
	for at := 0; at < len(src); at += blockBytes {
		loadBlock(dst[at:]).xor(loadBlock(src[at:]).times(bit)).store(dst[at:])
	}
}

// correct is the garbler's part of the correlated transfers of a cell: the
// false label of an input wire is the pad of its row, and the correction leads
// from the other pad to the true label, delta away (Asharov, Lindell,
// Schneider, Zohner 2013).
func (w *worker) correct(rows []block, s, delta block, cell uint64, labels []block, corrections []byte) {
	x, t := w.x[:2*len(rows)], w.t[:2*len(rows)]
	for i, q := range rows {
		x[2*i], x[2*i+1] = q, q.xor(s)
		t[2*i] = tweak(domainOT, cell, uint64(i))
		t[2*i+1] = t[2*i]
	}
	w.hash.sums(x, t)
	for i := range rows {
		labels[i] = x[2*i]
		x[2*i].xor(x[2*i+1]).xor(delta).store(corrections[i*blockBytes:])
	}
}

// choose is the evaluator's part: the labels for its bits.
func (w *worker) choose(rows []block, bits bitlist, corrections []byte, cell uint64, labels []block) {
	x, t := w.x[:len(rows)], w.t[:len(rows)]
	copy(x, rows)
	for i := range t {
		t[i] = tweak(domainOT, cell, uint64(i))
	}
	w.hash.sums(x, t)
	for i := range x {
		labels[i] = x[i].xor(loadBlock(corrections[i*blockBytes:]).times(bits[i]))
	}
}
