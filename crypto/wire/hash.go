package wire

import (
	"crypto/sha256"
	"encoding/binary"
)

// Sum is SHA-256 over the label and the parts, each preceded by its length as
// eight big-endian bytes, so that no two lists of parts collide by shifting
// bytes from one part to the next.
func Sum(l Label, parts ...[]byte) [32]byte {
	h := sha256.New()
	var n [8]byte
	write := func(b []byte) {
		binary.BigEndian.PutUint64(n[:], uint64(len(b)))
		h.Write(n[:])
		h.Write(b)
	}
	write([]byte(l))
	for _, p := range parts {
		write(p)
	}
	return [32]byte(h.Sum(nil))
}
