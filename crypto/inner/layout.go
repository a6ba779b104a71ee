package inner

import (
	"errors"
	"math/bits"
	"runtime"
)

const (
	maxCells   = 1 << 20  // products × groups of one pass
	batchBytes = 16 << 20 // hints that one processor holds at a time
)

// term is one entry with its cell: product·groups + group.
type term struct {
	slot, cell uint32
	weight     int64
}

// layout is the entries of one pass in the order in which they are used: by
// batch of cells, then block, then cell.
type layout struct {
	groups, cells     int
	perBatch, batches int
	blocks            int
	terms             []term
	start             []uint32 // of batch·blocks + block; one more at the end
}

// bucket is the terms of one batch and block, by cell.
func (p *layout) bucket(batch, block int) []term {
	at := batch*p.blocks + block
	return p.terms[p.start[at]:p.start[at+1]]
}

func (w *Weights) arrange(products [][]Entry, groups int) (*layout, error) {
	if groups < 1 || len(products) < 1 || groups > maxCells/len(products) {
		return nil, errors.New("inner: number of products and groups out of range")
	}
	terms, err := w.flatten(products, groups)
	if err != nil {
		return nil, err
	}
	p := &layout{groups: groups, cells: groups * len(products), blocks: w.set.Blocks(w.slots)}
	workers := runtime.GOMAXPROCS(0)
	polySize := 8 * w.set.n * len(w.set.primes)
	p.perBatch = min(batchBytes/polySize, (p.cells+workers-1)/workers)
	p.batches = (p.cells + p.perBatch - 1) / p.perBatch

	// Two stable counting passes give the order in linear time, whatever the
	// order in which the entries came.
	byCell, _ := countingSort(terms, p.cells, func(t term) int { return int(t.cell) })
	p.terms, p.start = countingSort(byCell, p.batches*p.blocks, func(t term) int {
		return int(t.cell)/p.perBatch*p.blocks + int(t.slot)/w.set.n
	})
	return p, nil
}

// flatten checks every entry and that no cell's ‖w‖₁ is above the budget,
// above which a sum could come out wrong.
func (w *Weights) flatten(products [][]Entry, groups int) ([]term, error) {
	count := 0
	for _, entries := range products {
		count += len(entries)
	}
	if count > 1<<31 {
		return nil, errors.New("inner: too many entries")
	}
	terms := make([]term, 0, count)
	l1 := make([]uint128, groups*len(products))
	for product, entries := range products {
		for _, e := range entries {
			if int64(e.Slot) >= int64(w.slots) || int64(e.Group) >= int64(groups) {
				return nil, errors.New("inner: an entry is outside the agreed slots or groups")
			}
			cell := product*groups + int(e.Group)
			sign := e.Weight >> 63
			l1[cell] = l1[cell].add(uint128{lo: uint64(e.Weight^sign) - uint64(sign)})
			terms = append(terms, term{e.Slot, uint32(cell), e.Weight})
		}
	}
	for _, sum := range l1 {
		if w.set.maxL1Lim.less(sum) {
			return nil, errors.New("inner: a cell's weights exceed the noise budget of parameter set " + w.set.name)
		}
	}
	return terms, nil
}

// countingSort returns the terms in stable order of key, 0 ≤ key < keys, and
// where each key starts.
func countingSort(terms []term, keys int, key func(term) int) ([]term, []uint32) {
	start := make([]uint32, keys+1)
	for _, t := range terms {
		start[key(t)+1]++
	}
	for k := range keys {
		start[k+1] += start[k]
	}
	next := append([]uint32(nil), start[:keys]...)
	sorted := make([]term, len(terms))
	for _, t := range terms {
		k := key(t)
		sorted[next[k]] = t
		next[k]++
	}
	return sorted, start
}

// acc192 is a signed sum of products of a weight and a residue.
type acc192 struct{ lo, hi, top uint64 }

// addProduct adds w·b, without a branch on the weight.
func (a *acc192) addProduct(w int64, b uint64) {
	hi, lo := bits.Mul64(uint64(w), b)
	hi -= b & uint64(w>>63)
	sign := uint64(int64(hi) >> 63)
	var c uint64
	a.lo, c = bits.Add64(a.lo, lo, 0)
	a.hi, c = bits.Add64(a.hi, hi, c)
	a.top, _ = bits.Add64(a.top, sign, c)
}

// mod is the sum mod q, from 0 to q−1.
func (a acc192) mod(q uint64) uint64 {
	sign := uint64(int64(a.top) >> 63)
	lo, c := bits.Add64(a.lo^sign, sign&1, 0)
	hi, c := bits.Add64(a.hi^sign, 0, c)
	top := a.top ^ sign + c
	r := bits.Rem64(bits.Rem64(top, hi, q), lo, q)
	return bits.Rem64(0, r^sign+q&sign+sign&1, q)
}
