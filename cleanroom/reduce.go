package cleanroom

import (
	"context"
	"errors"
	"fmt"

	"parley/analysis/plan"
	"parley/cleanroom/engine"
)

// reduced is what a local plan's rows add up to: one entry per (unit, group),
// in a join on time per (unit, group, day), sorted by unit, in parallel columns.
type reduced struct {
	units []uint32  // ordinal of the unit
	days  []int32   // in a join on time: the day, counted from the first of the window
	group []uint32  // number in the group table
	ints  [][]int64 // rows, then sum and count per measure
	// met says, where rows were thinned for noise, per measure and entry whether
	// some row has a value; nil: the count tells.
	met    [][]bool
	groups *groupTable
	// sizes counts the distinct units of each group.
	sizes []uint64
}

// reduce runs the local plan and numbers its groups. units is how many the
// dataset has: room is made for an entry each, since columns that grow while
// they are filled take more than twice their size for a moment.
func reduce(ctx context.Context, e engine.Engine, s engine.Snapshot, l plan.Local, maxCells int, units int64) (*reduced, error) {
	table, err := newGroupTable(l.Groups, maxCells)
	if err != nil {
		return nil, err
	}
	r := &reduced{units: make([]uint32, 0, units), group: make([]uint32, 0, units),
		ints: make([][]int64, 1+2*len(l.Measures)), groups: table}
	for i := range r.ints {
		r.ints[i] = make([]int64, 0, units)
	}
	if len(l.Groups) == 0 {
		table.add(nil) // the one group exists even when no row does
	}
	limit := declared(l.Groups)
	var numbers []uint32 // in the table, by the engine's number
	var days []int32     // by the engine's number
	err = e.Reduce(ctx, s, l, func(b *engine.Batch) error {
		for _, texts := range b.NewGroups {
			texts, day, err := cutDay(l, texts)
			if err != nil {
				return err
			}
			if l.Days != nil {
				days = append(days, day)
			}
			label, err := encodeLabel(l.Groups, texts)
			if err != nil {
				return err
			}
			n := table.add(label)
			if limit > 0 && n >= limit {
				return errDomain // one more than declared would tell the partner so
			}
			if limit == 0 && n >= maxCells {
				return errTooManyGroups
			}
			numbers = append(numbers, uint32(n))
		}
		return r.append(b, numbers, days)
	})
	if err != nil {
		return nil, err
	}
	if l.RowsPerUnit > 0 { // there will be noise
		if err := r.boundShares(&l); err != nil {
			return nil, err
		}
	}
	return r, r.renumber(maxCells)
}

// append takes a batch's entries, whose groups have these numbers in the table
// and, in a join on time, these days.
func (r *reduced) append(b *engine.Batch, numbers []uint32, days []int32) error {
	if len(b.Ints) != len(r.ints) {
		return fmt.Errorf("the engine returned %d columns of numbers, expected %d", len(b.Ints), len(r.ints))
	}
	for i, column := range b.Ints {
		if len(column) != len(b.Units) {
			return errors.New("the engine returned columns of different lengths")
		}
		r.ints[i] = append(r.ints[i], column...)
	}
	r.units = append(r.units, b.Units...)
	for _, g := range b.Groups {
		r.group = append(r.group, numbers[g])
		if days != nil {
			r.days = append(r.days, days[g])
		}
	}
	return nil
}

func (r *reduced) renumber(maxCells int) error {
	order, err := r.groups.finish(maxCells)
	if err != nil {
		return err
	}
	r.sizes = make([]uint64, len(r.groups.labels))
	last := make([]int64, len(r.sizes)) // the unit counted last, and 1
	for i, g := range r.group {
		g = uint32(order[g])
		if unit := int64(r.units[i]) + 1; last[g] != unit {
			r.sizes[g]++
			last[g] = unit
		}
		r.group[i] = g
	}
	return nil
}

// entry is the i-th row's number in a vector. It is checked against the
// bound the plan declared, because the cryptography is sized by it.
func (r *reduced) entry(i int, v plan.Vector) (int64, error) {
	var x int64
	switch v.Of {
	case plan.Units:
		x = 1
	case plan.Rows, plan.Share:
		x = r.ints[0][i]
	case plan.Sum:
		x = r.ints[1+2*v.Measure][i]
	case plan.Count:
		x = r.ints[2+2*v.Measure][i]
	case plan.HasValue:
		if r.hasValue(i, v.Measure) {
			x = 1
		}
	case plan.NoRow: // there is one
	case plan.Lacks:
		if r.ints[0][i] > r.ints[2+2*v.Measure][i] {
			x = 1
		}
	default:
		return 0, fmt.Errorf("unknown vector kind %q", v.Of)
	}
	if x > v.MaxAbs || x < -v.MaxAbs {
		return 0, fmt.Errorf("a unit's %s exceeds the bound %d that the contract declares", v.Of, v.MaxAbs)
	}
	return x, nil
}
