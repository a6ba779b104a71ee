package garble

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/cloudflare/circl/group"
)

// TestBasePoints refuses what RFC 9496, appendix A.3, lists as invalid, and
// the identity; the generator and its double (appendix A.1) are accepted.
func TestBasePoints(t *testing.T) {
	for _, bad := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000", // identity
		// not reduced
		"00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0100000000000000000000000000000000000000000000000000000000000080",
		"0000000000000000000000000000000000000000000000000000000000000080",
		// negative
		"0100000000000000000000000000000000000000000000000000000000000000",
		"01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20",
		"c34c4e1826e5d403b78e246e88aa051c36ccf0aafebffe137d148a2bf9104562",
		// no square
		"26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
		"4eac077a713c57b4f4397629a4145982c661f48044dd3f96427d40b147d9742f",
		// negative xy
		"3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
		"a45fdc55c76448c049a1ab33f17023edfb2be3581e9c7aade8a6125215e04220",
		// y = 0
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		// one byte short
		"e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d",
	} {
		b, err := hex.DecodeString(bad)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := readPoint(b); ok {
			t.Errorf("accepted %s", bad)
		}
	}
	for _, good := range []string{
		"e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
		"6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
	} {
		b, _ := hex.DecodeString(good)
		p, ok := readPoint(b)
		if !ok {
			t.Fatalf("refused %s", good)
		}
		if again, _ := p.MarshalBinary(); !bytes.Equal(again, b) {
			t.Fatalf("%s encodes to %x", good, again)
		}
	}
}

// baseTransfers runs the 128 base transfers.
func baseTransfers(t *testing.T, r rng, s block) (*pairs, *chosen) {
	t.Helper()
	bound := [32]byte{3}
	sender, a, err := newBaseSender(r)
	if err != nil {
		t.Fatal(err)
	}
	receiver, b, ok, err := newBaseReceiver(s, a, r)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	e, ok := sender.answer(b)
	if !ok || len(e) != sealedBytes {
		t.Fatalf("refused, or %d bytes", len(e))
	}
	strings, ok := receiver.finish(e)
	if !ok {
		t.Fatal("seeds do not open")
	}
	pairs := (&sentBase{strings: sender.strings}).pairs(bound)
	return &pairs, (&receivedBase{choices: s, strings: strings}).chosen(bound)
}

func TestBaseTransfers(t *testing.T) {
	r := newRNG(50)
	s := r.block()
	sender, receiver := baseTransfers(t, r, s)
	for i, got := range receiver.seeds {
		x := s.bit(i)
		if got != sender[i][x] || got == sender[i][1-x] {
			t.Fatalf("transfer %d does not carry the seed chosen, alone", i)
		}
	}
}

// TestSeededGroup: points come from the given randomness and from nothing else.
func TestSeededGroup(t *testing.T) {
	first, second, other := newSeededGroup([64]byte{51}), newSeededGroup([64]byte{51}), newSeededGroup([64]byte{52})
	x := first.RandomNonZeroScalar(nil)
	if !x.IsEqual(second.RandomNonZeroScalar(nil)) || x.IsEqual(other.RandomNonZeroScalar(nil)) || x.IsZero() {
		t.Fatal("scalars do not follow the randomness")
	}
	if _, ok := any(first).(group.Group); !ok {
		t.Fatal("not a group")
	}
}

func packed(r rng, n int) []byte {
	b := make([]byte, columnBlocks(n)*blockBytes)
	r.Read(b)
	return b
}

// offer makes a message and its rows in new buffers.
func offer(p *pairs, bound [32]byte, batch uint64, choices []byte, n int) (msg []byte, rows []block) {
	msg, rows = make([]byte, offerBytes(n)), make([]block, n)
	p.offer(bound, batch, choices, msg, make([]byte, columnsBytes(n)), rows)
	return msg, rows
}

// accept reads a message into new buffers.
func accept(c *chosen, bound [32]byte, batch uint64, msg []byte, n int) ([]block, bool) {
	rows := make([]block, n)
	ok := c.accept(bound, batch, msg, make([]byte, columnsBytes(n)), rows)
	return rows, ok
}

func at(b []byte, j int) uint64 { return uint64(b[j/8] >> (j % 8) & 1) }

// TestExtension checks q_j = t_j ^ r_j*s on every row and the labels carried.
func TestExtension(t *testing.T) {
	r := newRNG(53)
	s := r.block()
	sender, receiver := baseTransfers(t, r, s)
	bound := [32]byte{3}
	for batch, n := range []int{1, 127, 128, 129, 1000} {
		choices := packed(r, n)
		msg, rows := offer(sender, bound, uint64(batch), choices, n)
		got, ok := accept(receiver, bound, uint64(batch), msg, n)
		if !ok || len(msg) != offerBytes(n) || len(rows) != n || len(got) != n {
			t.Fatalf("%d rows: accepted %v, %d bytes", n, ok, len(msg))
		}
		w := &worker{hash: newHasher(bound), x: make([]block, 2*n), t: make([]block, 2*n)}
		delta, zeros, held := r.block(), make([]block, n), make([]block, n)
		bits, corrections := make(bitlist, n), make([]byte, n*blockBytes)
		for j := range n {
			bits[j] = at(choices, j)
			if got[j] != rows[j].xor(s.times(bits[j])) {
				t.Fatalf("row %d of %d", j, n)
			}
		}
		w.correct(got, s, delta, 1, zeros, corrections)
		w.choose(rows, bits, corrections, 1, held)
		for j := range n {
			if held[j] != zeros[j].xor(delta.times(bits[j])) {
				t.Fatalf("label %d of %d", j, n)
			}
		}
	}
}

// TestExtensionBatchesAreBound: a message of one batch or session is no
// message of another.
func TestExtensionBatchesAreBound(t *testing.T) {
	r := newRNG(54)
	s := r.block()
	sender, receiver := baseTransfers(t, r, s)
	bound := [32]byte{3}
	msg, _ := offer(sender, bound, 0, packed(r, 100), 100)
	if _, ok := accept(receiver, bound, 1, msg, 100); ok {
		t.Error("accepted in another batch")
	}
	if _, ok := accept(receiver, [32]byte{4}, 0, msg, 100); ok {
		t.Error("accepted in another session")
	}
}

// cheat makes the message of a receiver that uses other bits r in some
// columns, with a check computed as well as it can.
func cheat(sender *pairs, choices []byte, n int, wrong map[int]int) []byte {
	bound := [32]byte{3}
	size := len(choices)
	msg, _ := offer(sender, bound, 0, choices, n)
	columns := make([]byte, baseOTs*size)
	for i := range baseOTs {
		sender[i][0].column(bound, 0, columns[i*size:(i+1)*size])
		if row, ok := wrong[i]; ok {
			msg[i*size+row/8] ^= 1 << (row % 8)
		}
	}
	prove(bound, 0, msg, columns, choices)
	return msg
}

// TestCheatingReceiver: with a wrong bit in one column the check passes only
// when s is 0 there, which is the guess the check leaves; with wrong bits in
// 40 columns it passes with probability 2^-40.
func TestCheatingReceiver(t *testing.T) {
	r := newRNG(55)
	s := r.block()
	sender, receiver := baseTransfers(t, r, s)
	const n = 300
	choices := packed(r, n)
	for i := range baseOTs {
		msg := cheat(sender, choices, n, map[int]int{i: i})
		if _, ok := accept(receiver, [32]byte{3}, 0, msg, n); ok != (s.bit(i) == 0) {
			t.Fatalf("column %d, s %d: accepted %v", i, s.bit(i), ok)
		}
	}
	many := map[int]int{}
	for i := range 40 {
		many[3*i] = 7
	}
	if _, ok := accept(receiver, [32]byte{3}, 0, cheat(sender, choices, n, many), n); ok {
		t.Fatal("a receiver that cheats in 40 columns was accepted")
	}
}

// TestCheckHidesChoices: equal rows with other masking rows show another x.
func TestCheckHidesChoices(t *testing.T) {
	r := newRNG(56)
	a := packed(r, 128)
	b := bytes.Clone(a)
	r.Read(b[blockBytes:])
	h := newLinearHash([16]byte{1}, len(a))
	if h.sum(a) == h.sum(b) {
		t.Fatal("the masking rows do not enter the check")
	}
}

// TestLinearHash: U is linear, and is the polynomial of NIST SP 800-38D on a
// block it is easy to compute by hand.
func TestLinearHash(t *testing.T) {
	r := newRNG(57)
	h := newLinearHash([16]byte{1, 2, 3}, 48)
	for range 50 {
		a, b, sum := make([]byte, 48), make([]byte, 48), make([]byte, 48)
		r.Read(a)
		r.Read(b)
		for i := range sum {
			sum[i] = a[i] ^ b[i]
		}
		x, y, z := h.sum(a), h.sum(b), h.sum(sum)
		for i := range x {
			if x[i]^y[i] != z[i] {
				t.Fatal("not linear")
			}
		}
		if x == ([16]byte{}) {
			t.Fatal("hash of a random string is zero") // 2^-128 a try
		}
	}
	// The unit is the bit 0x80 of the first byte. In the last block it is
	// multiplied by the key H = AES(0) twice.
	unit := make([]byte, 48)
	unit[32] = 0x80
	var key [16]byte
	newAES([]byte{1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}).Encrypt(key[:], key[:])
	if got := h.sum(unit); got != fieldMul(key, key) {
		t.Fatalf("got %x, want %x", got, fieldMul(key, key))
	}
}

// fieldMul multiplies in GF(2^128) bit by bit (SP 800-38D, algorithm 1).
func fieldMul(x, y [16]byte) (z [16]byte) {
	for i := range 128 {
		if x[i/8]>>(7-i%8)&1 == 1 {
			for j := range z {
				z[j] ^= y[j]
			}
		}
		low := y[15] & 1
		for j := 15; j > 0; j-- {
			y[j] = y[j]>>1 | y[j-1]<<7
		}
		y[0] >>= 1
		y[0] ^= 0xe1 * low
	}
	return z
}

func TestTranspose(t *testing.T) {
	r := newRNG(58)
	const n = 200
	columns := make([]byte, baseOTs*columnBlocks(n)*blockBytes)
	r.Read(columns)
	size := len(columns) / baseOTs
	rows := make([]block, n)
	transpose(columns, rows)
	for j, row := range rows {
		for i := range baseOTs {
			if row.bit(i) != at(columns[i*size:], j) {
				t.Fatalf("row %d, column %d", j, i)
			}
		}
	}
}
