package curve

import (
	"context"
	"crypto/sha3"
	"encoding/binary"
	"sync"

	fp "github.com/cloudflare/circl/math/fp25519"
)

// subsets is the number of random subsets whose products Validate tests. A
// list with twist points passes with probability 2^-subsets.
const subsets = 64

// Validate returns an error unless every point is canonically encoded, not of
// low order, and on the curve rather than its twist: ErrNonCanonical,
// ErrLowOrder or ErrTwist, without saying which point. seed must be secret and
// random, drawn for this call, and unknown to whoever sent the points.
//
// u is on the curve when u³+Au²+u is a square. That character is
// multiplicative, so the product over a random subset of a list with at least
// one twist point is a non-square with probability 1/2. Validate takes 64 such
// products, four points at a time from a table of their 16 products: 24
// multiplications a point in place of an exponentiation with 265, and an error
// probability of 2^-64 whatever the list.
func Validate(ctx context.Context, points []Point, seed [32]byte, report Progress) error {
	var mu sync.Mutex
	var total products
	total.reset()
	err := inChunks(ctx, len(points), report, func(index, lo, hi int) error {
		if err := encodings(points[lo:hi]); err != nil {
			return err
		}
		part := chunkProducts(points[lo:hi], seed, index)
		mu.Lock()
		defer mu.Unlock()
		total.mul(&part)
		return nil
	})
	if err != nil {
		return err
	}
	return total.check()
}

// encodings checks what can be seen from the bytes.
func encodings(points []Point) error {
	for i := range points {
		if !points[i].canonical() {
			return ErrNonCanonical
		}
		if points[i].lowOrder() {
			return ErrLowOrder
		}
	}
	return nil
}

// products holds one product for each subset.
type products [subsets]fp.Elt

func (p *products) reset() {
	for i := range p {
		p[i] = elt(1)
	}
}

func (p *products) mul(q *products) {
	for i := range p {
		fp.Mul(&p[i], &p[i], &q[i])
	}
}

func (p *products) check() error {
	for i := range p {
		if isSquare(&p[i]) == 0 {
			return ErrTwist
		}
	}
	return nil
}

// chunkProducts multiplies the right-hand sides of one chunk into its random
// subsets, which are drawn from the seed and the number of the chunk. Points
// are public: table indices may follow the random bits.
func chunkProducts(points []Point, seed [32]byte, index int) (p products) {
	p.reset()
	xof := sha3.NewSHAKE128()
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], uint64(index))
	xof.Write(seed[:])
	xof.Write(number[:])
	for len(points) > 0 {
		n := min(4, len(points))
		table := productTable(points[:n])
		points = points[n:]
		var bits [subsets / 2]byte
		xof.Read(bits[:])
		for i, b := range bits {
			fp.Mul(&p[2*i], &p[2*i], &table[b&15])
			fp.Mul(&p[2*i+1], &p[2*i+1], &table[b>>4])
		}
	}
	return p
}

// productTable returns, for each set of up to four points given as bits, the
// product of their right-hand sides.
func productTable(points []Point) (table [16]fp.Elt) {
	table[0] = elt(1)
	for j := range 4 {
		side := elt(1)
		if j < len(points) {
			side = rightSide((*fp.Elt)(&points[j]))
		}
		for k := range 1 << j {
			fp.Mul(&table[1<<j|k], &table[k], &side)
		}
	}
	return table
}

// rightSide returns u³+Au²+u, which is zero for u = 0 only.
func rightSide(u *fp.Elt) fp.Elt {
	a, one := elt(curveA), elt(1)
	var g fp.Elt
	fp.Add(&g, u, &a)
	fp.Mul(&g, &g, u)
	fp.Add(&g, &g, &one)
	fp.Mul(&g, &g, u)
	return g
}
