package cleanroom

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"sync"

	"parley/analysis/plan"
	"parley/cleanroom/history"
)

// keptSelections keeps the sketches of the selections that were asked last:
// they take a pass over the units, which the same question need not make again.
type keptSelections struct {
	mu    sync.Mutex
	cells int              // in all; mu
	list  []*keptSelection // the latest first; mu
}

type keptSelection struct {
	key [32]byte
	sel history.Selection
}

// keptCells bounds the cells that are kept, 24 bytes each.
const keptCells = 1 << 20

func (k *keptSelections) of(key [32]byte) (history.Selection, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, s := range k.list {
		if s.key == key {
			copy(k.list[1:i+1], k.list[:i])
			k.list[0] = s
			return s.sel, true
		}
	}
	return history.Selection{}, false
}

func (k *keptSelections) keep(key [32]byte, sel history.Selection) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range k.list {
		if s.key == key {
			return
		}
	}
	k.list = append([]*keptSelection{{key, sel}}, k.list...)
	k.cells += sel.Cells()
	for len(k.list) > 0 && k.cells > keptCells {
		last := k.list[len(k.list)-1]
		k.list, k.cells = k.list[:len(k.list)-1], k.cells-last.sel.Cells()
	}
}

// sketched is a finished selection, computed if it is not kept. It depends on
// the version's rows, the local plan, the vectors, the answer's numbers and k, and
// on nothing else:
// not on the numbers that a run gives its groups.
func (n *Node) sketched(version string, local *plan.Local, vectors []plan.Vector, numbers []released, k int, ids func() ([]uint64, error), own func() (*reduced, error)) (history.Selection, error) {
	about, err := json.Marshal([]any{version, local, vectors, fmt.Sprint(numbers), k})
	if err != nil {
		return history.Selection{}, err
	}
	key := sha256.Sum256(about)
	if sel, ok := n.selections.of(key); ok {
		return sel, nil
	}
	unitNumbers, err := ids()
	if err != nil {
		return history.Selection{}, err
	}
	rows, err := own()
	if err != nil {
		return history.Selection{}, err
	}
	sel, err := selectionOf(n.past.Hasher(), unitNumbers, rows, local, vectors, k)
	if err != nil {
		return sel, err
	}
	few, decided, err := combinedFew(rows, local, numbers, k)
	if err != nil {
		return sel, err
	}
	sel.Combined, sel.Partly = few, sel.Partly || !decided
	sel.Finish()
	n.selections.keep(key, sel)
	return sel, nil
}

// selectionOf sketches the vectors: for each group, and over all groups. What
// fewer than k units add to is never released, and left out; over all groups,
// too, it is what the groups that can be released add up to. So GROUP BY with a
// small group and then the same without GROUP BY are too close: the small one is
// what they differ by.
func selectionOf(h *history.Hasher, ids []uint64, own *reduced, local *plan.Local, vectors []plan.Vector, k int) (history.Selection, error) {
	stored := distinct(vectors)
	adders, partly, err := addAll(h, ids, own, local, append(stored, leftBy(local, stored)...), k)
	if err != nil {
		return history.Selection{}, err
	}
	sel := history.Selection{Partly: partly, Within: closeWithin(h, local, adders, k)}
	if err := markWithheld(own, local, adders[:len(stored)], k); err != nil {
		return history.Selection{}, err
	}
	for _, a := range adders[:len(stored)] {
		for _, v := range append([]*history.Vector{a.total, a.byDay}, a.groups...) {
			switch {
			case v == nil || v.Support < uint64(k):
			case len(sel.Vectors) < history.MaxVectors:
				sel.Vectors = append(sel.Vectors, v)
			default:
				sel.Partly = true
			}
		}
	}
	return sel, nil
}

func distinct(vectors []plan.Vector) []plan.Vector {
	var out []plan.Vector
	seen := map[plan.Vector]bool{}
	for _, v := range vectors {
		v.Any = false                       // over any group is among the totals
		if !seen[v] && v.Of != plan.Lacks { // what is left out is tested, never released
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}

// addAll goes over the units once, for all vectors: where a unit stands in a
// sketch is the same in each. partly: there are more groups than are sketched.
func addAll(h *history.Hasher, ids []uint64, own *reduced, local *plan.Local, vectors []plan.Vector, k int) ([]*adder, bool, error) {
	room, places, apart := history.MaxVectors, h.Placer(), make([]bool, len(own.sizes))
	for g, size := range own.sizes {
		apart[g] = len(own.sizes) > 1 && size >= uint64(k)
	}
	adders := make([]*adder, len(vectors))
	for i, v := range vectors {
		adders[i] = newAdder(v, k, own, &room)
		adders[i].local = local
		adders[i].grouped = len(own.sizes) > 1
	}
	for i, unit := range own.units {
		if uint64(unit) >= uint64(len(ids)) {
			return nil, false, errStaleAlignment
		}
		day, g := int32(0), own.group[i]
		if own.days != nil {
			day = own.days[i]
		}
		for _, a := range adders {
			x, err := own.entry(i, a.vector)
			if err != nil {
				return nil, false, err
			}
			a.take(g, x, day, apart[g])
		}
		if i+1 == len(own.units) || own.units[i+1] != unit {
			at := places.Of(ids[unit])
			for _, a := range adders {
				a.end(&at)
			}
		}
	}
	partly := false
	for _, a := range adders {
		partly = partly || a.partly
	}
	return adders, partly, nil
}

// adder sketches one vector, unit by unit.
type adder struct {
	vector plan.Vector
	local  *plan.Local
	kind   history.Kind
	size   uint32
	total  *history.Vector
	byDay  *history.Vector   // nil without days
	groups []*history.Vector // by number, nil for those that have none
	room   *int              // for groups, of all adders
	partly bool
	// grouped: the total is that of the groups that can be released.
	grouped bool

	// Of the unit under way.
	sum  int64
	days int64         // a sum of hashes of day and number: in whatever order they come
	seen []unitInGroup // with a vector of their own
}

type unitInGroup struct {
	number uint32
	x      int64
}

func newAdder(v plan.Vector, k int, own *reduced, room *int) *adder {
	a := &adder{vector: v, kind: kindOf(v), size: history.SizeFor(k), groups: make([]*history.Vector, len(own.sizes)), room: room}
	a.total = a.fresh()
	if own.days != nil { // what counts is also on which day
		a.byDay = a.fresh()
		a.byDay.Kind += history.ByDay
	}
	return a
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
	if a.grouped && !apart {
		return
	}
	if !a.grouped {
		a.sum = a.join(a.sum, x)
	}
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

func (a *adder) end(at *history.Place) {
	for _, s := range a.seen {
		a.sum += s.x
	}
	put(a.total, at, a.sum)
	if a.byDay != nil {
		put(a.byDay, at, a.days)
	}
	for _, s := range a.seen {
		if a.groups[s.number] == nil {
			if *a.room <= 0 {
				a.partly = true
				continue
			}
			*a.room--
			a.groups[s.number] = a.fresh()
		}
		put(a.groups[s.number], at, s.x)
	}
	a.sum, a.days, a.seen = 0, 0, a.seen[:0]
}

func put(v *history.Vector, at *history.Place, x int64) {
	if x != 0 {
		v.Support++
		v.Sketch.Add(at, x)
	}
}
