package garble

import (
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"

	"parley/crypto/wire"
	"parley/internal/weak"
)

// The consistency check stops an evaluator that uses different bits r in
// different columns, with which it would learn the garbler's s bit by bit and
// then both labels of its inputs.
//
// A random linear hash U, fixed only once the columns are sent, is applied to
// the columns. The evaluator shows x = U(r) and t_i = U(T_i); the garbler
// checks U(Q_i) = t_i ^ s_i*x for every i. A wrong bit in c columns passes only
// if the c bits of s are guessed. The last block of every column is random, so
// x and t_i say nothing about the other rows.
//
// The key of U comes from the hash of the columns, so no message is added; a
// cheater who searches for a lucky key gains 2^-110 or less with each try.

// linearHash is GHASH (NIST SP 800-38D), taken from the standard library's
// fast AES-GCM: the tag over additional data a is E(nonce) ^ GHASH(a), so the
// difference to the tag of as many zeros is linear in a.
type linearHash struct {
	gcm  cipher.AEAD
	zero [blockBytes]byte
}

func newLinearHash(key [16]byte, size int) *linearHash {
	h := &linearHash{gcm: newGCM(key[:])}
	h.gcm.Seal(h.zero[:0], make([]byte, h.gcm.NonceSize()), nil, make([]byte, size))
	return h
}

// sum is safe for concurrent use.
func (h *linearHash) sum(data []byte) (d [blockBytes]byte) {
	h.gcm.Seal(d[:0], make([]byte, h.gcm.NonceSize()), nil, data)
	subtle.XORBytes(d[:], d[:], h.zero[:])
	return d
}

func newGCM(key []byte) cipher.AEAD {
	g, err := cipher.NewGCM(newAES(key))
	if err != nil {
		panic("garble: AES-GCM: " + err.Error()) // the block size is 16
	}
	return g
}

func checkHash(bound [32]byte, batch uint64, msg []byte, size int) *linearHash {
	columns := msg[:baseOTs*size]
	key := wire.Sum(wire.LabelCheck, bound[:], binary.BigEndian.AppendUint64(nil, batch), columns)
	return newLinearHash([16]byte(key[:16]), size)
}

// prove appends x and t_i to the columns in msg.
func prove(bound [32]byte, batch uint64, msg, columns, choices []byte) {
	size := len(choices)
	h := checkHash(bound, batch, msg, size)
	out := msg[baseOTs*size:]
	x := h.sum(choices)
	copy(out, x[:])
	forTransfers(func(i int) {
		t := h.sum(columns[i*size : (i+1)*size])
		copy(out[(i+1)*blockBytes:], t[:])
	})
}

// verify compares all columns before it answers.
func verify(bound [32]byte, batch uint64, s block, msg, columns []byte) bool {
	size := len(columns) / baseOTs
	h := checkHash(bound, batch, msg, size)
	proof := msg[baseOTs*size:]
	x := loadBlock(proof)
	var wrong [baseOTs]uint64
	forTransfers(func(i int) {
		sum := h.sum(columns[i*size : (i+1)*size])
		wrong[i] = differ(loadBlock(sum[:]), loadBlock(proof[(i+1)*blockBytes:]).xor(x.times(s.bit(i))))
	})
	any := uint64(0)
	for _, w := range wrong {
		any |= w
	}
	return any == 0 || weak.Off("R44")
}
