package noise

import (
	"bufio"
	"fmt"
	"io"
	"math/big"
)

// Source turns uniform bytes into exact choices. It is not safe for concurrent
// use.
type Source struct {
	in  *bufio.Reader
	buf []byte
}

// NewSource reads from rnd, crypto/rand's Reader in production, some bytes
// ahead of what is used.
func NewSource(rnd io.Reader) *Source { return &Source{in: bufio.NewReaderSize(rnd, 1024)} }

// below returns a uniform number below n > 0: of as many bits as n−1 has, the
// first one that is small enough.
func (s *Source) below(n *big.Int) (*big.Int, error) {
	most := new(big.Int).Sub(n, one)
	width := most.BitLen()
	if width == 0 {
		return most, nil
	}
	size := (width + 7) / 8
	if cap(s.buf) < size {
		s.buf = make([]byte, size)
	}
	b := s.buf[:size]
	for {
		if _, err := io.ReadFull(s.in, b); err != nil {
			return nil, fmt.Errorf("randomness for noise: %w", err)
		}
		b[0] &= 0xff >> (8*size - width)
		if x := new(big.Int).SetBytes(b); x.Cmp(n) < 0 {
			return x, nil
		}
	}
}

// chance is true with probability n/d, 0 ≤ n ≤ d.
func (s *Source) chance(n, d *big.Int) (bool, error) {
	x, err := s.below(d)
	return err == nil && x.Cmp(n) < 0, err
}

// chanceExp is true with probability exp(−n/d), n ≥ 0 (Algorithm 1).
func (s *Source) chanceExp(n, d *big.Int) (bool, error) {
	whole, rest := new(big.Int).QuoRem(n, d, new(big.Int))
	// It stops at the first false, after 1.6 rounds on average.
	for ; whole.Sign() > 0; whole.Sub(whole, one) {
		if ok, err := s.chanceExpOne(one, one); !ok || err != nil {
			return false, err
		}
	}
	return s.chanceExpOne(rest, d)
}

// chanceExpOne is true with probability exp(−n/d), 0 ≤ n/d ≤ 1.
func (s *Source) chanceExpOne(n, d *big.Int) (bool, error) {
	divisor := new(big.Int).Set(d)
	for k := 1; ; k++ {
		ok, err := s.chance(n, divisor)
		if err != nil {
			return false, err
		}
		if !ok {
			return k%2 == 1, nil
		}
		divisor.Add(divisor, d) // d·(k+1)
	}
}

var one = big.NewInt(1)
