package cleanroom

import (
	"context"
	"fmt"

	"parley/analysis"
	"parley/cleanroom/store"
	"parley/crypto/align"
	"parley/crypto/garble"
)

// assumedGroups stands for the number of groups on a side where the agreement
// does not list the values.
const assumedGroups = 16

// shape is what the cost of a join depends on.
type shape struct {
	own, theirs      int64 // units
	slots            int   // of the alignment; 0: there is none yet
	groupsW, groupsV int
}

// estimate says what a join would cost. nil: the question is no join, or no
// estimate can be made of it. The asker knows its own dataset's size; of the
// partner's it knows what the last alignment with it has shown.
func (n *Node) estimate(ctx context.Context, ad *admitted) (*analysis.Cost, error) {
	p := &ad.compiled.Plan
	if p.Secure == nil {
		return nil, nil
	}
	j := &joint{n: n, plan: p, asker: true}
	l, other := p.Locals[j.me()], p.Locals[j.other()]
	row, ok := ad.own[l.Dataset]
	if !ok {
		return nil, nil
	}
	s := shape{own: row.Units, theirs: row.Units}
	out := &analysis.Cost{Machine: referenceMachine}
	last, err := n.lastAlignment(ctx, ad.id, l.Dataset, row.Version, other.Dataset)
	if err != nil {
		return nil, err
	}
	if last != nil {
		s.slots = int(last.Slots)
	} else {
		out.Assumes = append(out.Assumes, fmt.Sprintf("The size of %s is unknown until the first run; as many units as here (%d) are assumed. "+
			"The matching costs about %d bytes for each unit of either side.", other.Dataset, row.Units, perUnit(row.Units)))
	}
	groups := [2]int{}
	for i := range p.Locals {
		if groups[i] = declared(p.Locals[i].Groups); groups[i] == 0 {
			groups[i] = assumedGroups
			out.Assumes = append(out.Assumes, fmt.Sprintf("The agreement does not list the values that the groups on %s can have; %d are assumed. "+
				"Bytes and seconds grow with their number.", p.Locals[i].Dataset, assumedGroups))
		}
	}
	s.groupsW, s.groupsV = groups[p.Secure.W], groups[p.Secure.V]
	if err := j.cost(out, s); err != nil {
		return nil, nil // the run refuses it, and says why
	}
	return out, nil
}

// lastAlignment finds the newest alignment with any version of the partner's
// dataset.
func (n *Node) lastAlignment(ctx context.Context, agreement, own, version, other string) (*store.Alignment, error) {
	all, err := n.store.Alignments(ctx)
	if err != nil {
		return nil, err
	}
	for i := len(all) - 1; i >= 0; i-- {
		if a := &all[i]; a.Agreement == agreement && a.OwnDataset == own && a.OwnVersion == version && a.PeerDataset == other {
			return a, nil
		}
	}
	return nil, nil
}

func alignConfig(own, theirs int64) align.Config {
	return align.Config{Role: align.RoleP, Own: int(own), Peer: int(theirs), Padding: align.DefaultPadding()}
}

// perUnit is what an alignment of equal sets sends for each unit.
func perUnit(units int64) int64 {
	sent, received := align.WireBytes(alignConfig(units, units))
	return (sent + received) / (2 * max(units, 1))
}

// cost fills in the estimates for a shape.
func (j *joint) cost(out *analysis.Cost, s shape) error {
	out.Cells = s.groupsW * s.groupsV
	if s.slots == 0 {
		sent, received := align.WireBytes(alignConfig(s.own, s.theirs))
		small, large := min(s.own, s.theirs), max(s.own, s.theirs)
		exps := align.Exponentiations(int(small), int(large), 0)
		out.Alignment = &analysis.Estimate{Bytes: sent + received,
			Seconds: alignSeconds + float64(exps)*reference["exp_ns"]*1e-9*reference["align_1m_cpu_over_model"]}
		s.slots = int(s.own + s.theirs) // at most
	}
	// A dataset that is larger than the partner's was side P; how much larger is
	// not kept, and at worst makes the sums look larger than they are.
	sets, err := chooseSets(j.plan.Secure, j.plan.DP, s.slots, j.oriented(s.own, s.theirs))
	if err != nil {
		return err
	}
	p := &products{plan: j.plan.Secure, total: s.slots, sets: sets, groupsW: s.groupsW, groupsV: s.groupsV}
	again, hints, err := p.cost()
	if err != nil {
		return err
	}
	again.Bytes += sessionBytes
	again.Seconds += questionSeconds + unitSeconds*float64(max(s.own, s.theirs))
	garbler, evaluator := garble.WireBytes(j.spec(p), true)
	again.Bytes += garbler + evaluator
	again.Seconds += float64(out.Cells) / reference["garbled_cells_per_s"]
	garbler, evaluator = garble.WireBytes(j.spec(p), false)
	kept, keptEvaluator := garble.WireBytes(j.spec(p), true)
	out.Again = again
	out.First = analysis.Estimate{Bytes: again.Bytes + hints.Bytes + garbler + evaluator - kept - keptEvaluator, Seconds: again.Seconds + hints.Seconds}
	return nil
}

// sessionBytes is what both nodes send to compare sessions and groups.
const sessionBytes = 2*32 + 2*36

// cost is what the encrypted products take: with hints that are kept, and what
// new hints take besides.
func (p *products) cost() (again, hints analysis.Estimate, err error) {
	jobs, err := p.jobs()
	if err != nil {
		return again, hints, err
	}
	met := map[space]bool{}
	for _, a := range jobs {
		slots := p.slotsIn(a.space)
		if !met[a.space] {
			met[a.space] = true
			again.Bytes += a.set.HeaderSize()
		}
		again.Bytes += int64(a.vectors) * a.set.VectorSize(slots)
		again.Seconds += float64(a.vectors) * share(slots) * seconds("Encrypt", "ns/op", a.set)
	}
	for _, a := range p.asks(jobs) {
		slots := p.slotsIn(a.job.space)
		again.Bytes += int64(2*len(token{})+1) + int64(a.cells)*a.job.set.AnswerSize()
		again.Seconds += share(slots) * seconds("Online", "ns/op", a.job.set)
		hints.Bytes += int64(a.cells) * a.job.set.HintSize()
		hints.Seconds += hintSeconds(a.job.set, slots, a.cells)
	}
	return again, hints, nil
}

// share is a number of slots over that of the reference figures.
func share(slots int) float64 { return float64(slots) / referenceSlots }
