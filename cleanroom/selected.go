package cleanroom

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"parley/analysis/plan"
	"parley/cleanroom/audit"
	"parley/cleanroom/engine"
	"parley/cleanroom/history"
	"parley/cleanroom/store"
)

func (n *Node) openHistory(ctx context.Context) error {
	key, err := n.secret(ctx, "history")
	if err != nil {
		return err
	}
	n.past, err = history.New(n.store, key)
	return err
}

// unitNumbers keeps the keyed numbers of the units of the dataset versions that
// were asked last: making them takes a pass over the units.
type unitNumbers struct {
	making  sync.Mutex // held during a pass, so that runs at the same time make one
	mu      sync.Mutex
	version []string   // the latest first; mu
	numbers [][]uint64 // by ordinal; mu
}

// keptUnits bounds the numbers that are kept, 8 bytes each, of other versions
// than the latest.
const keptUnits = 8 << 20

func (u *unitNumbers) of(version string) []uint64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i, v := range u.version {
		if v == version {
			return u.numbers[i]
		}
	}
	return nil
}

func (u *unitNumbers) keep(version string, numbers []uint64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.version, u.numbers = append([]string{version}, u.version...), append([][]uint64{numbers}, u.numbers...)
	total := 0
	for i := range u.numbers {
		if total += len(u.numbers[i]); i > 0 && (total > keptUnits || i >= 4) {
			u.version, u.numbers = u.version[:i], u.numbers[:i]
			return
		}
	}
}

// unitNumbersOf are the numbers of a version's units, by ordinal.
func (n *Node) unitNumbersOf(ctx context.Context, row store.Dataset, snap engine.Snapshot) ([]uint64, error) {
	if have := n.units.of(row.Version); have != nil {
		return have, nil
	}
	n.units.making.Lock()
	defer n.units.making.Unlock()
	if have := n.units.of(row.Version); have != nil {
		return have, nil
	}
	h, out := n.past.Hasher(), make([]uint64, 0, row.Units)
	err := n.engine.Units(ctx, snap, func(u []byte) error {
		out = append(out, h.Unit(u))
		return nil
	})
	if err != nil {
		return nil, lost(row, err)
	}
	if int64(len(out)) != row.Units {
		return nil, errStaleAlignment
	}
	n.units.keep(row.Version, out)
	return out, nil
}

// admitSelection refuses a run whose selection of a dataset of ours is too
// close to an earlier one, and records the others (R01, R02, R22). It comes
// before anything that depends on the selection leaves this node. own reduces
// the rows; the same selection of the same version is sketched once.
func (n *Node) admitSelection(ctx context.Context, r *Run, row store.Dataset, snap engine.Snapshot, local *plan.Local, vectors []plan.Vector, own func() (*reduced, error)) (unchecked bool, err error) {
	p := &r.admitted.compiled.Plan
	if p.DP != nil || p.PublicData || !n.compares {
		return false, nil
	}
	_, end := r.begin("compare with earlier questions", nil)
	defer end()
	identity, err := n.store.IdentityOf(ctx, row.Name, row.Version)
	if err != nil {
		return false, err
	}
	q := &history.Question{Identity: identity.Identity, Version: row.Version, Run: r.ID, K: p.MinGroupSize, Units: uint64(row.Units)}
	ids := func() ([]uint64, error) { return n.unitNumbersOf(ctx, row, snap) }
	q.Whole = sync.OnceValues(func() (*history.Sketch, error) {
		ids, err := ids()
		if err != nil {
			return nil, err
		}
		s, places := history.NewSketch(history.SizeFor(p.MinGroupSize)), n.past.Hasher().Placer()
		for _, id := range ids {
			at := places.Of(id)
			s.Add(&at, 1)
		}
		return s, nil
	})
	if q.Selection, err = n.sketched(row.Version, local, vectors, releasedBy(p, ownIn(p, row.Name)), p.MinGroupSize, ids, own); err != nil {
		return false, err
	}
	unchecked, err = n.past.Admit(ctx, q, n.now())
	var close *history.TooClose
	if errors.As(err, &close) {
		n.log.Warn("run refused", "run", r.ID, "dataset", row.Name, "reason", close)
		switch {
		case close.Three:
			err = fmt.Errorf("%w: what it selects of %q and what two earlier ones select, added and subtracted, are fewer than %d units by themselves. "+
				"Allowed is a question for which they are at least %d, or none; or an agreement with differential privacy", ErrTooClose, row.Name, p.MinGroupSize, p.MinGroupSize)
		case close.Combined:
			err = tooCloseWithin(fmt.Sprintf("numbers of the question, added and subtracted, tell about fewer than %d units of %q by themselves. "+
				"Allowed is a question with fewer of these numbers; or an agreement with differential privacy", p.MinGroupSize, row.Name))
		case close.Within:
			err = tooCloseWithin(fmt.Sprintf("two conditions of the question select the same of %q but for fewer than %d units, so that their numbers could be subtracted from each other. "+
				"Allowed are conditions that differ by at least %d of them, or by none; or an agreement with differential privacy", row.Name, p.MinGroupSize, p.MinGroupSize))
		default:
			err = fmt.Errorf("%w: what the two select of %q differs by fewer than %d units, so that their answers could be subtracted from each other. "+
				"Allowed is a question that differs by at least %d of them, or by none; or an agreement with differential privacy", ErrTooClose, row.Name, p.MinGroupSize, p.MinGroupSize)
		}
		err = errors.Join(err, n.record(entry("run.too-close", audit.Refused).by(r.admitted.asker).run(r.ID).agreement(r.admitted.id).dataset(row.Name).with("code", "too-close")))
	}
	return unchecked, err
}

// ownIn is which of a plan's owners has a dataset.
func ownIn(p *plan.Plan, dataset string) int {
	return slices.IndexFunc(p.Locals, func(l plan.Local) bool { return l.Dataset == dataset })
}

// ownVectors are the vectors of a join that are this node's.
func (j *joint) ownVectors() []plan.Vector {
	if j.plan.Secure.W == j.me() {
		return j.plan.Secure.Weights
	}
	return j.plan.Secure.Values
}

func (j *joint) compareHistory(ctx context.Context, own *reduced) (err error) {
	row := j.run.admitted.own[j.own.Dataset]
	snap, err := j.n.snapshot(ctx, row)
	if err != nil {
		return err
	}
	j.ownUnchecked, err = j.n.admitSelection(ctx, j.run, row, snap, &j.plan.Locals[j.me()], j.ownVectors(), func() (*reduced, error) { return own, nil })
	return err
}

func (j *joint) uncheckedByte() byte {
	if j.ownUnchecked {
		return 1
	}
	return 0
}

func (j *joint) noteUnchecked(b byte) error {
	if b > 1 {
		return errUnexpectedAnswer
	}
	j.theirUnchecked = b == 1
	return nil
}

// unchecked names the datasets whose owner could not compare the question with
// all earlier ones, in the plan's order.
func (j *joint) unchecked() []string {
	var out []string
	for i, l := range j.plan.Locals {
		if i == j.me() && j.ownUnchecked || i != j.me() && j.theirUnchecked {
			out = append(out, l.Dataset)
		}
	}
	return out
}

// compareOwn is compareHistory for a question about one owner's data: what it
// selects is read once more, unit by unit.
func (n *Node) compareOwn(ctx context.Context, r *Run, snap engine.Snapshot) (unchecked []string, err error) {
	c := r.admitted.compiled
	l := c.Selection
	if l == nil || c.Plan.PublicData || !n.compares {
		return nil, nil
	}
	row := r.admitted.own[l.Dataset]
	partly, err := n.admitSelection(ctx, r, row, snap, l, vectorsOf(&c.Plan), func() (*reduced, error) {
		return n.selectedRows(ctx, row, snap, l)
	})
	if partly {
		unchecked = []string{l.Dataset}
	}
	return unchecked, err
}

// selectedRows reduces what a one-owner question selects. Its groups keep the
// engine's numbers: they stand in no answer.
func (n *Node) selectedRows(ctx context.Context, row store.Dataset, snap engine.Snapshot, l *plan.Local) (*reduced, error) {
	own := &reduced{ints: make([][]int64, 1+2*len(l.Measures))}
	var numbers []uint32
	err := n.engine.Reduce(ctx, snap, *l, func(b *engine.Batch) error {
		for range b.NewGroups {
			numbers = append(numbers, uint32(len(numbers)))
		}
		if len(l.Groups) == 0 && len(numbers) == 0 {
			numbers = append(numbers, 0)
		}
		return own.append(b, numbers, nil)
	})
	if err != nil {
		return nil, lost(row, err)
	}
	own.sizes = make([]uint64, max(len(numbers), 1))
	for _, g := range own.group {
		own.sizes[g]++
	}
	return own, nil
}

// vectorsOf are what a one-owner plan's answer adds up of its owner's units.
func vectorsOf(p *plan.Plan) []plan.Vector {
	out := []plan.Vector{{Of: plan.Units, MaxAbs: 1}}
	for _, c := range p.Output.Columns {
		a := c.Aggregate
		switch {
		case a == nil:
		case a.Measure < 0:
			out = append(out, plan.Vector{Of: plan.Rows, MaxAbs: math.MaxInt64})
		default:
			for _, of := range []plan.VectorKind{plan.HasValue, plan.Count, plan.Sum} {
				out = append(out, plan.Vector{Of: of, Measure: a.Measure, MaxAbs: math.MaxInt64})
			}
			if a.Func.Spread() {
				out = append(out, plan.Vector{Of: plan.Sum, Measure: a.Squares, MaxAbs: math.MaxInt64})
			}
		}
	}
	return out
}

// kindOf says which vectors can be subtracted from each other.
func kindOf(v plan.Vector) history.Kind {
	switch v.Of {
	case plan.Units, plan.HasValue, plan.Lacks:
		return history.Units
	case plan.Rows, plan.Count:
		return history.Rows
	}
	return history.Sums
}
