package inner

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
)

// maxAnswers is how often one u answers. The value holder's deviation that
// this bounds, and the figure, are in INNER.md under "What each side may
// repeat".
const maxAnswers = 16

// Kept is what the weight holder needs, beside the weights, to answer for them
// under one vector index: the key of u and e1 of every cell. Once c1′ was sent,
// later sessions of the same alignment send only y. It is as secret as the
// weights. It may be used by several sessions at once.
type Kept struct {
	set           *Set
	slots, groups int
	seed          [32]byte
	index         int
	key           [32]byte // of u and e1; the cell is in the hash
	digestKey     uint64
	digest        []uint64 // of the weights, by group

	reserved, answered atomic.Int32
}

// Keep draws the key under which these weights are answered for under a vector
// index, and reserves its first answer.
func (w *Weights) Keep(index int, a *Arranged) (*Kept, error) {
	if err := w.fits(a); err != nil {
		return nil, err
	}
	if err := checkIndex(index); err != nil {
		return nil, err
	}
	k := &Kept{set: w.set, slots: w.slots, groups: a.groups, seed: w.seed, index: index}
	var salt [8]byte
	w.mu.Lock()
	_, err := io.ReadFull(w.rnd, k.key[:])
	if err == nil {
		_, err = io.ReadFull(w.rnd, salt[:])
	}
	w.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("inner: randomness: %w", err)
	}
	k.digestKey = binary.LittleEndian.Uint64(salt[:])
	k.digest = a.digest(k.digestKey)
	k.reserved.Store(1)
	return k, nil
}

// Reserve sets one more answer aside for the caller. It is false once all are
// given: the weights then need a new Kept and a new c1′.
func (k *Kept) Reserve() bool {
	for {
		n := k.reserved.Load()
		if n >= maxAnswers {
			return false
		}
		if k.reserved.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Size is the memory in bytes that k holds.
func (k *Kept) Size() int64 { return int64(len(k.digest))*8 + 256 }

// answer takes a reserved answer.
func (k *Kept) answer(w *Weights, index int, a *Arranged) error {
	if k.set != w.set || k.slots != w.slots || k.seed != w.seed || k.index != index {
		return errors.New("inner: what was kept belongs to another alignment, parameter set or vector")
	}
	if k.groups != a.groups || !slices.Equal(k.digest, a.digest(k.digestKey)) {
		return errors.New("inner: the weights are not those that c1′ was made of")
	}
	if k.answered.Add(1) > k.reserved.Load() {
		return errors.New("inner: an answer that was not reserved")
	}
	return nil
}

// mask is the u of a cell, and the stream from which its e1 follows.
func (k *Kept) mask(cell int, blind bool) ([]int8, *xof) {
	x := privateXOF(k.key, "hint", k.set, k.index, cell)
	u := make([]int8, k.set.n)
	x.ternary(u)
	if !blind {
		clear(u)
	}
	return u, x
}

// fits refuses weights that were arranged for something else.
func (w *Weights) fits(a *Arranged) error {
	if a.set != w.set || a.slots != w.slots {
		return errors.New("inner: the weights are arranged for another alignment or parameter set")
	}
	return nil
}
