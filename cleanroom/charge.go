package cleanroom

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"parley/agreements"
	"parley/analysis/plan"
	"parley/cleanroom/audit"
	"parley/cleanroom/ledger"
	"parley/cleanroom/store"
	"parley/crypto/wire"
	"parley/internal/weak"
)

// ErrLimit says that an owner's limit on the use of its data is reached.
var ErrLimit = errors.New("the limit is reached")

// limited names the clause that a limit stands in.
func limited(err error) error {
	var e *ledger.Exceeded
	if !errors.As(err, &e) {
		return err
	}
	clause := map[string]string{"runsPerDay": "datasets." + e.Dataset + ".rules.runsPerDay", "budget": "dp.budget, the strictest of the agreement's and of dataset " + e.Dataset,
		"alignments": "this node's configuration", "alignmentsInAll": "this node's configuration"}[e.Limit]
	return fmt.Errorf("%w: %w (rule: %s)", ErrLimit, err, clause)
}

// limitsOf are what bounds the use of one of our datasets under an agreement.
func limitsOf(a *agreements.Agreement, dataset string, approved bool) ledger.Limits {
	limits := ledger.Limits{RunsPerDay: a.Dataset(dataset).Rules.RunsPerDay}
	if d := a.Demand([]string{dataset}, approved); !d.None() {
		b := &ledger.Budget{Days: d.PeriodDays}
		var okE, okD bool
		b.Epsilon, okE = new(big.Rat).SetString(d.BudgetEpsilon)
		b.Delta, okD = new(big.Rat).SetString(d.BudgetDelta)
		if !okE || !okD { // Check has refused such an agreement
			b.Epsilon, b.Delta = new(big.Rat), new(big.Rat)
		}
		limits.Budget = b
	}
	return limits
}

func (ad *admitted) approved() bool { return ad.question.Analysis != "" }

// chargeOf is what a run takes from one of our datasets.
func (ad *admitted) chargeOf(run string, row store.Dataset) store.Charge {
	c := store.Charge{Kind: ledger.Run, Dataset: row.Name, Version: row.Version, Agreement: ad.id, Asker: ad.asker,
		Run: run, PlanHash: hexOf(ad.compiled.Hash)}
	if dp := ad.compiled.Plan.DP; dp != nil {
		c.Epsilon, c.Delta, c.Rho, c.Slip = dp.Cost.Epsilon, dp.Cost.Delta, dp.Cost.Rho, dp.Slip
	}
	return c
}

// eachOwn calls fn for every dataset of ours in the plan, in its order.
func (n *Node) eachOwn(ctx context.Context, ad *admitted, fn func(store.Dataset, ledger.Limits) error) error {
	for _, l := range ad.compiled.Plan.Locals {
		row, ours := ad.own[l.Dataset]
		if !ours {
			continue
		}
		if err := n.identify(ctx, row, ""); err != nil {
			return err
		}
		if err := fn(row, limitsOf(ad.agreement, l.Dataset, ad.approved())); err != nil {
			return limited(err)
		}
	}
	return nil
}

// charge makes a run pay for the use of this node's data, before any of it is
// touched. What was charged stays charged, however the run ends.
func (n *Node) charge(ctx context.Context, r *Run) error {
	err := n.eachOwn(ctx, r.admitted, func(row store.Dataset, limits ledger.Limits) error {
		return n.ledger.Charge(ctx, n.now(), r.admitted.chargeOf(r.ID, row), limits)
	})
	if errors.Is(err, ErrLimit) {
		err = errors.Join(err, n.record(entry("run.limit", audit.Refused).by(r.admitted.asker).run(r.ID).agreement(r.admitted.id).with("code", "limit")))
	}
	return err
}

// chargeInOrder charges a join, first at the owner of the plan's first dataset
// and then at the other: of many runs that want the last of both budgets the
// first to be charged is charged at both, whoever asks (R12). In no order, two
// runs could each take the last of one budget, and both would fail.
func (j *joint) chargeInOrder(ctx context.Context) error {
	if j.me() == 1 && !weak.Off("R12") {
		got, err := wire.RecvBytes(ctx, j.pipe, "run/charged", 1)
		if err != nil {
			return err
		}
		if got[0] != 1 {
			return errUnexpectedAnswer
		}
	}
	if err := j.n.charge(ctx, j.run); err != nil {
		return err
	}
	if j.me() == 0 && !weak.Off("R12") {
		return wire.SendBytes(ctx, j.pipe, "run/charged", []byte{1})
	}
	return nil
}

// affordable reports, before anything is begun, whether a run could be charged
// now. The charge itself is judged again.
func (n *Node) affordable(ctx context.Context, ad *admitted) error {
	return n.eachOwn(ctx, ad, func(row store.Dataset, limits ledger.Limits) error {
		return n.ledger.Check(ctx, n.now(), ad.chargeOf("", row), limits)
	})
}

// alignmentsTogether times AlignmentsPerDay is how often a dataset is aligned
// anew in a day with all partners together.
const alignmentsTogether = 4

// chargeAlignment makes an alignment pay that is about to begin: whoever may
// begin one can count the shared units under new noise.
func (j *joint) chargeAlignment(ctx context.Context) error {
	ad := j.run.admitted
	return j.n.eachOwn(ctx, ad, func(row store.Dataset, _ ledger.Limits) error {
		return j.n.ledger.Charge(ctx, j.n.now(), store.Charge{Kind: ledger.Alignment, Dataset: row.Name, Version: row.Version,
			Agreement: ad.id, Asker: ad.asker, Peer: j.partner.Name, Run: j.run.ID}, ledger.Limits{Alignments: j.n.cfg.AlignmentsPerDay, AlignmentsInAll: alignmentsTogether * j.n.cfg.AlignmentsPerDay})
	})
}

// Spending is what an owner sees of the use of one of its datasets.
type Spending struct {
	Dataset string `json:"dataset"`
	Version string `json:"version"`
	// SharedWith are other names that draw on the same budget, because they
	// were seen to be the same data.
	SharedWith []string `json:"sharedWith,omitempty"`
	// Lines say who used it under which agreement.
	Lines []SpendingLine `json:"lines"`
	// Budgets say what the agreements in force leave.
	Budgets []BudgetLine `json:"budgets"`
}

// SpendingLine sums up one member's use under one agreement.
type SpendingLine struct {
	Agreement  string `json:"agreement"`
	Asker      string `json:"asker"`
	Runs       int    `json:"runs"`
	Alignments int    `json:"alignments"`
	Epsilon    string `json:"epsilon"` // rationals as text
	Delta      string `json:"delta"`
}

// BudgetLine is what is left under one agreement.
type BudgetLine struct {
	Agreement     string `json:"agreement"`
	RunsPerDay    int    `json:"runsPerDay,omitempty"`
	BudgetEpsilon string `json:"budgetEpsilon,omitempty"`
	PeriodDays    int    `json:"periodDays,omitempty"`
	Spent         string `json:"spent,omitempty"` // epsilon in the period
	// More is about how many more runs at the epsilon demanded of a run, with
	// runs per day counted in; nil: nothing bounds them.
	More *int `json:"more,omitempty"`
}

// Spendings is the owner's view of the ledger, of one dataset or, for "", all.
func (n *Node) Spendings(ctx context.Context, dataset string) ([]*Spending, error) {
	rows, err := n.store.Datasets(ctx)
	if err != nil {
		return nil, err
	}
	known, err := n.store.Identities(ctx)
	if err != nil {
		return nil, err
	}
	var out []*Spending
	for _, row := range rows {
		if dataset != "" && row.Name != dataset {
			continue
		}
		s, err := n.spending(ctx, row, known)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	if dataset != "" && len(out) == 0 {
		return nil, fmt.Errorf("dataset %q: %w", dataset, store.ErrNotFound)
	}
	return out, nil
}

func (n *Node) spending(ctx context.Context, row store.Dataset, known []store.Identity) (*Spending, error) {
	if err := n.identify(ctx, row, ""); err != nil {
		return nil, err
	}
	s := &Spending{Dataset: row.Name, Version: row.Version, Lines: []SpendingLine{}, Budgets: []BudgetLine{}}
	s.SharedWith = sharedWith(row, known)
	_, charges, err := n.ledger.Spent(ctx, n.now(), row.Name, row.Version, 0)
	if err != nil {
		return nil, err
	}
	if s.Lines, err = spendingLines(charges); err != nil {
		return nil, err
	}
	s.Budgets, err = n.budgetLines(ctx, row)
	return s, err
}

// sharedWith lists the other names that have the row's identity.
func sharedWith(row store.Dataset, known []store.Identity) []string {
	identity, seen, out := "", map[string]bool{row.Name: true}, []string(nil)
	for _, k := range known {
		if k.Dataset == row.Name && k.Version == row.Version {
			identity = k.Identity
		}
	}
	for _, k := range known {
		if identity != "" && k.Identity == identity && !seen[k.Dataset] {
			seen[k.Dataset] = true
			out = append(out, k.Dataset)
		}
	}
	return out
}

func spendingLines(charges []store.Charge) ([]SpendingLine, error) {
	type key struct{ agreement, asker string }
	at, sums := map[key]int{}, []ledger.Cost{}
	lines := []SpendingLine{}
	for _, c := range charges {
		k := key{c.Agreement, c.Asker}
		if _, ok := at[k]; !ok {
			at[k] = len(lines)
			lines, sums = append(lines, SpendingLine{Agreement: c.Agreement, Asker: c.Asker}), append(sums, ledger.NoCost())
		}
		i := at[k]
		if c.Kind == ledger.Run {
			lines[i].Runs++
		} else {
			lines[i].Alignments++
		}
		cost, err := ledger.CostOf(c)
		if err != nil {
			return nil, err
		}
		sums[i] = sums[i].Add(cost)
	}
	for i := range lines {
		lines[i].Epsilon, lines[i].Delta = sums[i].Epsilon.RatString(), sums[i].Delta.RatString()
	}
	return lines, nil
}

// budgetLines says what every agreement in force leaves of a dataset's budget.
func (n *Node) budgetLines(ctx context.Context, row store.Dataset) ([]BudgetLine, error) {
	rows, err := n.store.Agreements(ctx)
	if err != nil {
		return nil, err
	}
	out := []BudgetLine{}
	for _, in := range rows {
		a, id, err := n.inForce(ctx, in.ID)
		if err != nil || a.Dataset(row.Name) == nil || a.Dataset(row.Name).Owner != n.cfg.Org {
			continue // not in force, or not about this dataset
		}
		limits := limitsOf(a, row.Name, false)
		line := BudgetLine{Agreement: id, RunsPerDay: limits.RunsPerDay}
		c := store.Charge{Kind: ledger.Run, Dataset: row.Name, Version: row.Version}
		if limits.Budget != nil {
			d := a.Demand([]string{row.Name}, false)
			c.Epsilon, c.Delta, c.Slip = d.Epsilon, d.Delta, plan.MostSlip(d)
			spent, _, err := n.ledger.Spent(ctx, n.now(), row.Name, row.Version, d.PeriodDays)
			if err != nil {
				return nil, err
			}
			line.BudgetEpsilon, line.PeriodDays, line.Spent = d.BudgetEpsilon, d.PeriodDays, spent.Epsilon.RatString()
		}
		left, bounded, err := n.ledger.More(ctx, n.now(), c, limits)
		if err != nil {
			return nil, err
		}
		if bounded {
			line.More = &left
		}
		out = append(out, line)
	}
	return out, nil
}
