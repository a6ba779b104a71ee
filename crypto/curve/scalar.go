package curve

import (
	"fmt"
	"io"

	"filippo.io/edwards25519"
)

// Scalar is a secret exponent 8κ with κ in [1, ℓ-1]. The factor 8 removes any
// component of small order from every point it is applied to. The zero value
// is not usable.
type Scalar struct {
	kappa *edwards25519.Scalar
}

// NewScalar draws a uniform scalar from 64 bytes of r. The bias of reducing
// 512 bits mod ℓ is below 2^-250.
func NewScalar(r io.Reader) (Scalar, error) {
	var seed [64]byte
	if _, err := io.ReadFull(r, seed[:]); err != nil {
		return Scalar{}, fmt.Errorf("drawing a scalar: %w", err)
	}
	kappa, err := edwards25519.NewScalar().SetUniformBytes(seed[:])
	if err != nil {
		return Scalar{}, fmt.Errorf("drawing a scalar: %w", err)
	}
	if kappa.Equal(edwards25519.NewScalar()) == 1 {
		return Scalar{}, fmt.Errorf("drawing a scalar: the random source gave a multiple of the group order")
	}
	return Scalar{kappa}, nil
}

// Mul returns the scalar that does the work of s and t together:
// 8·(8κ_s·κ_t mod ℓ).
func (s Scalar) Mul(t Scalar) Scalar {
	k := edwards25519.NewScalar().Multiply(s.kappa, t.kappa)
	return Scalar{timesEight(k)}
}

// Inverse returns the scalar that undoes s on points of prime order:
// 8·((64κ)^-1 mod ℓ).
func (s Scalar) Inverse() Scalar {
	k := timesEight(timesEight(edwards25519.NewScalar().Set(s.kappa)))
	return Scalar{k.Invert(k)}
}

// bytes returns 8κ, little-endian. 8(ℓ-1) needs all 256 bits.
func (s Scalar) bytes() (b [32]byte) {
	var carry byte
	for i, x := range s.kappa.Bytes() {
		b[i] = x<<3 | carry
		carry = x >> 5
	}
	return b
}

// timesEight doubles x three times.
func timesEight(x *edwards25519.Scalar) *edwards25519.Scalar {
	for range 3 {
		x.Add(x, x)
	}
	return x
}
