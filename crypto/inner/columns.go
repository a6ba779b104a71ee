package inner

import (
	"errors"
	"iter"
)

// maxColumnBlocks bounds groups × blocks of the values of one kind.
const maxColumnBlocks = 1 << 28

// Columns is values over groups 0 … groups−1, laid out for encryption: one
// vector a group. It is as secret as the values, and holds 16 bytes an entry
// and 4 a group and block.
type Columns struct {
	set     *Set
	slots   int
	blocks  int
	entries []Entry // by group, then block
	start   []uint32
}

// NewColumns reads the entries, whose Weight is the value, twice. Of
// several entries of one slot and group the last counts.
func NewColumns(set *Set, slots, groups int, entries iter.Seq[Entry]) (*Columns, error) {
	if err := checkSlots(slots); err != nil {
		return nil, err
	}
	c := &Columns{set: set, slots: slots, blocks: set.Blocks(slots)}
	if groups < 1 || groups > maxColumnBlocks/c.blocks {
		return nil, errors.New("inner: number of groups out of range")
	}
	var err error
	c.entries, c.start, err = bucket(entries, groups*c.blocks, func(e Entry) error {
		if int64(e.Slot) >= int64(slots) || int64(e.Group) >= int64(groups) {
			return errOutside
		}
		return nil
	}, func(e Entry) int { return int(e.Group)*c.blocks + set.blockOf(e.Slot) })
	return c, err
}

// fill writes one group's values of one block to dst, which is zero.
func (c *Columns) fill(group, block int, dst []int64) {
	at, first := group*c.blocks+block, uint32(block*c.set.n)
	for _, e := range c.entries[c.start[at]:c.start[at+1]] {
		dst[e.Slot-first] = e.Weight
	}
}
