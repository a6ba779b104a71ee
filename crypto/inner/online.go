package inner

import (
	"context"
	"fmt"
	"io"
)

// accumulate reads the vector block by block and returns, for each cell and
// prime, β = Σ w·b: one multiply-add per entry and prime, whatever the number
// of groups. The result is indexed [cell][prime].
func (w *Weights) accumulate(ctx context.Context, index int, vector io.Reader, p *layout) ([][]uint64, error) {
	primes := len(w.set.primes)
	sums := make([]acc192, p.cells*primes)
	block := w.set.newPoly()
	buf := make([]byte, w.set.polySize()+8)
	for j := range p.blocks {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := w.readPoly(vector, block, buf); err != nil {
			return nil, fmt.Errorf("inner: vector %d: block %d: %w", index, j, err)
		}
		for batch := range p.batches {
			w.addBlock(sums, block, j, p.bucket(batch, j))
		}
	}
	if err := atEnd(vector); err != nil {
		return nil, fmt.Errorf("inner: vector %d: %w", index, err)
	}
	beta := make([][]uint64, p.cells)
	for cell := range beta {
		beta[cell] = make([]uint64, primes)
		for i, q := range w.set.primes {
			beta[cell][i] = sums[cell*primes+i].mod(q)
		}
	}
	return beta, nil
}

func (w *Weights) addBlock(sums []acc192, block poly, j int, terms []term) {
	first, primes := uint32(j*w.set.n), len(block)
	for i, row := range block {
		for rest := terms; len(rest) > 0; {
			cell := rest[0].cell
			sum := sums[int(cell)*primes+i] // kept in registers while the cell lasts
			for len(rest) > 0 && rest[0].cell == cell {
				sum.addProduct(rest[0].weight, row[rest[0].slot-first])
				rest = rest[1:]
			}
			sums[int(cell)*primes+i] = sum
		}
	}
}
