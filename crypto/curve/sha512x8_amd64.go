//go:build amd64 && !purego

package curve

import (
	"encoding/binary"

	fp "github.com/cloudflare/circl/math/fp25519"
)

// word8 is one word of each of eight hashes.
type word8 [8]uint64

//go:noescape
func sha512x8(state *[8]word8, block *[16]word8)

// sha512Initial is the initial hash value (FIPS 180-4, section 5.3.5).
var sha512Initial = [8]uint64{
	0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
	0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
}

// fieldHash8 is a fieldHash that takes eight messages of one length at once.
type fieldHash8 struct {
	fieldHash
	initial, padded [8]word8    // the state at first, and after Z_pad
	first, second   [][16]word8 // what is hashed to b_0 after Z_pad, and to b_1
	message         []byte      // what first is made from
	length          int         // of the messages that first has room for
}

func newFieldHash8(tag []byte) hasher {
	f := &fieldHash8{fieldHash: *newFieldHash(tag), length: -1}
	for i, word := range sha512Initial {
		for j := range 8 {
			f.initial[i][j] = word
		}
	}
	f.padded = f.initial
	sha512x8(&f.padded, &[16]word8{})
	f.second = inLanes(padded(append(make([]byte, 64, 128), f.after1...), 0))
	return f
}

func (f *fieldHash8) sums(t []fp.Elt, messages [][]byte) {
	if len(messages) < 8 || !sameLength(messages) {
		f.fieldHash.sums(t, messages)
		return
	}
	f.enter(messages)
	state := f.padded
	for i := range f.first {
		sha512x8(&state, &f.first[i])
	}
	copy(f.second[0][:], state[:]) // b_0
	state = f.initial
	for i := range f.second {
		sha512x8(&state, &f.second[i])
	}
	for j := range t {
		t[j] = reduceWords(state[0][j], state[1][j], state[2][j], state[3][j], state[4][j], state[5][j])
	}
}

// enter puts the messages into first. Only the words that they reach into
// change from one call to the next.
func (f *fieldHash8) enter(messages [][]byte) {
	if n := len(messages[0]); n != f.length {
		f.length = n
		f.message = padded(append(make([]byte, n), f.after0...), 1)
		f.first = inLanes(f.message)
	}
	for j, m := range messages {
		copy(f.message, m)
		for i := range (f.length + 7) / 8 {
			f.first[i/16][i%16][j] = binary.BigEndian.Uint64(f.message[8*i:])
		}
	}
}

// padded appends the padding of SHA-512 (FIPS 180-4, section 5.1.2) to data
// that follows a number of whole blocks.
func padded(data []byte, blocks int) []byte {
	bits := uint64(128*blocks+len(data)) * 8
	data = append(data, 0x80)
	data = append(data, make([]byte, (240-len(data)%128)%128+8)...)
	return binary.BigEndian.AppendUint64(data, bits)
}

// inLanes gives every lane the same blocks.
func inLanes(data []byte) [][16]word8 {
	out := make([][16]word8, len(data)/128)
	for i := range len(data) / 8 {
		for j := range 8 {
			out[i/16][i%16][j] = binary.BigEndian.Uint64(data[8*i:])
		}
	}
	return out
}

func sameLength(messages [][]byte) bool {
	for _, m := range messages {
		if len(m) != len(messages[0]) {
			return false
		}
	}
	return true
}
