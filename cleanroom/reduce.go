package cleanroom

import (
	"context"
	"crypto/sha256"
	"fmt"

	"parley/analysis/plan"
	"parley/cleanroom/engine"
	"parley/crypto/wire"
)

// unitKey is a short name of a unit inside this node: 128 bits of SHA-256
// under its own label. Two units of a dataset of 2^32 share one with a
// probability below 2^-64. It never leaves the node.
type unitKey [16]byte

func keyOf(unit []byte) unitKey {
	h := sha256.New()
	h.Write([]byte(wire.LabelUnit))
	h.Write(unit)
	return unitKey(h.Sum(nil))
}

// reduced is the answer of a local plan: one entry per (unit, group).
type reduced struct {
	keys   []unitKey
	group  []uint32 // number in the group table
	ints   []int64  // width entries each: rows, then sum and count per measure
	width  int
	groups *groupTable
	// units counts the distinct units of each group.
	units []uint64
}

// reduce runs the local plan and numbers its groups.
func reduce(ctx context.Context, e engine.Engine, s engine.Snapshot, l plan.Local, maxCells int) (*reduced, error) {
	table, err := newGroupTable(l.Groups, maxCells)
	if err != nil {
		return nil, err
	}
	r := &reduced{width: 1 + 2*len(l.Measures), groups: table}
	if len(l.Groups) == 0 {
		table.add(nil) // the one group exists even when no row does
	}
	limit := declared(l.Groups)
	if l.GroupsSQL != "" {
		if err := table.listAll(ctx, e, s, l, maxCells); err != nil {
			return nil, err
		}
	}
	err = e.Run(ctx, s, l, plan.Join, func(row engine.Row) error {
		label, err := encodeLabel(l.Groups, row.Groups)
		if err != nil {
			return err
		}
		if len(row.Ints) != r.width {
			return fmt.Errorf("the engine returned %d numbers a row, expected %d", len(row.Ints), r.width)
		}
		n := table.add(label)
		if limit > 0 && n >= limit {
			return errDomain // one more than declared would tell the partner so
		}
		if limit == 0 && n >= maxCells {
			return errTooManyGroups
		}
		r.keys = append(r.keys, keyOf(row.Unit))
		r.group = append(r.group, uint32(n))
		for _, v := range row.Ints {
			r.ints = append(r.ints, v.Value) // NULL is 0, as SUM over nothing adds nothing
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r, r.renumber(maxCells)
}

// listAll numbers every group there is before any filter. How many there are
// then depends on the dataset version and the columns, not on what an analyst
// asks: the padded number of filtered groups would tell whether a chosen row
// falls into a group of its own.
func (t *groupTable) listAll(ctx context.Context, e engine.Engine, s engine.Snapshot, l plan.Local, maxCells int) error {
	all := plan.Local{Member: l.Member, Dataset: l.Dataset, SQL: l.GroupsSQL, Groups: l.Groups}
	return e.Run(ctx, s, all, plan.OneOwner, func(row engine.Row) error {
		label, err := encodeLabel(l.Groups, row.Groups)
		if err != nil {
			return err
		}
		if t.add(label) >= maxCells {
			return errTooManyGroups
		}
		return nil
	})
}

func (r *reduced) renumber(maxCells int) error {
	order, err := r.groups.finish(maxCells)
	if err != nil {
		return err
	}
	r.units = make([]uint64, len(r.groups.labels))
	for i, g := range r.group {
		r.group[i] = uint32(order[g])
		r.units[r.group[i]]++
	}
	return nil
}

// entry is the i-th row's number in a vector. It is checked against the
// bound the plan declared, because the cryptography is sized by it.
func (r *reduced) entry(i int, v plan.Vector) (int64, error) {
	row := r.ints[i*r.width : (i+1)*r.width]
	var x int64
	switch v.Of {
	case plan.Units:
		x = 1
	case plan.Rows:
		x = row[0]
	case plan.Sum:
		x = row[1+2*v.Measure]
	case plan.Count:
		x = row[2+2*v.Measure]
	case plan.HasValue:
		if row[2+2*v.Measure] > 0 {
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
