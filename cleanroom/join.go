package cleanroom

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"parley/agreements"
	"parley/analysis/plan"
	"parley/cleanroom/peer"
	"parley/cleanroom/store"
	"parley/crypto/garble"
	"parley/crypto/inner"
	"parley/crypto/wire"
)

// joint is one run of an encrypted join at one of its two nodes.
//
//	both    align      one slot for every unit of either side (once per pair of versions)
//	both    reduce     the local plan, on own rows only
//	V ──▶ W  inner     encrypted values; W answers with masked sums, one per cell
//	garbler ──▶ evaluator  garble   add the shares, compare with k, open what passes
type joint struct {
	n          *Node
	run        *Run
	plan       *plan.Plan
	asker      bool // the asker receives, and so evaluates
	own        peer.Side
	theirs     peer.Side
	partner    *agreements.Member
	client     *peer.Client
	askerNonce string
	otherNonce string
	stored     *store.Alignment // one that both nodes have, or nil
	job        *alignJob        // set from the offer to the end of an alignment
	free       func()           // gives back the pair of datasets; nil if it is not held
	pipe       wire.Pipe        // entered into transcript
	transcript *wire.Transcript
	alignment  *alignment
	// Whether an owner could not compare the question with all earlier ones.
	ownUnchecked, theirUnchecked bool
}

// me and other index Plan.Locals.
func (j *joint) me() int {
	if j.plan.Locals[0].Member == j.n.cfg.Org {
		return 0
	}
	return 1
}

func (j *joint) other() int { return 1 - j.me() }

// outcome is what a joint ends with; cells is nil on the node that garbles.
type outcome struct {
	cells  []garble.Released
	groups *groupTable // own
	other  int         // the partner's number of groups
	spec   garble.Spec
}

// do runs the join.
func (j *joint) do(ctx context.Context) (*outcome, error) {
	if err := j.withinBudget(); err != nil {
		return nil, err
	}
	if err := j.compareSessions(ctx); err != nil {
		return nil, err
	}
	if err := j.chargeInOrder(ctx); err != nil {
		return nil, err
	}
	own, err := j.prepare(ctx)
	if err != nil {
		return nil, err
	}
	theirs, err := j.exchangeGroups(ctx, len(own.groups.labels))
	j.endJob(ctx, err)
	if err != nil {
		return nil, err
	}
	p, shares, err := j.multiply(ctx, own, theirs)
	if err != nil {
		return nil, err
	}
	return j.release(ctx, own, theirs, p, shares)
}

// compareSessions makes sure that both nodes mean the same session before any
// work is done: under different ids no unit would meet its twin.
func (j *joint) compareSessions(ctx context.Context) error {
	own := j.session("run")
	if err := wire.SendBytes(ctx, j.pipe, "run/session", own[:]); err != nil {
		return err
	}
	theirs, err := wire.RecvBytes(ctx, j.pipe, "run/session", int64(len(own)))
	if err != nil {
		return err
	}
	if !bytes.Equal(own[:], theirs) {
		return errors.New("the two nodes disagree about the session's parameters, so the run is refused")
	}
	return nil
}

// prepare reduces and then aligns (or loads). In this order a question that
// cannot be answered, because it makes too many groups, say, ends before an
// alignment is begun: every new alignment shows the number of shared units
// once more, under new noise.
func (j *joint) prepare(ctx context.Context) (*reduced, error) {
	own, err := j.reduce(ctx)
	if err != nil {
		return nil, err
	}
	if err := j.compareHistory(ctx, own); err != nil {
		return nil, err
	}
	j.alignment, err = j.align(ctx)
	return own, err
}

func (j *joint) reduce(ctx context.Context) (*reduced, error) {
	row := j.run.admitted.own[j.own.Dataset]
	snap, err := j.n.snapshot(ctx, row)
	if err != nil {
		return nil, err
	}
	_, end := j.run.begin("reduce own rows", nil)
	defer end()
	own, err := reduce(ctx, j.n.engine, snap, j.plan.Locals[j.me()], j.plan.Secure.MaxCells, j.own.Units)
	return own, lost(row, err)
}

// bound is the session id of everything after the alignment. It covers the
// very alignment that is used, so that two nodes with different ones under
// one name stop here instead of adding shares that do not belong together.
func (j *joint) bound() [32]byte {
	session := j.session("run")
	return wire.Sum(wire.LabelSession, session[:], []byte(j.alignment.transcript), []byte(strconv.Itoa(j.alignment.total)))
}

// exchangeGroups compares the alignments and tells each side how many groups
// the other has:
//
//	run/groups    bound session (32) ‖ number of groups (4, big-endian) ‖ unchecked (1)
func (j *joint) exchangeGroups(ctx context.Context, own int) (int, error) {
	bound := j.bound()
	b := binary.BigEndian.AppendUint32(bound[:], uint32(own))
	b = append(b, j.uncheckedByte())
	if err := wire.SendBytes(ctx, j.pipe, "run/groups", b); err != nil {
		return 0, err
	}
	b, err := wire.RecvBytes(ctx, j.pipe, "run/groups", int64(len(b)))
	if err != nil {
		return 0, err
	}
	if !bytes.Equal(b[:32], bound[:]) {
		return 0, errors.New("the two nodes hold different alignments of the two datasets, so the run is refused")
	}
	theirs := int(binary.BigEndian.Uint32(b[32:]))
	if err := j.noteUnchecked(b[36]); err != nil {
		return 0, err
	}
	limit := j.plan.Secure.MaxCells
	if err := checkGroupCount(j.plan.Locals[j.other()].Groups, theirs, limit); err != nil {
		return 0, err
	}
	if own*theirs > limit {
		return 0, errTooManyGroups
	}
	return theirs, nil
}

// multiply takes the encrypted inner products.
func (j *joint) multiply(ctx context.Context, own *reduced, theirs int) (*products, [][]inner.Share, error) {
	report, end := j.run.begin("encrypted sums", j.transcript)
	defer end()
	sets, err := chooseSets(j.plan.Secure, j.plan.DP, j.alignment.total, j.units())
	if err != nil {
		return nil, nil, err
	}
	p := &products{plan: j.plan.Secure, total: j.alignment.total, slots: j.alignment.slots, own: own, ownDays: j.plan.Locals[j.me()].Days, sets: sets,
		pipe: j.pipe, rand: rand.Reader, report: report, note: j.run.note}
	hold := p.holdWeights
	p.groupsW, p.groupsV = len(own.groups.labels), theirs
	if j.plan.Secure.V == j.me() {
		hold = p.holdValues
		p.groupsW, p.groupsV = theirs, len(own.groups.labels)
	}
	if err := j.keep(p); err != nil {
		return nil, nil, err
	}
	shares, err := hold(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("encrypted sums: %w", err)
	}
	return p, shares, nil
}

// release opens the cells that pass, at the asker only.
func (j *joint) release(ctx context.Context, own *reduced, theirs int, p *products, shares [][]inner.Share) (*outcome, error) {
	_, end := j.run.begin("threshold and release", j.transcript)
	defer end()
	out := &outcome{groups: own.groups, other: theirs, spec: j.spec(p)}
	cells := make([]garble.Cell, p.groupsW*p.groupsV)
	for c := range cells {
		cells[c].Own = own.sizes[j.ownGroup(c, p.groupsV)]
		cells[c].Shares = make([]garble.Share, len(shares))
		for i := range shares {
			cells[c].Shares[i] = garble.Share(p.share(shares, i, c))
		}
	}
	if err := j.addNoise(cells); err != nil {
		return nil, err
	}
	session, base := j.bound(), j.n.bases.with(j.partner.TLSFingerprint)
	if j.asker {
		released, err := garble.Evaluate(ctx, j.pipe, session, out.spec, cells, base, rand.Reader)
		out.cells = released
		return out, err
	}
	var labels [][]byte
	if out.spec.LabelBytes > 0 {
		for c := range cells {
			labels = append(labels, own.groups.bytes(j.ownGroup(c, p.groupsV)))
		}
	}
	// What the circuit opens is the asker's from here on.
	if err := j.n.permit(ctx, j.run); err != nil {
		return nil, err
	}
	return out, garble.Garble(ctx, j.pipe, session, out.spec, cells, labels, base, rand.Reader)
}

// ownGroup is the number of this node's group in a cell.
func (j *joint) ownGroup(cell, groupsV int) int {
	if j.plan.Secure.W == j.me() {
		return cell / groupsV
	}
	return cell % groupsV
}

// spec is the public shape of the release circuit.
func (j *joint) spec(p *products) garble.Spec {
	at := j.me()
	if j.asker {
		at = j.other()
	}
	garbler, shared := j.plan.Locals[at], [2]int{p.plan.SharedW, p.plan.SharedV}
	if at != p.plan.W {
		shared[0], shared[1] = shared[1], shared[0]
	}
	s := garble.Spec{Shared: shared, K: uint32(j.plan.MinGroupSize), Complement: p.plan.Complement, Guard: p.plan.CellGuard,
		Cells: p.groupsW * p.groupsV, LabelBytes: labelSize(garbler.Groups)}
	s.Noise = noiseSpec(j.plan.DP)
	for _, set := range p.sets {
		s.Products = append(s.Products, set.TBits())
	}
	for _, c := range j.plan.Output.Columns {
		if c.Aggregate == nil {
			continue
		}
		a := garble.Aggregate{Values: []int{c.Aggregate.Total}, Guard: c.Aggregate.Guard}
		if c.Aggregate.Rows >= 0 {
			a.Values = append(a.Values, c.Aggregate.Rows)
		}
		if c.Aggregate.Squares > 0 {
			a.Values = append(a.Values, c.Aggregate.Squares)
		}
		a.Complement = c.Aggregate.Complement
		for _, part := range c.Aggregate.Parts {
			a.Parts = append(a.Parts, garble.Part(part))
		}
		for _, left := range c.Aggregate.Left {
			a.Left = append(a.Left, garble.Left(left))
		}
		s.Aggregates = append(s.Aggregates, a)
	}
	return s
}
