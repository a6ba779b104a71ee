package align

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"math/big"
	"math/bits"
	"slices"

	"parley/crypto/wire"
)

// fixed128 is a fraction of one in units of 2^-128.
type fixed128 struct{ hi, lo uint64 }

// cumulative returns, for z = 0 … 2T-1, the probability of at most z under the
// two-sided law Pr[z] ∝ e^(-ε|z-T|) on [0, 2T]. The sums are computed with 320
// bits and cut to 128, so that the law drawn from is within (2T+1)·2^-128 of
// the exact one in total variation.
func cumulative(p Padding) []fixed128 {
	weight := func(z int) int { return max(z-p.T, p.T-z) }
	powers := decayPowers(p.Epsilon, p.T)
	total := newFloat(0)
	for z := range 2*p.T + 1 {
		total.Add(total, powers[weight(z)])
	}
	out := make([]fixed128, 2*p.T)
	sum, scaled := newFloat(0), newFloat(0)
	for z := range out {
		sum.Add(sum, powers[weight(z)])
		scaled.Quo(sum, total)
		out[z] = newFixed128(scaled)
	}
	return out
}

// newFixed128 cuts x to 128 bits. A sum that the precision rounded up to one
// becomes the largest fraction.
func newFixed128(x *big.Float) fixed128 {
	n, _ := newFloat(0).SetMantExp(x, 128).Int(nil)
	if n.BitLen() > 128 {
		return fixed128{math.MaxUint64, math.MaxUint64}
	}
	var b [16]byte
	n.FillBytes(b[:])
	return fixed128{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

const precision = 320

func newFloat(x float64) *big.Float { return new(big.Float).SetPrec(precision).SetFloat64(x) }

// decayPowers returns e^(-ε·d) for d = 0 … n.
func decayPowers(epsilon float64, n int) []*big.Float {
	out := []*big.Float{newFloat(1)}
	step := expNeg(epsilon)
	for d := range n {
		out = append(out, newFloat(0).Mul(out[d], step))
	}
	return out
}

// expNeg computes e^-x for x > 0 by halving the argument below 2^-8, the
// Taylor series, and squaring as often again.
func expNeg(x float64) *big.Float {
	y, halvings := newFloat(-x), 0
	for y.Sign() != 0 && y.MantExp(nil) > -8 {
		y.SetMantExp(y, -1)
		halvings++
	}
	sum, term := newFloat(1), newFloat(1)
	for k := 1; k < 64; k++ { // 2^(-8·64)/64! is below 2^-320
		term.Mul(term, y)
		term.Quo(term, newFloat(float64(k)))
		sum.Add(sum, term)
	}
	for range halvings {
		sum.Mul(sum, sum)
	}
	return sum
}

// sampleZ draws from the law given by its cumulative table: the number of
// entries that a uniform 128-bit fraction has reached. It reads the whole
// table without branching on the fraction.
func sampleZ(r io.Reader, table []fixed128) (int, error) {
	var b [16]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return 0, err
	}
	hi, lo := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	z := uint64(0)
	for _, edge := range table {
		_, borrow := bits.Sub64(lo, edge.lo, 0)
		_, borrow = bits.Sub64(hi, edge.hi, borrow)
		z += 1 - borrow
	}
	return int(z), nil
}

// dummies returns the messages that a side adds to its own units: the peer's
// public list in full, and for each of the 2T places of its own public list
// either that dummy or a fresh random filler, with a uniformly random set of z
// places holding dummies. The random bytes read do not depend on z.
func dummies(cfg Config, random io.Reader) ([][32]byte, error) {
	p := cfg.Padding
	if p.Off {
		return nil, nil
	}
	own, peer := wire.LabelDummyC, wire.LabelDummyP
	if cfg.Role == RoleP {
		own, peer = peer, own
	}
	z, err := sampleZ(random, cumulative(p))
	if err != nil {
		return nil, err
	}
	rank, err := randomRanks(random, 2*p.T)
	if err != nil {
		return nil, err
	}
	out := make([][32]byte, 0, p.added())
	for i := range 2 * p.T {
		out = append(out, dummy(peer, cfg.Session, i))
	}
	for i := range 2 * p.T {
		var fresh [32]byte
		if _, err := io.ReadFull(random, fresh[:]); err != nil {
			return nil, err
		}
		either := [2][32]byte{dummy(own, cfg.Session, i), wire.Sum(wire.LabelFiller, fresh[:])}
		pick := 1
		if rank[i] < z {
			pick = 0
		}
		out = append(out, either[pick])
	}
	return out, nil
}

// dummy is the i-th id of a public list. The session makes the lists of two
// alignments distinct.
func dummy(list wire.Label, session [32]byte, i int) [32]byte {
	return wire.Sum(list, session[:], binary.BigEndian.AppendUint32(nil, uint32(i)))
}

// randomRanks returns a random permutation of 0 … n-1: the ranks of n random
// 128-bit keys, uniform but for a collision, of probability below n²·2^-129.
func randomRanks(r io.Reader, n int) ([]int, error) {
	keys := make([]byte, 16*n)
	if _, err := io.ReadFull(r, keys); err != nil {
		return nil, err
	}
	byKey := make([]int, n)
	for i := range byKey {
		byKey[i] = i
	}
	slices.SortFunc(byKey, func(a, b int) int {
		return bytes.Compare(keys[16*a:16*a+16], keys[16*b:16*b+16])
	})
	rank := make([]int, n)
	for at, i := range byKey {
		rank[i] = at
	}
	return rank, nil
}
