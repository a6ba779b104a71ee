package inner

import (
	"errors"
	"fmt"
	"math/big"
	"math/bits"
	"sync"

	"github.com/tuneinsight/lattigo/v5/ring"
)

// maxSlots bounds the slots of one alignment, and with them every allocation
// that depends on the size of the data.
const maxSlots = 1 << 30

// Set is a checked, immutable parameter set. Obtain one from Sets or Choose;
// the zero Set is of no use. Sets may be shared between goroutines.
type Set struct {
	name     string
	n        int // ring degree N
	logN     int
	t        int // T = 2^t, plaintext modulus
	kappa    int // bits of a masked coefficient
	qBits    int // bit length of every prime
	primes   []uint64
	ring     *ring.Ring
	q        *big.Int // product of the primes
	maxL1    *big.Int // largest ‖w‖₁ of a cell within the budget
	maxL1Lim uint128  // the same, for the check of real weights
	consts   constants
}

// description is what a parameter set is made from. The primes are the
// largest below 2^bits that are 1 mod 2N; the test derives them again.
type description struct {
	name            string
	n, t, kappa, qb int
	primes          []uint64
}

// 128-bit classical security with uniform ternary secrets and σ = 3.2 needs
// log Q ≤ 53, 106, 214 for N = 2048, 4096, 8192 (Bossuat et al., Security
// Guidelines for Implementing Homomorphic Encryption, 2024).
func descriptions() []description {
	return []description{
		{"narrow", 2048, 23, 40, 53, []uint64{9007199254614017}},
		{"wide", 4096, 64, 80, 53, []uint64{9007199254429697, 9007199254364161}},
		{"large", 8192, 64, 80, 55, []uint64{36028797018652673, 36028797017571329, 36028797017456641}},
	}
}

var buildSets = sync.OnceValues(func() ([]*Set, error) {
	var sets []*Set
	for _, d := range descriptions() {
		s, err := newSet(d)
		if err != nil {
			return nil, fmt.Errorf("parameter set %s: %w", d.name, err)
		}
		sets = append(sets, s)
	}
	return sets, nil
})

// Sets returns the parameter sets, smallest first: narrow, wide, large.
func Sets() []*Set {
	sets, err := buildSets()
	if err != nil {
		return nil // the primes are constants; the test shows that they build
	}
	return append([]*Set(nil), sets...)
}

// ByName returns the parameter set that an agreed plan names.
func ByName(name string) (*Set, error) {
	for _, s := range Sets() {
		if s.name == name {
			return s, nil
		}
	}
	return nil, errors.New("inner: no parameter set of this name")
}

func newSet(d description) (*Set, error) {
	r, err := ring.NewRing(d.n, d.primes)
	if err != nil {
		return nil, err
	}
	s := &Set{name: d.name, n: d.n, logN: bits.Len(uint(d.n)) - 1, t: d.t, kappa: d.kappa, qBits: d.qb, primes: d.primes, ring: r, q: r.Modulus()}
	s.consts = newConstants(s)
	s.maxL1 = s.budget()
	if s.maxL1.Sign() <= 0 || s.maxL1.BitLen() > 127 {
		return nil, errors.New("the noise budget is empty")
	}
	s.maxL1Lim = fromBig(s.maxL1)
	return s, nil
}

// Name is the set's name as plans and session ids carry it.
func (s *Set) Name() string { return s.name }

// N is the ring degree: the slots in one block.
func (s *Set) N() int { return s.n }

// TBits is t: sums are computed mod T = 2^t, signed.
func (s *Set) TBits() int { return s.t }

// Kappa is the number of bits of a masked coefficient.
func (s *Set) Kappa() int { return s.kappa }

// LogQ is the bit length of the ciphertext modulus Q.
func (s *Set) LogQ() int { return s.q.BitLen() }

// Primes returns the NTT primes whose product is Q.
func (s *Set) Primes() []uint64 { return append([]uint64(nil), s.primes...) }

// ShareBits is t+3, the width of a Share.
func (s *Set) ShareBits() int { return s.t + 3 }

// MaxWeight is the largest ‖w‖₁ = Σ|w| of one cell for which the written
// budget holds.
func (s *Set) MaxWeight() *big.Int { return new(big.Int).Set(s.maxL1) }

// MaxSum is the largest |Σ w·f| that cannot wrap: T/2 − 1, since the noise is
// below 3/8 of a unit.
func (s *Set) MaxSum() *big.Int {
	m := new(big.Int).Lsh(big.NewInt(1), uint(s.t-1))
	return m.Sub(m, big.NewInt(1))
}

// Blocks is the number of ring elements that hold slots values.
func (s *Set) Blocks(slots int) int { return (slots + s.n - 1) / s.n }

// HintSize is the size in bytes of one cell's c1′: N masked coefficients.
func (s *Set) HintSize() int64 { return int64(s.n) * int64(s.kappa/8) }

// AnswerSize is the size in bytes of one cell's y.
func (s *Set) AnswerSize() int64 { return int64(s.kappa / 8) }

// HeaderSize is the size in bytes of b_pk.
func (s *Set) HeaderSize() int64 { return s.polySize() }

// VectorSize is the size in bytes of one encrypted vector of so many slots.
func (s *Set) VectorSize(slots int) int64 { return int64(s.Blocks(slots)) * s.polySize() }

func (s *Set) polySize() int64 { return int64(len(s.primes)) * int64(s.n) * int64(s.qBits) / 8 }

func checkSlots(slots int) error {
	if slots < 1 || slots > maxSlots {
		return fmt.Errorf("inner: number of slots must be from 1 to %d", maxSlots)
	}
	return nil
}
