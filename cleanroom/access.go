package cleanroom

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"parley/agreements"
	"parley/analysis"
	"parley/analysis/plan"
	"parley/cleanroom/audit"
	"parley/cleanroom/ledger"
	"parley/cleanroom/people"
	"parley/cleanroom/store"
	"parley/internal/weak"
)

// record writes one decision to the audit log before it takes effect. When it
// cannot be written durably the error stops the caller: no audit, no answer.
func (n *Node) record(e entryBuilder) error {
	_, err := n.recorded(e)
	return err
}

// recorded is record and the entry's index.
func (n *Node) recorded(e entryBuilder) (int64, error) {
	index, err := n.audit.Append(context.WithoutCancel(n.life), n.timed(e))
	if err != nil {
		n.log.Error("audit log", "error", err)
		return 0, fmt.Errorf("the audit log could not be written, so nothing is done: %w", err)
	}
	return index, nil
}

// entryBuilder makes audit entries readable where they are made.
type entryBuilder struct{ Entry audit.Entry }

func entry(action, outcome string) entryBuilder {
	return entryBuilder{audit.Entry{Action: action, Outcome: outcome}}
}

func (b entryBuilder) by(actor string) entryBuilder     { b.Entry.Actor = actor; return b }
func (b entryBuilder) agreement(id string) entryBuilder { b.Entry.Agreement = id; return b }
func (b entryBuilder) run(id string) entryBuilder       { b.Entry.Run = id; return b }
func (b entryBuilder) dataset(name string) entryBuilder { b.Entry.Dataset = name; return b }

// called names in an entry the person who called, if somebody of this
// organisation did.
func (b entryBuilder) called(ctx context.Context) entryBuilder {
	if w := people.From(ctx); w != nil && !w.IsOperator() {
		return b.with("caller", w.Name)
	}
	return b
}

func (b entryBuilder) with(key, value string) entryBuilder {
	d := map[string]string{key: value}
	for k, v := range b.Entry.Detail {
		d[k] = v
	}
	b.Entry.Detail = d
	return b
}

// Question is what an analyst asks.
type Question struct {
	Agreement string            `json:"agreement"`
	SQL       string            `json:"sql,omitempty"`
	Analysis  string            `json:"analysis,omitempty"`
	Params    map[string]string `json:"params,omitempty"`
	// Fresh computes the answer anew where it would be given again.
	Fresh bool `json:"fresh,omitempty"`
}

// admitted is a question that this node's own copy of the agreement allows.
type admitted struct {
	question  Question
	asker     string
	agreement *agreements.Agreement
	id        string // of the agreement
	compiled  *analysis.Compiled
	// own are this node's datasets in the plan, in the versions that were
	// judged. The run uses these and no others.
	own map[string]store.Dataset
}

// admit decides, for this node alone, whether a member may ask a question
// now. It is the one way to a compiled plan, and it records the decision.
// run is "" for an explanation.
func (n *Node) admit(ctx context.Context, asker string, q Question, run string) (*admitted, error) {
	action := "run.submit"
	if run == "" {
		action = "explain"
	}
	a, id, err := n.inForce(ctx, q.Agreement)
	if err != nil {
		return nil, errors.Join(err, n.record(entry(action, audit.Refused).called(ctx).by(asker).run(run).with("code", "agreement")))
	}
	c, err := analysis.Compile(ctx, n.engine, a, id, asker,
		analysis.Question{SQL: q.SQL, Analysis: q.Analysis, Params: q.Params})
	if err != nil {
		return nil, errors.Join(err, n.record(entry(action, audit.Refused).called(ctx).by(asker).run(run).agreement(id).with("code", refusalCode(err))))
	}
	ad := &admitted{question: q, asker: asker, agreement: a, id: id, compiled: c}
	if err := n.ownData(ctx, ad); err != nil {
		return nil, errors.Join(err, n.record(entry(action, audit.Refused).called(ctx).by(asker).run(run).agreement(id).with("code", "dataset")))
	}
	return ad, n.record(entry(action, audit.OK).called(ctx).by(asker).run(run).agreement(id).with("planHash", hexOf(c.Hash)))
}

func refusalCode(err error) string {
	var r *analysis.Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return "error"
}

// ownData checks the owner's side of every dataset of ours in the plan: the
// signed contract is the one in use, and the set is large enough.
func (n *Node) ownData(ctx context.Context, ad *admitted) error {
	ad.own = map[string]store.Dataset{}
	for _, l := range ad.compiled.Plan.Locals {
		if l.Member != n.cfg.Org {
			continue
		}
		d := ad.agreement.Dataset(l.Dataset)
		row, err := n.ownDataset(ctx, d)
		if err != nil {
			return err
		}
		ad.own[l.Dataset] = row
		if smallest := ad.leastUnits(l.Dataset); row.Units < smallest {
			return fmt.Errorf("%w: %q needs at least %d units", ErrTooFewUnits, l.Dataset, smallest)
		}
		if err := smallDelta(ad.compiled.Plan.DP, row); err != nil {
			return err
		}
	}
	return nil
}

// smallDelta refuses a delta of 1/n or more for n units: giving away one unit
// of them as it is would be private enough for it.
func smallDelta(dp *plan.DP, row store.Dataset) error {
	if dp == nil || row.Units < 1 {
		return nil
	}
	delta, ok := new(big.Rat).SetString(dp.Delta)
	if ok && delta.Cmp(big.NewRat(1, row.Units)) < 0 {
		return nil
	}
	below := "0.1"
	for n := row.Units; n >= 10; n /= 10 {
		below = "0.0" + below[2:]
	}
	return fmt.Errorf("%w: %q has %d units and the agreement demands delta %s. Sign an agreement whose dp.delta is %s or less", ErrLargeDelta, row.Name, row.Units, dp.Delta, below)
}

// still checks, at the moment something is about to be given away, that what
// admitted the question holds yet: the agreement may have ended meanwhile
// (R52), and the owner may have replaced the data or their contract (R59).
func (n *Node) still(ctx context.Context, ad *admitted) error {
	a, _, err := n.inForce(ctx, ad.id)
	if err != nil {
		if weak.Off("R52") {
			return nil
		}
		return err
	}
	for name, used := range ad.own {
		row, err := n.ownDataset(ctx, a.Dataset(name))
		if err == nil && row.Version != used.Version {
			err = replaced(name)
		}
		if err != nil && !weak.Off("R59") {
			return err
		}
	}
	return nil
}

// findAgreement looks an agreement up by id or by a unique beginning of it.
func (n *Node) findAgreement(ctx context.Context, id string) (store.AgreementRow, error) {
	row, err := n.store.AgreementRow(ctx, id)
	if err == nil || !errors.Is(err, store.ErrNotFound) {
		return row, err
	}
	if len(strings.TrimPrefix(id, "sha256:")) < 6 {
		return row, ErrShortID
	}
	rows, err := n.store.Agreements(ctx)
	if err != nil {
		return row, err
	}
	var found []store.AgreementRow
	for _, r := range rows {
		if strings.HasPrefix(strings.TrimPrefix(r.ID, "sha256:"), strings.TrimPrefix(id, "sha256:")) {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		return row, ErrNoAgreement
	}
	return found[0], nil
}

// Explain says what a question would do, without doing it.
func (n *Node) Explain(ctx context.Context, q Question) (*analysis.Explanation, error) {
	ad, err := n.admit(ctx, n.cfg.Org, q, "")
	if err != nil {
		return nil, err
	}
	e := analysis.Explain(ad.compiled, ad.agreement)
	if err := n.budgets(ctx, ad, e); err != nil {
		return nil, err
	}
	e.Cost, err = n.estimate(ctx, ad)
	return e, err
}

// budgets says how many more runs the own datasets allow. What is left at a
// partner's, its owner alone knows.
func (n *Node) budgets(ctx context.Context, ad *admitted, e *analysis.Explanation) error {
	for _, l := range ad.compiled.Plan.Locals {
		if l.Member != n.cfg.Org && ad.compiled.Plan.DP != nil {
			e.OwnersBudget(l.Dataset, l.Member)
		}
	}
	more, err := n.more(ctx, ad)
	for _, m := range more {
		e.MoreRuns(m.Dataset, m.Runs)
	}
	return err
}

// MoreRuns is about how many more runs like one a dataset's limits allow.
type MoreRuns struct {
	Dataset string `json:"dataset"`
	Runs    int    `json:"runs"`
}

// more says it of the own datasets that have limits.
func (n *Node) more(ctx context.Context, ad *admitted) (out []MoreRuns, err error) {
	err = n.eachOwn(ctx, ad, func(row store.Dataset, limits ledger.Limits) error {
		left, bounded, err := n.ledger.More(ctx, n.now(), ad.chargeOf("", row), limits)
		if bounded {
			out = append(out, MoreRuns{row.Name, left})
		}
		return err
	})
	return out, err
}

// moreRuns is more for an answer, which does not depend on it.
func (n *Node) moreRuns(ctx context.Context, ad *admitted) []MoreRuns {
	more, err := n.more(ctx, ad)
	if err != nil {
		n.log.Error("how many more runs there are", "error", err)
	}
	return more
}

// Pass prints one pass from a question to its plan; see analysis.Passes.
func (n *Node) Pass(ctx context.Context, q Question, name string) (*analysis.Pass, error) {
	ad, err := n.admit(ctx, n.cfg.Org, q, "")
	if err != nil {
		return nil, err
	}
	return ad.compiled.Pass(name)
}

// utc is the present in whole seconds, as receipts carry it.
func (n *Node) utc() time.Time { return n.now().UTC().Truncate(time.Second) }
