package cleanroom

import (
	"iter"

	"parley/analysis/plan"
	"parley/crypto/inner"
)

// entries places a vector's numbers on the slots. Over any group it has each
// unit once, in group 0. It ends early at a number or unit that must not be,
// and says so in err.
func (p *products) entries(vec plan.Vector, err *error) iter.Seq[inner.Entry] {
	if vec.Else != 0 {
		return p.withElse(vec, err)
	}
	if p.plan.Days > 0 {
		return p.dayEntries(vec, err)
	}
	return func(yield func(inner.Entry) bool) {
		var seen []bool // by ordinal
		if vec.Any {
			seen = make([]bool, len(p.slots))
		}
		for i, unit := range p.own.units {
			if uint64(unit) >= uint64(len(p.slots)) {
				*err = errStaleAlignment
				return
			}
			x, wrong := p.own.entry(i, vec)
			if wrong != nil {
				*err = wrong
				return
			}
			group := p.own.group[i]
			if vec.Any {
				if seen[unit] {
					continue
				}
				seen[unit], group = true, 0
			}
			if !yield(inner.Entry{Slot: p.slots[unit], Group: group, Weight: x}) {
				return
			}
		}
	}
}

// countOf is how many entries entries has.
func (p *products) countOf(vec plan.Vector) int {
	if p.plan.Days > 0 {
		n := 0
		for range p.dayEntries(vec, new(error)) {
			n++
		}
		return n
	}
	if !vec.Any {
		return len(p.own.units)
	}
	seen, n := make([]bool, len(p.slots)), 0
	for _, unit := range p.own.units {
		if uint64(unit) < uint64(len(seen)) && !seen[unit] {
			seen[unit] = true
			n++
		}
	}
	return n
}

// padded fills count entries up with entries of weight 0: the time a product
// takes grows with its entries, and must tell the other owner nothing of how
// many rows the filters left.
func (p *products) padded(entries iter.Seq[inner.Entry], count, groups, slots int) iter.Seq[inner.Entry] {
	fill := entryCount(count, len(p.slots)) - count
	return func(yield func(inner.Entry) bool) {
		for e := range entries {
			if !yield(e) {
				return
			}
		}
		for i := range fill {
			// Spread over the groups and slots, as others are.
			e := inner.Entry{Group: uint32(i % groups), Slot: uint32(uint64(i) * uint64(slots) / uint64(fill))}
			if !yield(e) {
				return
			}
		}
	}
}

// entryCount is the smallest number of units times a power of two that is not
// below n. units is known to the other owner; only a question whose units
// fall into several groups each shows more, and then only its magnitude.
func entryCount(n, units int) int {
	for units = max(units, 1); units < n; units *= 2 {
	}
	return units
}
