package history

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// Kind says what a vector counts. Only vectors of a kind are compared, since
// only totals of a kind can be subtracted from each other.
type Kind byte

// Kinds.
const (
	Units Kind = 1 // 1 if the unit is selected, or has a value
	Rows  Kind = 2 // how many rows of the unit are, or have one
	Sums  Kind = 3 // the unit's sum of a measure

	// ByDay, added to one of them, is a hash of on which days the unit has which
	// numbers: in a join on time an answer can change though no sum does.
	ByDay Kind = 8
)

// Mix is a number of 59 bits for what a unit has on a day. It need
// not be secret or hard to invert: it only has to change when one of them does.
func Mix(day, x uint64) int64 {
	h := (day+1)*0xBF58476D1CE4E5B9 ^ x*0x94D049BB133111EB
	for range 2 {
		h = (h ^ h>>31) * 0xD6E8FEB86659FD93
	}
	return int64(h >> 5)
}

// Vector is one number for each unit, sketched.
type Vector struct {
	Kind    Kind
	Support uint64 // units whose number is not 0
	Sketch  *Sketch
	// Withheld: the answer has no number of it, so that it is compared with
	// earlier ones and no later one with it.
	Withheld bool
}

// Selection is what a run selected.
type Selection struct {
	Vectors []*Vector
	// Partly is set when there were more vectors than are kept.
	Partly bool
	// Within is set when two numbers of the question itself are too close to be
	// answered side by side.
	Within bool
	// Combined is set when more of them, added and subtracted, are about too few
	// units.
	Combined bool

	header []byte // once it is finished
}

// Finish brings the vectors into order; they change no more.
func (s *Selection) Finish() {
	if s.header == nil {
		s.sort()
		s.header = s.encode()
	}
}

// Cells is how many cells the sketches have.
func (s *Selection) Cells() int {
	n := 0
	for _, v := range s.Vectors {
		n += len(v.Sketch.cells)
	}
	return n
}

// MaxVectors bounds the vectors of a selection.
const MaxVectors = 512

// sort gives the vectors an order that says nothing of the groups' numbers,
// which change from run to run: the same selection has the same header.
func (s *Selection) sort() {
	slices.SortFunc(s.Vectors, func(a, b *Vector) int {
		if c := cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Support, b.Support)); c != 0 {
			return c
		}
		return bytes.Compare(a.Sketch.Bytes(), b.Sketch.Bytes())
	})
}

// vectorBytes is the length of a vector in a header: kind, log2 of the size,
// support.
const vectorBytes = 1 + 1 + 8

// recorded are the vectors that later selections are compared with.
func (s *Selection) recorded() []*Vector {
	return slices.DeleteFunc(slices.Clone(s.Vectors), func(v *Vector) bool { return v.Withheld })
}

// encode is the vectors without their sketches, of those that are recorded,
// after a digest over all of the selection.
//
//	SHA-256 (32) ‖ partly (1) ‖ vectors × (kind (1) ‖ log2 size (1) ‖ support (8))
func (s *Selection) encode() []byte {
	h := sha256.New()
	b := make([]byte, 32, 33+vectorBytes*len(s.Vectors))
	if s.Partly {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	for _, v := range s.recorded() {
		log := byte(0)
		for v.Sketch.size>>log > 1 {
			log++
		}
		b = append(b, byte(v.Kind), log)
		b = binary.BigEndian.AppendUint64(b, v.Support)
	}
	h.Write(b[32:])
	for _, v := range s.Vectors {
		h.Write([]byte{byte(v.Kind)})
		h.Write(v.Sketch.Bytes())
	}
	h.Sum(b[:0])
	return b
}

func parseHeader(b []byte) (digest [32]byte, vectors []*Vector, sizes []uint32, err error) {
	if len(b) < 33 || (len(b)-33)%vectorBytes != 0 || (len(b)-33)/vectorBytes > MaxVectors {
		return digest, nil, nil, errSketch
	}
	digest = [32]byte(b)
	for b = b[33:]; len(b) > 0; b = b[vectorBytes:] {
		if b[1] > 16 {
			return digest, nil, nil, errSketch
		}
		vectors = append(vectors, &Vector{Kind: Kind(b[0]), Support: binary.BigEndian.Uint64(b[2:])})
		sizes = append(sizes, 1<<b[1])
	}
	return digest, vectors, sizes, nil
}
