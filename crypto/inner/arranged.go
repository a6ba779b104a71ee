package inner

import (
	"errors"
	"iter"
	"math/bits"
)

// maxCells bounds the groups of one list of weights.
const maxCells = 1 << 20

// Entry is one weight: Weight counts towards Group at Slot. Entries of the
// same slot and group add up; their order is of no importance. An entry of
// weight 0 costs as much as any other, so that a caller can keep the number of
// entries at a declared size.
type Entry struct {
	Slot, Group uint32
	Weight      int64
}

// Arranged is a list of weights over groups 0 … groups−1, checked and laid out
// in the order of the blocks of one parameter set. It serves any number of
// vectors and sessions of that set and number of slots. It is as secret as the
// weights, and holds 16 bytes an entry.
type Arranged struct {
	set           *Set
	slots, blocks int
	groups        int
	bound         int64   // declared, of |Weight|
	entries       []Entry // by block
	start         []uint32
}

// Arrange reads the entries twice, so that they need not exist as a list. bound is the declared largest |Weight|: what is computed how is decided
// by bound and the numbers of slots, groups and entries, never by weights.
//
// It refuses an entry outside slots, groups or bound, and a cell whose ‖w‖₁ is
// above the set's budget, above which a sum could come out wrong; its errors
// do not say which.
func Arrange(set *Set, slots, groups int, bound int64, entries iter.Seq[Entry]) (*Arranged, error) {
	if err := checkSlots(slots); err != nil {
		return nil, err
	}
	if groups < 1 || groups > maxCells || bound < 0 {
		return nil, errors.New("inner: number of groups or declared bound out of range")
	}
	a := &Arranged{set: set, slots: slots, blocks: set.Blocks(slots), groups: groups, bound: bound}
	l1 := make([]uint128, groups)
	var err error
	a.entries, a.start, err = bucket(entries, a.blocks, func(e Entry) error { return a.check(e, l1) },
		func(e Entry) int { return set.blockOf(e.Slot) })
	if err != nil {
		return nil, err
	}
	for _, sum := range l1 {
		if set.maxL1Lim.less(sum) {
			return nil, errors.New("inner: a cell's weights exceed the noise budget of parameter set " + set.name)
		}
	}
	return a, nil
}

// check judges one entry and counts it in its cell's ‖w‖₁.
func (a *Arranged) check(e Entry, l1 []uint128) error {
	if int64(e.Slot) >= int64(a.slots) || int64(e.Group) >= int64(a.groups) {
		return errOutside
	}
	if e.Weight > a.bound || e.Weight < -a.bound {
		return errors.New("inner: a weight exceeds its declared bound")
	}
	sign := e.Weight >> 63
	l1[e.Group] = l1[e.Group].add(uint128{lo: uint64(e.Weight^sign) - uint64(sign)})
	return nil
}

// of is the entries of one block.
func (a *Arranged) of(block int) []Entry { return a.entries[a.start[block]:a.start[block+1]] }

// digest is one number a group, Σ w·mix(slot) mod 2^64: two lists of weights
// that differ in a group have the same one with probability 2^-63 over key. It
// does not depend on the order of the entries.
func (a *Arranged) digest(key uint64) []uint64 {
	sums := make([]uint64, a.groups)
	for _, e := range a.entries {
		sums[e.Group] += uint64(e.Weight) * (mix(uint64(e.Slot)^key) | 1)
	}
	return sums
}

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood, 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
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
