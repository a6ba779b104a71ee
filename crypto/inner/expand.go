package inner

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"

	"parley/crypto/wire"
)

// Seed derives the public seed of one alignment and parameter set from the
// alignment's transcript hash. Both sides compute it; nobody sends it. The
// transcript covers the alignment's session, and with it a nonce of either
// side, so that neither side alone chose the elements that follow from it.
func Seed(set *Set, transcript [32]byte) [32]byte {
	return wire.Sum(wire.LabelInnerSeed, transcript[:], []byte(set.name))
}

// DaysSeed is the seed of sessions over days × slots numbers: its elements have
// nothing in common with those of Seed or of another number of days.
func DaysSeed(set *Set, transcript [32]byte, days int) [32]byte {
	return wire.Sum(wire.LabelInnerSeed, transcript[:], []byte(set.name), be64(days))
}

// xof is AES-256 in counter mode from zero under a key that a labelled hash
// made: a stream of bytes for one purpose.
type xof struct {
	stream cipher.Stream
	buf    [2048]byte
	at     int
}

func newXOF(key [32]byte) *xof {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil // a 32-byte key is always accepted
	}
	x := &xof{stream: cipher.NewCTR(block, make([]byte, aes.BlockSize))}
	x.at = len(x.buf)
	return x
}

// word is the next eight bytes, little-endian.
func (x *xof) word() uint64 {
	if x.at == len(x.buf) {
		clear(x.buf[:])
		x.stream.XORKeyStream(x.buf[:], x.buf[:])
		x.at = 0
	}
	w := binary.LittleEndian.Uint64(x.buf[x.at:])
	x.at += 8
	return w
}

// publicKeyElement is a_pk, a uniform element that the seed determines.
func (s *Set) publicKeyElement(seed [32]byte) poly {
	a := s.newPoly()
	s.uniform(newXOF(wire.Sum(wire.LabelInnerKey, seed[:], []byte(s.name))), a)
	return a
}

// blockElement writes a_{v,j} to a: uniform, for vector v and block j.
func (s *Set) blockElement(seed [32]byte, index, block int, a poly) {
	key := wire.Sum(wire.LabelInnerBlock, seed[:], []byte(s.name), be64(index), be64(block))
	s.uniform(newXOF(key), a)
}

// uniform fills a prime by prime, coefficient by coefficient: a word's lowest
// qBits bits are taken when they are below the prime, else the word is dropped.
func (s *Set) uniform(x *xof, a poly) {
	mask := uint64(1)<<s.qBits - 1
	for i, q := range s.primes {
		row := a[i]
		for k := 0; k < len(row); {
			row[k] = x.word() & mask
			if row[k] < q {
				k++
			}
		}
	}
}

// privateXOF is a secret stream under a party's own key, for one purpose and
// position. Positions are used once, so no randomness is used twice.
func privateXOF(key [32]byte, purpose string, set *Set, position ...int) *xof {
	parts := [][]byte{[]byte("inner/" + purpose), key[:], []byte(set.name)}
	for _, p := range position {
		parts = append(parts, be64(p))
	}
	return newXOF(wire.Sum(wire.LabelRandom, parts...))
}

func be64(x int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(x)) }
