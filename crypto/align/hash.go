package align

import (
	"crypto/sha256"
	"encoding/binary"

	"parley/crypto/curve"
	"parley/crypto/wire"
)

// The two hashes below are wire.Sum with the parts that never change written
// once: wire.Sum for each of millions of entries would cost several times
// as much.

// unitHash is Sum(LabelUnit, unit). It is for one goroutine.
type unitHash struct {
	buf   []byte
	fixed int
}

func newUnitHash() *unitHash {
	b := lengthPrefixed(nil, []byte(wire.LabelUnit))
	return &unitHash{b, len(b)}
}

func (h *unitHash) sum(unit []byte) [32]byte {
	h.buf = lengthPrefixed(h.buf[:h.fixed], unit)
	return sha256.Sum256(h.buf)
}

// tagHash is Sum(LabelTag, session, point). It is for one goroutine.
type tagHash struct{ buf []byte }

func newTagHash(session [32]byte) *tagHash {
	b := lengthPrefixed(nil, []byte(wire.LabelTag))
	b = lengthPrefixed(b, session[:])
	return &tagHash{lengthPrefixed(b, make([]byte, curve.Size))}
}

func (h *tagHash) sum(x *curve.Point) [32]byte {
	copy(h.buf[len(h.buf)-curve.Size:], x[:])
	return sha256.Sum256(h.buf)
}

func lengthPrefixed(b, part []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(len(part)))
	return append(b, part...)
}
