package cleanroom

import (
	"context"
	"crypto/rand"
	"errors"

	"parley/analysis/plan"
	"parley/analysis/release"
	"parley/cleanroom/engine"
)

// noisyOne answers a one-owner plan under differential privacy: the engine adds
// up per unit and group, each unit's share is bounded, and only then do they
// become the numbers of the groups.
func (n *Node) noisyOne(ctx context.Context, snap engine.Snapshot, p *plan.Plan, units int64) (*release.Table, error) {
	if err := release.FitsNoise(p, units); err != nil {
		return nil, err
	}
	l := &p.Locals[0]
	r, groups, err := entriesOf(ctx, n.engine, snap, l, units)
	if err != nil {
		return nil, err
	}
	if err := r.boundShares(l); err != nil {
		return nil, err
	}
	return release.Noisy(p, r.totals(l, groups), rand.Reader)
}

// entriesOf runs a local plan whose groups nobody else is told of: their number
// needs no padding and their labels no fixed length.
func entriesOf(ctx context.Context, e engine.Engine, s engine.Snapshot, l *plan.Local, units int64) (*reduced, [][]release.Text, error) {
	r := &reduced{units: make([]uint32, 0, units), group: make([]uint32, 0, units), ints: make([][]int64, 1+2*len(l.Measures))}
	for i := range r.ints {
		r.ints[i] = make([]int64, 0, units)
	}
	var groups [][]release.Text
	var numbers []uint32
	err := e.Reduce(ctx, s, *l, func(b *engine.Batch) error {
		for _, texts := range b.NewGroups {
			label := make([]release.Text, 0, len(texts))
			for _, t := range texts {
				label = append(label, release.Text(t))
			}
			numbers = append(numbers, uint32(len(groups)))
			groups = append(groups, label)
		}
		for _, g := range b.Groups {
			if int(g) >= len(groups) {
				return errors.New("the engine returned a group that it did not name")
			}
		}
		return r.append(b, numbers, nil)
	})
	return r, groups, err
}

// totals adds the bounded entries up. FitsNoise has seen to it that nothing can
// exceed 64 bits.
func (r *reduced) totals(l *plan.Local, groups [][]release.Text) []release.Row {
	width := plan.MeasuresAt + plan.PerMeasure*len(l.Measures)
	out := make([]release.Row, len(groups))
	for g := range out {
		out[g] = release.Row{Groups: groups[g], Ints: make([]release.Int, width)}
	}
	for i, g := range r.group {
		ints := out[g].Ints
		ints[plan.UnitsAt].Value++
		ints[plan.RowsAt].Value += r.ints[0][i]
		for m := range l.Measures {
			sum, count := r.ints[1+2*m][i], r.ints[2+2*m][i]
			at := ints[plan.MeasuresAt+plan.PerMeasure*m:]
			at[plan.MeasureSum].Value += sum
			at[plan.MeasureCount].Value += count
			if r.hasValue(i, m) {
				at[plan.MeasureUnits].Value++
			}
		}
	}
	return out
}
