package cleanroom

import (
	"context"
	"errors"
	"fmt"
	"math"
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
	mu      sync.Mutex
	version []string   // the latest first; mu
	numbers [][]uint64 // by ordinal; mu
}

// keptUnits bounds the numbers that are kept, 8 bytes each.
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
		if total += len(u.numbers[i]); total > keptUnits || i >= 4 {
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
	h, out := n.past.Hasher(), make([]uint64, 0, row.Units)
	err := n.engine.Units(ctx, snap, func(u []byte) error {
		out = append(out, h.Unit(u))
		return nil
	})
	if err != nil {
		return nil, lost(row, err)
	}
	n.units.keep(row.Version, out)
	return out, nil
}

// admitSelection refuses a run whose selection of a dataset of ours is too
// close to an earlier one, and records the others (R01, R02, R22). It comes
// before anything that depends on the selection leaves this node.
func (n *Node) admitSelection(ctx context.Context, r *Run, row store.Dataset, snap engine.Snapshot, own *reduced, vectors []plan.Vector) (unchecked bool, err error) {
	p := &r.admitted.compiled.Plan
	if p.DP != nil || p.PublicData || !n.compares {
		return false, nil
	}
	_, end := r.begin("compare with earlier questions", nil)
	defer end()
	ids, err := n.unitNumbersOf(ctx, row, snap)
	if err != nil {
		return false, err
	}
	identity, err := n.store.IdentityOf(ctx, row.Name, row.Version)
	if err != nil {
		return false, err
	}
	q := &history.Question{Identity: identity.Identity, Version: row.Version, Run: r.ID, K: p.MinGroupSize, Units: uint64(len(ids))}
	q.Whole = sync.OnceValue(func() *history.Sketch {
		s := history.NewSketch(history.SizeFor(p.MinGroupSize))
		for _, id := range ids {
			s.Add(n.past.Hasher(), id, 1)
		}
		return s
	})
	if q.Selection, err = selectionOf(n.past.Hasher(), ids, own, vectors, p.MinGroupSize); err != nil {
		return false, err
	}
	unchecked, err = n.past.Admit(ctx, q, n.now())
	var close *history.TooClose
	if errors.As(err, &close) {
		n.log.Warn("run refused", "run", r.ID, "dataset", row.Name, "reason", close)
		err = fmt.Errorf("%w: what the two select of %q differs by fewer than %d units, so that their answers could be subtracted from each other. "+
			"Allowed is a question that differs by at least %d of them, or by none; or an agreement with differential privacy", ErrTooClose, row.Name, p.MinGroupSize, p.MinGroupSize)
		err = errors.Join(err, n.record(entry("run.too-close", audit.Refused).by(r.admitted.asker).run(r.ID).agreement(r.admitted.id).dataset(row.Name).with("code", "too-close")))
	}
	return unchecked, err
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
	j.ownUnchecked, err = j.n.admitSelection(ctx, j.run, row, snap, own, j.ownVectors())
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
	own := &reduced{ints: make([][]int64, 1+2*len(l.Measures))}
	var numbers []uint32
	err = n.engine.Reduce(ctx, snap, *l, func(b *engine.Batch) error {
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
	partly, err := n.admitSelection(ctx, r, row, snap, own, vectorsOf(&c.Plan))
	if partly {
		unchecked = []string{l.Dataset}
	}
	return unchecked, err
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
		}
	}
	return out
}

// kindOf says which vectors can be subtracted from each other.
func kindOf(v plan.Vector) history.Kind {
	switch v.Of {
	case plan.Units, plan.HasValue:
		return history.Units
	case plan.Rows, plan.Count:
		return history.Rows
	}
	return history.Sums
}

// selectionOf sketches the vectors: over all groups, and for each group. What
// fewer than k units add to is never released, and left out.
func selectionOf(h *history.Hasher, ids []uint64, own *reduced, vectors []plan.Vector, k int) (history.Selection, error) {
	var sel history.Selection
	seen := map[plan.Vector]bool{}
	for _, v := range vectors {
		v.Any = false // over any group is among the totals below
		if seen[v] {
			continue
		}
		seen[v] = true
		if err := addVector(&sel, h, ids, own, v, k); err != nil {
			return sel, err
		}
	}
	return sel, nil
}

func addVector(sel *history.Selection, h *history.Hasher, ids []uint64, own *reduced, v plan.Vector, k int) error {
	a := &adder{h: h, kind: kindOf(v), size: history.SizeFor(k), groups: map[uint32]*history.Vector{}, room: history.MaxVectors - len(sel.Vectors)}
	a.total = a.fresh()
	if own.days != nil { // what counts is also on which day
		a.byDay = a.fresh()
		a.byDay.Kind += history.ByDay
	}
	for i, unit := range own.units {
		if uint64(unit) >= uint64(len(ids)) {
			return errStaleAlignment
		}
		x, err := own.entry(i, v)
		if err != nil {
			return err
		}
		day := int32(0)
		if own.days != nil {
			day = own.days[i]
		}
		g := own.group[i]
		a.take(g, x, day, len(own.sizes) > 1 && own.sizes[g] >= uint64(k))
		if i+1 == len(own.units) || own.units[i+1] != unit {
			a.end(ids[unit])
		}
	}
	sel.Partly = sel.Partly || a.partly
	for _, v := range append([]*history.Vector{a.total, a.byDay}, a.inOrder(len(own.sizes))...) {
		switch {
		case v == nil || v.Support < uint64(k):
		case len(sel.Vectors) < history.MaxVectors:
			sel.Vectors = append(sel.Vectors, v)
		default:
			sel.Partly = true
		}
	}
	return nil
}

// adder sketches one vector, unit by unit.
type adder struct {
	h      *history.Hasher
	kind   history.Kind
	size   uint32
	total  *history.Vector
	byDay  *history.Vector // nil without days
	groups map[uint32]*history.Vector
	room   int // for groups
	partly bool

	// Of the unit under way.
	sum  int64
	days int64         // a sum of hashes of day and number: in whatever order they come
	seen []unitInGroup // with a vector of their own
}

type unitInGroup struct {
	number uint32
	x      int64
}

func (a *adder) fresh() *history.Vector {
	return &history.Vector{Kind: a.kind, Sketch: history.NewSketch(a.size)}
}

func (a *adder) join(have, x int64) int64 {
	if a.kind == history.Units {
		return max(have, x)
	}
	return have + x
}

func (a *adder) take(g uint32, x int64, day int32, apart bool) {
	a.sum = a.join(a.sum, x)
	if a.byDay != nil && x != 0 {
		a.days = (a.days + history.Mix(uint64(day), uint64(x))) & (1<<59 - 1)
	}
	if !apart {
		return
	}
	for i := range a.seen {
		if a.seen[i].number == g {
			a.seen[i].x = a.join(a.seen[i].x, x)
			return
		}
	}
	a.seen = append(a.seen, unitInGroup{g, x})
}

func (a *adder) end(id uint64) {
	put(a.total, a.h, id, a.sum)
	if a.byDay != nil {
		put(a.byDay, a.h, id, a.days)
	}
	for _, s := range a.seen {
		if a.groups[s.number] == nil {
			if len(a.groups) >= a.room {
				a.partly = true
				continue
			}
			a.groups[s.number] = a.fresh()
		}
		put(a.groups[s.number], a.h, id, s.x)
	}
	a.sum, a.days, a.seen = 0, 0, a.seen[:0]
}

func (a *adder) inOrder(groups int) []*history.Vector {
	var out []*history.Vector
	for g := range groups {
		if v := a.groups[uint32(g)]; v != nil {
			out = append(out, v)
		}
	}
	return out
}

func put(v *history.Vector, h *history.Hasher, id uint64, x int64) {
	if x != 0 {
		v.Support++
		v.Sketch.Add(h, id, x)
	}
}
