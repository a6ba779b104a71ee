package align

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/big"
	"slices"
	"testing"

	"parley/crypto/curve"
	"parley/crypto/wire"
)

// unpack and pack turn a message into its entries and back.
func unpack(b []byte) (list []curve.Point) {
	for ; len(b) > 0; b = b[32:] {
		list = append(list, curve.Point(b[:32]))
	}
	return list
}

func pack(list []curve.Point) []byte {
	var b []byte
	for _, x := range list {
		b = append(b, x[:]...)
	}
	return b
}

// replaced puts x in place of entry i and sorts the list again if it was
// sorted, so that nothing but x itself is wrong.
func replaced(b []byte, i int, x curve.Point, sorted bool) []byte {
	list := unpack(b)
	list[i] = x
	if sorted {
		slices.SortFunc(list, compare)
	}
	return pack(list)
}

var fieldPrime = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))

func toInt(x curve.Point) *big.Int {
	slices.Reverse(x[:])
	return new(big.Int).SetBytes(x[:])
}

func fromInt(n *big.Int) (x curve.Point) {
	n.FillBytes(x[:])
	slices.Reverse(x[:])
	return x
}

// twin returns the point that differs from x by the point of order 2: 1/u.
func twin(x curve.Point) curve.Point {
	return fromInt(new(big.Int).ModInverse(toInt(x), fieldPrime))
}

// twist returns a u-coordinate for which u³+Au²+u is no square.
func twist() curve.Point {
	for n := int64(1000); ; n++ {
		u := big.NewInt(n)
		side := new(big.Int).Add(u, big.NewInt(486662))
		side.Mul(side, u).Add(side, big.NewInt(1)).Mul(side, u).Mod(side, fieldPrime)
		if big.Jacobi(side, fieldPrime) == -1 {
			return fromInt(u)
		}
	}
}

// hostile is one deviation: who sends what wrongly, and the fault the other
// side must find. A nil fault stands for any refusal by the transport.
type hostile struct {
	name   string
	sender Role
	step   wire.Step
	change func(b []byte) []byte
	fault  error
}

// pointCases are the deviations possible in every list of points.
func pointCases(sender Role, step wire.Step, sorted bool) []hostile {
	order8 := curve.Point{0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
		0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00}
	put := func(x curve.Point) func([]byte) []byte {
		return func(b []byte) []byte { return replaced(b, 2, x, sorted) }
	}
	highBit := func(b []byte) []byte {
		x := unpack(b)[2]
		x[31] |= 0x80
		return replaced(b, 2, x, sorted)
	}
	cases := []hostile{
		{"R39 identity", sender, step, put(curve.Point{}), curve.ErrLowOrder},
		{"R39 order 4", sender, step, put(curve.Point{1}), curve.ErrLowOrder},
		{"R39 order 8", sender, step, put(order8), curve.ErrLowOrder},
		{"R39 twist", sender, step, put(twist()), curve.ErrTwist},
		{"R39 p", sender, step, put(fromInt(fieldPrime)), curve.ErrNonCanonical},
		{"R39 high bit", sender, step, highBit, curve.ErrNonCanonical},
		{"R39 truncated", sender, step, func(b []byte) []byte { return b[:len(b)-1] }, nil},
		{"R39 one entry less", sender, step, func(b []byte) []byte { return b[32:] }, nil},
		{"R39 one entry more", sender, step, func(b []byte) []byte { return append(bytes.Clone(b), b[:32]...) }, nil},
	}
	if sorted {
		cases = append(cases,
			hostile{"R38 duplicate", sender, step, func(b []byte) []byte { return replaced(b, 0, unpack(b)[1], true) }, errOrder},
			hostile{"R38 reordered", sender, step, func(b []byte) []byte {
				list := unpack(b)
				last := len(list) - 1
				list[last], list[last-1] = list[last-1], list[last]
				return pack(list)
			}, errOrder})
	}
	return cases
}

// twinCase replaces an entry by another one's twin, which looks distinct but
// is equal to it once raised.
func twinCase(sender Role, step wire.Step, fault error) hostile {
	return hostile{"R38 twin", sender, step, func(b []byte) []byte {
		return replaced(b, 0, twin(unpack(b)[1]), true)
	}, fault}
}

func allCases() (all []hostile) {
	duplicate := func(b []byte) []byte { return replaced(b, 3, unpack(b)[4], false) }
	for _, list := range [][]hostile{
		pointCases(RoleC, stepU, true),
		pointCases(RoleP, stepU, true),
		pointCases(RoleP, stepE, true),
		pointCases(RoleP, stepV, false),
		pointCases(RoleC, stepBack, false),
		pointCases(RoleC, stepS, true),
		{
			twinCase(RoleC, stepU, errDuplicate),
			twinCase(RoleP, stepU, errDuplicate),
			twinCase(RoleC, stepS, errDuplicate),
			{"R38 duplicate", RoleC, stepBack, duplicate, errDuplicate},
			{"R38 duplicate", RoleP, stepV, duplicate, errMissing},
		},
		countCases(),
		tagCases(),
	} {
		all = append(all, list...)
	}
	return all
}

func countCases() (all []hostile) {
	set := func(f func(n uint64) uint64) func([]byte) []byte {
		return func(b []byte) []byte {
			return binary.BigEndian.AppendUint64(nil, f(binary.BigEndian.Uint64(b)))
		}
	}
	for _, c := range []struct {
		name  string
		f     func(uint64) uint64
		fault error
	}{
		{"R39 count above the list", func(uint64) uint64 { return 31 }, errCount},
		{"R48 count 2^63", func(uint64) uint64 { return 1 << 63 }, errCount},
		{"R48 count 2^64-1", func(uint64) uint64 { return 1<<64 - 1 }, errCount},
		{"R39 count one less", func(n uint64) uint64 { return n - 1 }, nil},
		{"R39 count one more", func(n uint64) uint64 { return n + 1 }, nil},
	} {
		all = append(all, hostile{c.name, RoleC, stepCount, set(c.f), c.fault})
	}
	return append(all, hostile{"R39 truncated", RoleC, stepCount, func(b []byte) []byte { return b[:7] }, nil})
}

func tagCases() []hostile {
	const size = 12
	return []hostile{
		{"R38 duplicate", RoleP, stepTags, func(b []byte) []byte {
			b = bytes.Clone(b)
			copy(b[size:2*size], b[:size])
			return b
		}, errOrder},
		{"R38 reordered", RoleP, stepTags, func(b []byte) []byte {
			return append(bytes.Clone(b[size:]), b[:size]...)
		}, errOrder},
		{"R39 other tags", RoleP, stepTags, func(b []byte) []byte {
			b = bytes.Clone(b)
			for i := size - 1; i < len(b); i += size {
				b[i] ^= 1
			}
			return b
		}, errMissing},
		{"R39 truncated", RoleP, stepTags, func(b []byte) []byte { return b[:len(b)-1] }, nil},
	}
}

// Every deviation is refused with one text for the peer and its own reason
// for the log; tests of twist points fail by luck with probability 2^-64.
func TestHostileMessages(t *testing.T) {
	c, p := sets(30, 40, 12, 5)
	for _, h := range allCases() {
		x := newPair(t, off, len(c), len(p))
		end, tampered := x.endC, false
		if h.sender == RoleP {
			end = x.endP
		}
		end.Tamper = func(step wire.Step, b []byte) []byte {
			if step != h.step {
				return b
			}
			tampered = true
			return h.change(b)
		}
		x.run(t.Context(), c, p)
		victim := x.errP
		if h.sender == RoleP {
			victim = x.errC
		}
		name := string(h.step) + " " + h.name
		switch {
		case !tampered:
			t.Errorf("%s: nothing was changed", name)
		case victim == nil:
			t.Errorf("%s: accepted", name)
		case h.fault != nil && (!errors.Is(victim, ErrRefused) || !errors.Is(victim, h.fault)):
			t.Errorf("%s: got %v, want %v", name, victim, h.fault)
		}
	}
}

// A side that puts a shared unit into S, to learn whether P has it, is found
// out: the unit's tag then comes twice.
func TestSharedUnitInS(t *testing.T) {
	c, p := sets(30, 40, 12, 5)
	x := newPair(t, off, len(c), len(p))
	honest := make(chan error, 1)
	go func() {
		_, err := Run(t.Context(), x.endP, x.p, each(p))
		honest <- err
	}()
	cheat(t, x, c)
	if err := <-honest; !errors.Is(err, errDuplicate) {
		t.Errorf("got %v", err)
	}
}

// cheat plays C up to S, with all of E in S.
func cheat(t *testing.T, x *pair, units [][]byte) {
	t.Helper()
	secret, err := newSecrets(x.c)
	if err != nil {
		t.Fatal(err)
	}
	raised := func(list []curve.Point, k curve.Scalar) []curve.Point {
		out := make([]curve.Point, len(list))
		if err := curve.ExpInto(t.Context(), out, list, k, nil); err != nil {
			t.Fatal(err)
		}
		return out
	}
	send := func(step wire.Step, b []byte) {
		if err := wire.SendBytes(t.Context(), x.endC, step, b); err != nil {
			t.Fatal(err)
		}
	}
	receive := func(step wire.Step, n int) []curve.Point {
		b, err := wire.RecvBytes(t.Context(), x.endC, step, int64(n)*curve.Size)
		if err != nil {
			t.Fatal(err)
		}
		return unpack(b)
	}
	u := raised(hashed(t, x.c.Session, units), secret.k)
	slices.SortFunc(u, compare)
	send(stepU, pack(u))
	send(stepBack, pack(raised(receive(stepU, x.c.Peer), secret.k.Mul(secret.m))))
	s := raised(receive(stepE, x.c.Own), secret.m)
	slices.SortFunc(s, compare)
	send(stepCount, binary.BigEndian.AppendUint64(nil, uint64(len(s))))
	send(stepS, pack(s))
}

func compare(a, b curve.Point) int { return bytes.Compare(a[:], b[:]) }

// hashed hashes units to the curve.
func hashed(t testing.TB, session [32]byte, units [][]byte) []curve.Point {
	t.Helper()
	out := make([]curve.Point, len(units))
	tag := append([]byte(wire.LabelHashToCurve), session[:]...)
	err := curve.HashToCurve(t.Context(), out, tag, func(i int) []byte {
		b := wire.Sum(wire.LabelUnit, units[i])
		return b[:]
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
