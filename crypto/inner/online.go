package inner

import (
	"context"
	"fmt"
	"io"
)

// accumulate reads the vector block by block and returns, for each product,
// cell and prime, β = Σ w·b: one multiply-add per entry and prime, whatever the
// number of groups.
func (w *Weights) accumulate(ctx context.Context, index int, vector io.Reader, products []Product) ([][][]uint64, error) {
	primes := len(w.set.primes)
	sums := make([][]acc192, len(products))
	for n, p := range products {
		sums[n] = make([]acc192, p.Weights.groups*primes)
	}
	block := w.set.newPoly()
	buf := make([]byte, w.set.polySize()+8)
	for j := range w.set.Blocks(w.slots) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := w.readPoly(vector, block, buf); err != nil {
			return nil, fmt.Errorf("inner: vector %d: block %d: %w", index, j, err)
		}
		for n, p := range products {
			addBlock(sums[n], block, p.Weights.of(j))
		}
	}
	if err := atEnd(vector); err != nil {
		return nil, fmt.Errorf("inner: vector %d: %w", index, err)
	}
	beta := make([][][]uint64, len(products))
	for n := range sums {
		beta[n] = make([][]uint64, len(sums[n])/primes)
		for cell := range beta[n] {
			beta[n][cell] = make([]uint64, primes)
			for i, q := range w.set.primes {
				beta[n][cell][i] = sums[n][cell*primes+i].mod(q)
			}
		}
	}
	return beta, nil
}

// addBlock multiplies and adds the entries of one block. A block starts at a
// multiple of N, a power of two.
func addBlock(sums []acc192, block poly, entries []Entry) {
	primes := len(block)
	for i, row := range block {
		mask := uint32(len(row) - 1)
		for _, e := range entries {
			sums[int(e.Group)*primes+i].addProduct(e.Weight, row[e.Slot&mask])
		}
	}
}
