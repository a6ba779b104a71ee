package inner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"

	"github.com/tuneinsight/lattigo/v5/ring"
)

// batchBytes is what one processor holds of hints at a time.
const batchBytes = 32 << 20

// transformCost is a transform of a mask and its product with a block, counted
// in shifted additions (measured: 23 for narrow, 24 for wide).
const transformCost = 24

// HintsSize is the size in bytes of what WriteHints writes.
func (w *Weights) HintsSize(a *Arranged) int64 { return int64(a.groups) * w.set.HintSize() }

// WriteHints computes hint_g = Σ_j M_{g,j}·a_j for every group and writes c1′, the
// hint hidden under the kept u and e1, group after group. It needs nothing of
// the value holder. The same k and weights always give the same bytes.
func (w *Weights) WriteHints(ctx context.Context, k *Kept, a *Arranged, out io.Writer) error {
	if err := w.fits(a); err != nil {
		return err
	}
	if k.seed != w.seed || k.set != w.set || k.groups != a.groups {
		return errors.New("inner: what was kept belongs to other weights or to another alignment")
	}
	workers := runtime.GOMAXPROCS(0)
	perBatch := max(1, min(w.cellsPerBatch(a), (a.groups+workers-1)/workers))
	size := int(w.set.HintSize())
	var (
		writing sync.WaitGroup // one wave is written while the next is computed
		failed  error
	)
	for first := 0; first < a.groups; first += perBatch * workers {
		wave := min(perBatch*workers, a.groups-first)
		buf := make([]byte, wave*size)
		err := parallel(ctx, (wave+perBatch-1)/perBatch, workers, func(b int) error {
			from := b * perBatch
			to := min(from+perBatch, wave)
			return w.hintBatch(ctx, k, a, first+from, first+to, buf[from*size:to*size])
		})
		writing.Wait()
		if err := errors.Join(err, failed); err != nil {
			return err
		}
		writing.Go(func() {
			if _, err := out.Write(buf); err != nil {
				failed = fmt.Errorf("inner: writing hints: %w", err)
			}
		})
	}
	writing.Wait()
	return failed
}

func (w *Weights) cellsPerBatch(a *Arranged) int {
	polySize := 8 * w.set.n * len(w.set.primes)
	if a.sparse() && a.smallRoom() == 0 {
		polySize *= 2 // sums of two words
	}
	return batchBytes / polySize
}

// sparse tells which of two ways to compute hints: an addition per entry, or a
// transform per cell and block. It looks at declared sizes only: a choice by
// the data would show in the time taken.
func (a *Arranged) sparse() bool {
	return len(a.entries)/transformCost < a.groups*a.blocks
}

// hintBatch writes c1′ of the cells from … to−1.
func (w *Weights) hintBatch(ctx context.Context, k *Kept, a *Arranged, from, to int, dst []byte) error {
	compute := w.denseHints
	if a.sparse() {
		compute = w.sparseHints
	}
	hints, err := compute(ctx, k.index, a, from, to)
	if err != nil {
		return err
	}
	size := int(w.set.HintSize())
	for i, hint := range hints {
		if err := ctx.Err(); err != nil {
			return err
		}
		w.seal(k, from+i, hint, dst[i*size:(i+1)*size])
	}
	return nil
}

// denseHints is a transform of one mask a cell and block.
func (w *Weights) denseHints(ctx context.Context, index int, a *Arranged, from, to int) ([]poly, error) {
	hints := make([]poly, to-from)
	for c := range hints {
		hints[c] = w.set.newPoly()
	}
	block, mask := w.set.newPoly(), w.set.newPoly()
	var sorter byCell
	for j := range a.blocks {
		w.set.blockElement(w.seed, index, j, block)
		w.set.ntt(block)
		w.set.toMont(block)
		sorter.sort(a.of(j), from, to)
		for c, hint := range hints {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			w.mask(mask, sorter.cell(c))
			w.set.ntt(mask)
			for i, r := range w.set.ring.SubRings {
				r.MulCoeffsMontgomeryThenAdd(mask[i], block[i], hint[i])
			}
		}
	}
	for _, hint := range hints {
		w.set.intt(hint)
	}
	return hints, nil
}

// mask writes M = Σ w_i·X^{−i} of one cell and block, X^{−i} = −X^{N−i}. An empty
// mask is transformed like any other.
func (w *Weights) mask(m poly, entries []Entry) {
	n := uint32(w.set.n)
	for i, p := range w.set.consts.prime {
		clear(m[i])
		for _, e := range entries {
			v := p.mulSigned(e.Weight, w.set.consts.oneM[i])
			if at := e.Slot & (n - 1); at == 0 {
				m[i][0] = ring.CRed(m[i][0]+v, p.q)
			} else {
				m[i][n-at] = ring.CRed(m[i][n-at]+p.q-v, p.q)
			}
		}
	}
}

// byCell puts entries in order of their cell, over and over in the same memory.
type byCell struct {
	entries []Entry
	start   []int
}

// sort takes the entries of the cells from … to−1.
func (b *byCell) sort(entries []Entry, from, to int) {
	b.start = append(b.start[:0], make([]int, to-from+2)...)
	in := func(e Entry) int { return int(e.Group) - from }
	for _, e := range entries {
		if c := in(e); uint(c) < uint(to-from) {
			b.start[c+2]++
		}
	}
	for c := 2; c < len(b.start); c++ {
		b.start[c] += b.start[c-1]
	}
	if n := b.start[len(b.start)-1]; cap(b.entries) < n {
		b.entries = make([]Entry, n)
	}
	b.entries = b.entries[:b.start[len(b.start)-1]]
	for _, e := range entries {
		if c := in(e); uint(c) < uint(to-from) {
			b.entries[b.start[c+1]] = e
			b.start[c+1]++
		}
	}
}

// cell is the entries of the c-th cell sorted.
func (b *byCell) cell(c int) []Entry { return b.entries[b.start[c]:b.start[c+1]] }
