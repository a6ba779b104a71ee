package history

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"math/bits"

	"parley/crypto/wire"
)

// prime is 2^61-1; the sketch adds and multiplies modulo it.
const prime = 1<<61 - 1

func reduce(x uint64) uint64 {
	x = x&prime + x>>61
	if x >= prime {
		x -= prime
	}
	return x
}

func add(a, b uint64) uint64 { return reduce(a + b) }

func sub(a, b uint64) uint64 { return reduce(a + prime - b) }

func mul(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return reduce(reduce(lo) + reduce(hi<<3))
}

func inverse(a uint64) uint64 {
	out, e := uint64(1), uint64(prime-2)
	for ; e > 0; e >>= 1 {
		if e&1 == 1 {
			out = mul(out, a)
		}
		a = mul(a, a)
	}
	return out
}

// of maps an integer to the field. Numbers of 2^60 and more, which no declared
// bound allows, are hashed: equal ones stay equal and none becomes 0.
func of(x int64) uint64 {
	switch {
	case x >= 1<<60 || x <= -1<<60:
		h := uint64(x) * 0x9E3779B97F4A7C15
		return 1 + (h^h>>29)%(prime-1)
	case x < 0:
		return prime - uint64(-x)
	}
	return uint64(x)
}

// Hasher turns units into keyed numbers, and these into places in a sketch.
type Hasher struct {
	key   [32]byte
	block cipher.Block
}

// NewHasher returns one for a secret key.
func NewHasher(key [32]byte) *Hasher {
	sum := wire.Sum(wire.LabelSketch, key[:])
	block, err := aes.NewCipher(sum[:16])
	if err != nil {
		panic(err) // 16 bytes are a key
	}
	return &Hasher{key: key, block: block}
}

// Unit is the number of a unit: the same in every version of the data.
func (h *Hasher) Unit(unit []byte) uint64 {
	sum := wire.Sum(wire.LabelSelected, h.key[:], unit)
	return reduce(binary.BigEndian.Uint64(sum[:]))
}

const hashes = 4

// Place is where a unit stands in every sketch: its cells, and what tells that
// a cell holds it.
type Place struct {
	at        [hashes]uint16
	id, check uint64
}

// Placer finds places one after the other. It is for one goroutine.
type Placer struct {
	block cipher.Block
	in    [aes.BlockSize]byte
	out   [aes.BlockSize]byte
}

// Placer returns a new one.
func (h *Hasher) Placer() *Placer { return &Placer{block: h.block} }

// Of is the place of a unit's number: 16 bits of a keyed permutation for each
// part, which is as large as a part gets, and 64 for the check.
func (p *Placer) Of(id uint64) Place {
	binary.BigEndian.PutUint64(p.in[:], id)
	p.block.Encrypt(p.out[:], p.in[:])
	out := Place{id: id, check: reduce(binary.BigEndian.Uint64(p.out[2*hashes:]))}
	for i := range out.at {
		out.at[i] = binary.BigEndian.Uint16(p.out[2*i:])
	}
	return out
}

// Sketch is the linear sketch of one vector. Its four parts have size cells
// each; a unit is in one cell of every part.
type Sketch struct {
	size  uint32 // a power of two
	cells []cell
}

// cell holds the sums of x, x·id and x·check over its units.
type cell struct{ x, id, check uint64 }

// SizeFor is the cells of a part in sketches that tell 1 to k-1 differences
// from k and more: 4·SizeFor(k) cells in all decode 2k differences.
func SizeFor(k int) uint32 {
	size := uint32(64)
	for int(size) < k && size < 1<<16 {
		size *= 2
	}
	return size
}

// NewSketch returns the sketch of zeros.
func NewSketch(size uint32) *Sketch { return &Sketch{size, make([]cell, hashes*size)} }

// Add adds x to the number of the unit at a place.
func (s *Sketch) Add(p *Place, x int64) { s.add(p, of(x)) }

func (s *Sketch) add(p *Place, x uint64) {
	xid, xcheck := p.id, p.check
	if x != 1 {
		xid, xcheck = mul(x, p.id), mul(x, p.check)
	}
	for i, place := range p.at {
		c := &s.cells[uint32(i)*s.size+uint32(place)&(s.size-1)]
		c.x, c.id, c.check = add(c.x, x), add(c.id, xid), add(c.check, xcheck)
	}
}

// combine is s + sign·t, for sign 1 or -1.
func (s *Sketch) combine(t *Sketch, sign int) *Sketch {
	out := NewSketch(s.size)
	op := add
	if sign < 0 {
		op = sub
	}
	for i, c := range s.cells {
		d := t.cells[i]
		out.cells[i] = cell{op(c.x, d.x), op(c.id, d.id), op(c.check, d.check)}
	}
	return out
}

// Verdict is how a difference compares with k.
type Verdict int

// Verdicts. Close also stands for what cannot be decoded though few cells are
// taken: it might be few.
const (
	Same  Verdict = iota // no unit
	Close                // 1 to k-1 units
	Far                  // k units or more
)

// judge counts the units of a difference that are not 0. s is used up.
func (s *Sketch) judge(h *Hasher, k int) Verdict {
	taken := 0
	for _, c := range s.cells {
		if c != (cell{}) {
			taken++
		}
	}
	switch {
	case taken == 0:
		return Same
	case taken > hashes*(k-1): // each unit takes at most so many cells
		return Far
	}
	found := s.peel(h)
	for _, c := range s.cells {
		if c != (cell{}) {
			return Close
		}
	}
	if found >= k {
		return Far
	}
	return Close
}

// peel takes out the units that are alone in a cell, until there is none, and
// counts them. Each one found frees cells for others; work is bounded, since a
// sketch that was tampered with must not keep it going.
func (s *Sketch) peel(h *Hasher) int {
	found, places := 0, h.Placer()
	for again := true; again && found <= len(s.cells); {
		again = false
		for i := range s.cells {
			c := s.cells[i]
			if c.x == 0 {
				continue
			}
			at := places.Of(mul(c.id, inverse(c.x)))
			part := uint32(i) / s.size
			if part*s.size+uint32(at.at[part])&(s.size-1) != uint32(i) || mul(c.x, at.check) != c.check {
				continue
			}
			s.add(&at, sub(0, c.x))
			found++
			again = true
		}
	}
	return found
}

// Bytes is the sketch at its fixed length: 24 bytes a cell, big-endian.
func (s *Sketch) Bytes() []byte {
	b := make([]byte, 0, 24*len(s.cells))
	for _, c := range s.cells {
		b = binary.BigEndian.AppendUint64(b, c.x)
		b = binary.BigEndian.AppendUint64(b, c.id)
		b = binary.BigEndian.AppendUint64(b, c.check)
	}
	return b
}

var errSketch = errors.New("a stored sketch is damaged")

func parseSketch(b []byte, size uint32) (*Sketch, error) {
	if size == 0 || size&(size-1) != 0 || size > 1<<16 || len(b) != int(24*hashes*size) {
		return nil, errSketch
	}
	s := NewSketch(size)
	for i := range s.cells {
		c := cell{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b[16:])}
		if c.x >= prime || c.id >= prime || c.check >= prime {
			return nil, errSketch
		}
		s.cells[i], b = c, b[24:]
	}
	return s, nil
}

// Near tells whether two vectors that may both be released, having k units at
// least, differ by 1 to k-1 units.
func (h *Hasher) Near(a, b *Vector, k int) bool {
	if min(a.Support, b.Support) < uint64(k) || max(a.Support, b.Support)-min(a.Support, b.Support) >= uint64(k) {
		return false
	}
	return a.Sketch.combine(b.Sketch, -1).judge(h, k) == Close
}
