package inner

import (
	"context"
	"errors"
	"io"
	"runtime"

	"github.com/tuneinsight/lattigo/v5/ring"
)

// Hints is what the weight holder computes from its weights alone, before or
// without any value: hint_g = Σ_j M_{g,j}·a_j for every cell, with the
// entries in order. It may be kept and used in later sessions of the same
// alignment, seed, parameter set and vector index while the dataset version
// and the weights stay the same. It is as secret as the weights.
type Hints struct {
	set   *Set
	slots int
	seed  [32]byte
	index int
	plan  *layout
	polys [][]poly // [batch][cell in batch]
}

// Size is the memory in bytes that the hints hold: 8·N·L a cell and 16 an
// entry.
func (h *Hints) Size() int64 {
	return int64(h.plan.cells)*int64(8*h.set.n*len(h.set.primes)) + 16*int64(len(h.plan.terms))
}

// Prepare computes the hints of the products for one vector index. Multiply
// does the same in batches without keeping them.
func (w *Weights) Prepare(ctx context.Context, index int, products [][]Entry, groups int) (*Hints, error) {
	p, err := w.arrange(products, groups)
	if err != nil {
		return nil, err
	}
	h := &Hints{set: w.set, slots: w.slots, seed: w.seed, index: index, plan: p, polys: make([][]poly, p.batches)}
	err = parallel(ctx, p.batches, runtime.GOMAXPROCS(0), func(batch int) (err error) {
		h.polys[batch], err = w.hintBatch(ctx, index, p, batch)
		return err
	})
	if err != nil {
		return nil, err
	}
	return h, nil
}

// MultiplyPrepared is Multiply with hints from Prepare: the online part. Every
// use re-randomises afresh.
func (w *Weights) MultiplyPrepared(ctx context.Context, vector io.Reader, h *Hints) ([][]Cell, error) {
	if h.set != w.set || h.slots != w.slots || h.seed != w.seed {
		return nil, errors.New("inner: the hints belong to another alignment or parameter set")
	}
	return w.run(ctx, h.index, vector, h.plan, func(batch int) ([]poly, error) { return h.polys[batch], nil })
}

// sparse tells which of two ways to compute hints: an addition per entry, or a
// transform per cell and block, worth about 8 additions. It looks at declared
// sizes only: a choice by the data would show in the time taken.
func (w *Weights) sparse(groups int) bool { return min(w.slots, w.set.n) < 8*groups }

// hintBatch returns the hints of one batch of cells, as coefficients. Where
// there are fewer batches than processors the blocks are shared out too.
func (w *Weights) hintBatch(ctx context.Context, index int, p *layout, batch int) ([]poly, error) {
	count := min(p.perBatch, p.cells-batch*p.perBatch)
	parts := min(max(1, runtime.GOMAXPROCS(0)/p.batches), p.blocks)
	sums := make([][]poly, parts)
	err := parallel(ctx, parts, parts, func(part int) error {
		hints := make([]poly, count)
		for i := range hints {
			hints[i] = w.set.newPoly()
		}
		sums[part] = hints
		from, to := part*p.blocks/parts, (part+1)*p.blocks/parts
		return w.addBlocks(ctx, index, p, batch, from, to, hints)
	})
	if err != nil {
		return nil, err
	}
	for _, more := range sums[1:] {
		for c := range more {
			for i, r := range w.set.ring.SubRings {
				r.Add(sums[0][c][i], more[c][i], sums[0][c][i])
			}
		}
	}
	return sums[0], nil
}

func (w *Weights) addBlocks(ctx context.Context, index int, p *layout, batch, from, to int, hints []poly) error {
	a, mask := w.set.newPoly(), w.set.newPoly()
	sparse := w.sparse(p.groups)
	for j := from; j < to; j++ {
		w.set.blockElement(w.seed, index, j, a)
		terms := p.bucket(batch, j)
		if sparse {
			if err := ctx.Err(); err != nil {
				return err
			}
			for _, t := range terms {
				w.addShifted(hints[int(t.cell)-batch*p.perBatch], a, int(t.slot)-j*w.set.n, t.weight)
			}
			continue
		}
		w.set.ntt(a)
		w.set.toMont(a)
		for c := range hints {
			if err := ctx.Err(); err != nil {
				return err
			}
			terms = w.mask(mask, terms, uint32(batch*p.perBatch+c), j)
			w.addDense(hints[c], a, mask)
		}
	}
	if !sparse {
		for _, h := range hints {
			w.set.intt(h)
		}
	}
	return nil
}

// mask writes M = Σ w_i·X^{−i} of one cell and block, X^{−i} = −X^{N−i}, and
// returns the terms of the cells after it. An empty mask is transformed like
// any other.
func (w *Weights) mask(m poly, terms []term, cell uint32, block int) []term {
	for i := range m {
		clear(m[i])
	}
	n := w.set.n
	used := 0
	for used < len(terms) && terms[used].cell == cell {
		t := terms[used]
		used++
		at := int(t.slot) - block*n
		for i, p := range w.set.consts.prime {
			v := p.mulSigned(t.weight, w.set.consts.oneM[i])
			if at == 0 {
				m[i][0] = ring.CRed(m[i][0]+v, p.q)
			} else {
				m[i][n-at] = ring.CRed(m[i][n-at]+p.q-v, p.q)
			}
		}
	}
	return terms[used:]
}

// addDense adds mask·a to a transformed hint.
func (w *Weights) addDense(hint, aM, mask poly) {
	w.set.ntt(mask)
	for i, r := range w.set.ring.SubRings {
		r.MulCoeffsMontgomeryThenAdd(mask[i], aM[i], hint[i])
	}
}

// addShifted adds weight·X^{−at}·a to a hint of coefficients: coefficient k
// receives a[k+at], and −a[k+at−N] past the end.
func (w *Weights) addShifted(hint, a poly, at int, weight int64) {
	n := w.set.n
	for i, p := range w.set.consts.prime {
		v := p.mulSigned(weight, w.set.consts.montM[i])
		addScaled(hint[i][:n-at], a[i][at:], v, p)
		addScaled(hint[i][n-at:], a[i][:at], ring.CRed(p.q-v, p.q), p)
	}
}

// addScaled adds v·a to h, v in Montgomery form; h and a are of equal length.
func addScaled(h, a []uint64, v uint64, p primeData) {
	for k := range h {
		h[k] = reduceSmall(h[k]+ring.MRedLazy(a[k], v, p.q, p.mred), p.q)
	}
}
