package garble

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
)

// block is a 128-bit string: a wire label, a row of the extension, a tweak.
// Its bytes are little-endian, lo first.
type block struct{ lo, hi uint64 }

const blockBytes = 16

func loadBlock(b []byte) block {
	return block{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
}

func (x block) store(b []byte) {
	binary.LittleEndian.PutUint64(b, x.lo)
	binary.LittleEndian.PutUint64(b[8:], x.hi)
}

func (x block) xor(y block) block { return block{x.lo ^ y.lo, x.hi ^ y.hi} }

// times is x when bit is 1 and zero when it is 0, without a branch: bits of
// labels and of private inputs must not steer jumps or loads.
func (x block) times(bit uint64) block {
	m := -bit
	return block{x.lo & m, x.hi & m}
}

// differ is 0 for equal blocks and 1 for others, without a branch.
func differ(x, y block) uint64 {
	d := x.lo ^ y.lo | x.hi ^ y.hi
	return (d | -d) >> 63
}

// bit is the i-th bit, 0 to 127.
func (x block) bit(i int) uint64 {
	if i < 64 {
		return x.lo >> i & 1
	}
	return x.hi >> (i - 64) & 1
}

// domain keeps the tweaks of the hash's uses apart: no input of one can be an
// input of another, whatever the labels are.
type domain uint64

const (
	domainGate   domain = 1 // two tweaks for each AND gate
	domainOutput domain = 2 // hashes of output labels
	domainOT     domain = 3 // pads of the transfer extension
)

// tweak is unique within a session for each use of the hash: domain, cell
// (below 2^56) and a number within the cell.
func tweak(d domain, cell, index uint64) block {
	return block{lo: index, hi: uint64(d)<<56 | cell}
}

// hasher is the tweakable circular correlation robust hash
// TMMO(x, t) = p(p(x) ^ t) ^ p(x), with p = AES-128 under the session's key
// (Guo, Katz, Wang, Yu 2020, section 7.4). A session of q calls keeps about
// 128 - log2(q) bits. It is not safe for concurrent use.
//
// crypto/aes encrypts one block a call, which leaves most of the processor's
// AES unit idle; sums hashes several blocks at once where it can.
type hasher struct {
	keys *roundKeys // nil: no assembly for this processor
	aes  cipher.Block
	buf  [blockBytes]byte
}

// newHasher keys the hash with the first half of the bound session.
func newHasher(bound [32]byte) *hasher {
	return &hasher{keys: newRoundKeys([16]byte(bound[:16])), aes: newAES(bound[:16])}
}

func (h *hasher) permute(x block) block {
	x.store(h.buf[:])
	h.aes.Encrypt(h.buf[:], h.buf[:])
	return loadBlock(h.buf[:])
}

func (h *hasher) sumsPortable(x, t []block) {
	for i := range x {
		p := h.permute(x[i])
		x[i] = h.permute(p.xor(t[i])).xor(p)
	}
}

// sum hashes a single block.
func (h *hasher) sum(x, t block) block {
	b, tweaks := [1]block{x}, [1]block{t}
	h.sums(b[:], tweaks[:])
	return b[0]
}

// newAES takes a key of 16 or 32 bytes, the only lengths used here; no other
// error exists.
func newAES(key []byte) cipher.Block {
	c, err := aes.NewCipher(key)
	if err != nil {
		panic("garble: key length: " + err.Error())
	}
	return c
}

// seed keys a pseudorandom stream.
type seed [16]byte

// expand fills out with the stream of AES-128 in counter mode number index of
// the seed. Streams are below 2^64 blocks, so that they never meet.
func (s seed) expand(index uint64, out []byte) {
	var iv [16]byte
	binary.BigEndian.PutUint64(iv[:], index)
	clear(out)
	cipher.NewCTR(newAES(s[:]), iv[:]).XORKeyStream(out, out)
}
