package analysis

import (
	"fmt"
	"slices"

	"parley/agreements"
	"parley/analysis/plan"
)

// Explanation says, for people who sign agreements as for those who run
// nodes, what an accepted question makes each member do and learn.
type Explanation struct {
	Title     string `json:"title"`
	Agreement string `json:"agreement"`
	PlanHash  string `json:"planHash"` // hex
	Asker     string `json:"asker"`
	Analysis  string `json:"analysis,omitempty"`
	Question  string `json:"question"`
	// Warnings say what is allowed and most likely a mistake.
	Warnings []string `json:"warnings,omitempty"`
	// Runs says what each owner's engine does with its own rows.
	Runs []OwnerRun `json:"runs"`
	// Leaves says what leaves which node, to whom and in what form.
	Leaves []Message `json:"leaves"`
	// Learns says what each member knows afterwards that it did not before.
	Learns []Lesson `json:"learns"`
	// Release is the rules that the answer obeys.
	Release []string `json:"release"`
	// Limits says what is not promised.
	Limits []string `json:"limits"`
	// Budget says what the run takes from the budgets of the datasets.
	Budget []string `json:"budget"`
	// Noise is the error to be expected of each noisy column.
	Noise []NoisyColumn `json:"noise,omitempty"`
	// Cost is set for a join by a node, which knows its datasets' sizes.
	Cost *Cost `json:"cost,omitempty"`
	// Uses names the rule that allowed each column.
	Uses []ColumnUse `json:"uses"`
}

// OwnerRun is the work of one owner on its own rows.
type OwnerRun struct {
	Owner   string   `json:"owner"`
	Dataset string   `json:"dataset"`
	SQL     string   `json:"sql"`
	Values  []string `json:"values"` // $1…$n
	Summary string   `json:"summary"`
}

// Message is something that leaves a node.
type Message struct {
	From string `json:"from"`
	To   string `json:"to"`
	What string `json:"what"`
	Form string `json:"form"`
}

// Lesson is what one member learns.
type Lesson struct {
	Member string   `json:"member"`
	Learns []string `json:"learns"`
}

// Explain describes an accepted question.
func Explain(c *Compiled, a *agreements.Agreement) *Explanation {
	e := &Explanation{
		Title: a.Title, Agreement: c.Plan.Agreement, PlanHash: fmt.Sprintf("%x", c.Hash), Asker: c.Asker,
		Analysis: c.Analysis, Question: c.Plan.SQL, Warnings: c.Warnings, Uses: c.Uses, Release: release(&c.Plan),
		Budget: budgetOf(&c.Plan), Noise: noiseOf(&c.Plan), Limits: limitsOf(&c.Plan),
	}
	if c.Plan.DP == nil && partial(&c.Plan, func(a *plan.Aggregate) bool { return a.Nullable }) {
		e.Limits = append(e.Limits, "Aggregates under two different conditions can be subtracted from each other: "+
			"how many people or things meet the one and not the other is not tested.")
	}
	for _, l := range c.Plan.Locals {
		e.Runs = append(e.Runs, OwnerRun{
			Owner: l.Member, Dataset: l.Dataset, SQL: l.SQL, Values: l.Args, Summary: summary(&l, c.Plan.Kind),
		})
	}
	if c.Plan.Kind == plan.Join {
		e.Leaves, e.Learns = joinLeaves(c), joinLearns(c)
		e.Limits = append(e.Limits, "What is said above about who learns what holds while both nodes follow the protocol; "+
			"SECURITY says what a node that deviates could learn.")
		return e
	}
	e.Leaves, e.Learns = oneOwnerLeaves(c), oneOwnerLearns(c)
	return e
}

// limitsOf says what protects the answer, and what does not.
func limitsOf(p *plan.Plan) []string {
	if p.DP == nil {
		return []string{"The answer is protected by a threshold only; it is not differentially private: " +
			"many answers to similar questions can tell more than one."}
	}
	out := []string{fmt.Sprintf("The answer is differentially private for a person or thing as long as all runs stay within the budget (%s). "+
		"How many people or things a dataset has, and the number of groups where the agreement lists no values, are not protected by noise.", p.DP)}
	for _, l := range p.Locals {
		if l.RowsPerUnit < l.MaxRowsPerUnit {
			out = append(out, fmt.Sprintf("Where a person or thing has more than %d of the rows of %s in a group, they count as %d (rowsPerUnit), in sums as in counts: "+
				"both come out lower than they are; in averages and other quotients of the two the person or thing weighs as that many rows.", l.RowsPerUnit, l.Dataset, l.RowsPerUnit))
		}
	}
	return out
}

func summary(l *plan.Local, kind plan.Kind) string {
	if kind == plan.Join {
		return "Its rows are added up for each person or thing and group, and kept inside this node."
	}
	return "One line for each group, kept inside this node until the release rules have been applied."
}

func release(p *plan.Plan) []string {
	out := []string{fmt.Sprintf("A group is released only if at least %d different people or things stand behind it; rows do not count.", p.MinGroupSize)}
	if p.Secure != nil && p.Secure.Outer {
		out = []string{
			fmt.Sprintf("A group is released only if at least %d different people or things of %s stand behind it, with or without a partner; rows do not count.",
				p.MinGroupSize, p.Locals[p.Secure.W].Dataset),
			fmt.Sprintf("A number that depends on %s needs at least %d people or things with a partner; else it is NULL, whatever the reason.",
				p.Locals[p.Secure.V].Dataset, p.MinGroupSize),
		}
	}
	if partial(p, func(a *plan.Aggregate) bool { return a.Nullable }) {
		out = append(out, "Where a value can be missing, or an aggregate has a condition of its own (FILTER, CASE), it needs that many people or things with a row that counts.")
	}
	if p.Secure != nil && p.Secure.Days > 0 {
		out = append(out, "In a join on time a person or thing counts only if it meets something on the first of its own days at "+p.Locals[p.Secure.V].Member+". Groups may be withheld that have more people or things than that; none is released that has fewer.")
	}
	if partial(p, func(a *plan.Aggregate) bool { return len(a.Left) > 0 }) {
		counted := ""
		if p.Secure != nil && p.Secure.Days > 0 {
			counted = ", counted in the same way"
		}
		out = append(out, fmt.Sprintf("What such a condition leaves out of the group must be no rows at all, or rows of at least %d people or things%s: one that meets the condition may have other rows that do not. The same holds for rows without a value where they are counted.", p.MinGroupSize, counted))
	}
	if partial(p, func(a *plan.Aggregate) bool { return a.Complement }) {
		out = append(out, fmt.Sprintf("Such a number is NULL as well when fewer than %d people or things of either owner's own group have no partner, or of those that its condition picks.", p.MinGroupSize))
	}
	if p.Secure != nil && !p.Secure.Outer && partial(p, func(a *plan.Aggregate) bool { return len(a.Parts) > 0 }) {
		out = append(out, fmt.Sprintf("Of the people or things that such a condition picks on its owner's side, or that have a value, at least %d must have no partner: else the number would tell that all of them have one.", p.MinGroupSize))
	}
	if partial(p, func(a *plan.Aggregate) bool {
		return slices.ContainsFunc(a.Parts, func(part plan.Part) bool { return part.Whole == p.Secure.CellGuard })
	}) {
		out = append(out, fmt.Sprintf("Who has no partner is counted only where at least %d people or things have one.", p.MinGroupSize))
	}
	if p.Secure != nil && p.Secure.Complement {
		out = append(out, fmt.Sprintf("A group is withheld as well when fewer than %d people or things of either owner's own group would be left out of it.", p.MinGroupSize))
	}
	if p.DP != nil {
		out = append(out, "Noise is added to every number before it is tested; the number tested, with its noise, must also reach a threshold above that, and is the number released.")
	}
	out = append(out, "Groups that are too small and groups that are empty look the same.")
	if p.Output.Having != nil {
		out = append(out, "HAVING is tested on released values only, and says nothing of groups that were withheld.")
	}
	if p.PublicData {
		out = append(out, "All rows used are public data by their contracts; the lower limit for public data applies.")
	}
	return out
}

// partial tells whether some aggregate is such a one.
func partial(p *plan.Plan, is func(*plan.Aggregate) bool) bool {
	for _, c := range p.Output.Columns {
		if c.Aggregate != nil && is(c.Aggregate) {
			return true
		}
	}
	return false
}
