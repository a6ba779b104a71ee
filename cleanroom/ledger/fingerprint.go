package ledger

import (
	"bytes"
	"container/heap"
	"encoding/binary"
	"slices"

	"parley/cleanroom/store"
	"parley/crypto/wire"
)

// Fingerprint recognises a dataset that comes again under another name or
// contract: it keeps the smallest of the keyed hashes of its units (a bottom-k
// sketch; Cohen and Kaplan 2007). Two datasets of the same units have the same
// one, and how far they overlap can be estimated. The key is this node's: the
// hashes say nothing to anyone else, and nobody can choose units around them.
type Fingerprint struct {
	key  [32]byte
	kept maxHeap
	have map[uint64]bool
}

// fingerprintSize is the number of hashes kept. The estimate of the share of
// common units has an error of about 1/32.
const fingerprintSize = 1024

// NewFingerprint starts one.
func NewFingerprint(key [32]byte) *Fingerprint {
	return &Fingerprint{key: key, have: map[uint64]bool{}}
}

// Add takes one unit.
func (f *Fingerprint) Add(unit []byte) {
	sum := wire.Sum(wire.LabelFingerprint, f.key[:], unit)
	h := binary.BigEndian.Uint64(sum[:])
	if f.have[h] || len(f.kept) == fingerprintSize && h > f.kept[0] {
		return
	}
	f.have[h] = true
	heap.Push(&f.kept, h)
	if len(f.kept) > fingerprintSize {
		delete(f.have, heap.Pop(&f.kept).(uint64))
	}
}

// Bytes are the hashes in ascending order, 8 bytes each.
func (f *Fingerprint) Bytes() []byte {
	sorted := slices.Clone(f.kept)
	slices.Sort(sorted)
	var b []byte
	for _, h := range sorted {
		b = binary.BigEndian.AppendUint64(b, h)
	}
	return b
}

type maxHeap []uint64

func (h maxHeap) Len() int           { return len(h) }
func (h maxHeap) Less(i, j int) bool { return h[i] > h[j] }
func (h maxHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *maxHeap) Push(x any)        { *h = append(*h, x.(uint64)) }
func (h *maxHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// overlap estimates which share of the smaller set's units is in both.
func overlap(a, b store.Identity) float64 {
	size := min(a.Units, b.Units)
	if size == 0 {
		return 0
	}
	common, total := 0, 0
	x, y := a.Fingerprint, b.Fingerprint
	// The smallest hashes of the union: a sample of it.
	for ; total < fingerprintSize && (len(x) >= 8 || len(y) >= 8); total++ {
		switch {
		case len(y) < 8:
			x = x[8:]
		case len(x) < 8:
			y = y[8:]
		default:
			switch c := bytes.Compare(x[:8], y[:8]); {
			case c < 0:
				x = x[8:]
			case c > 0:
				y = y[8:]
			default:
				common++
				x, y = x[8:], y[8:]
			}
		}
	}
	j := float64(common) / float64(total)
	return j / (1 + j) * float64(a.Units+b.Units) / float64(size)
}

// sameData is the share of the smaller set's units in the other from which on
// two datasets count as the same data.
const sameData = 0.5

// same lists the identities that a dataset version shares, the first of them
// that of its own name: whatever has its name, comes from the same place, or
// holds half of the same units. A part that is far smaller than the whole (a
// hundredth and less) can escape the fingerprint, not the other two.
func same(i store.Identity, known []store.Identity) []string {
	var out []string
	add := func(k store.Identity) {
		if !slices.Contains(out, k.Identity) {
			out = append(out, k.Identity)
		}
	}
	for _, k := range known {
		if k.Dataset == i.Dataset {
			add(k)
		}
	}
	for _, k := range known {
		if i.Source != "" && k.Source == i.Source || overlap(i, k) >= sameData {
			add(k)
		}
	}
	return out
}
