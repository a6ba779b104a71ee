package inner

import (
	"encoding/binary"
	"errors"
)

var errCoefficient = errors.New("coefficient not below its prime")

// packPoly writes the rows of p one after the other, every coefficient in
// qBits bits, lowest bit first. dst has polySize bytes. N is a multiple of 8,
// so that every row ends on a byte.
func (s *Set) packPoly(dst []byte, p poly) {
	rowSize := s.n * s.qBits / 8
	padded := make([]byte, rowSize+8) // whole words may be written at the end
	for i := range p {
		clear(padded)
		for k, c := range p[i] {
			bit := k * s.qBits
			at := padded[bit>>3:]
			binary.LittleEndian.PutUint64(at, binary.LittleEndian.Uint64(at)|c<<(bit&7))
		}
		copy(dst[i*rowSize:], padded[:rowSize])
	}
}

// unpackPoly reads what packPoly wrote and refuses a coefficient that is not
// below its prime: with exact sizes this makes the encoding canonical. src has
// polySize bytes followed by 8 bytes of any content.
func (s *Set) unpackPoly(p poly, src []byte) error {
	rowSize := s.n * s.qBits / 8
	mask := uint64(1)<<s.qBits - 1
	for i, q := range s.primes {
		row, over := src[i*rowSize:], uint64(0)
		for k := range p[i] {
			bit := k * s.qBits
			c := binary.LittleEndian.Uint64(row[bit>>3:]) >> (bit & 7) & mask
			p[i][k] = c
			over |= q - 1 - c // the top bit is set when c ≥ q
		}
		if over>>63 == 1 {
			return errCoefficient
		}
	}
	return nil
}
