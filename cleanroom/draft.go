package cleanroom

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parley/agreements"
	"parley/cleanroom/catalog"
)

// DraftOptions are what a draft is made from.
type DraftOptions struct {
	Title, Purpose string
	// Template, Clauses and Terms are the text that binds people.
	Template  *agreements.TemplateRef
	Clauses   []agreements.Clause
	Terms     []agreements.Term
	Members   []agreements.Member
	Contracts []OwnedContract
	// Datasets are those whose terms their owners sent (PartnerContracts).
	Datasets     []agreements.Dataset
	MinGroupSize int
	AdHoc        bool
	// DP is the demand for noise; nil: DefaultDP where SQL may be asked freely,
	// none elsewhere. To leave it out, agreements.NoDP must be said.
	DP *agreements.DP
	// Known are datasets of the contracts whose sizes are known; DefaultDP goes
	// by them.
	Known     []Dataset
	Receivers []string // empty: every member
	Analyses  []agreements.Analysis
	NotBefore time.Time
	NotAfter  time.Time
}

// OwnedContract is one member's data contract, as YAML.
type OwnedContract struct {
	Owner    string
	Contract []byte
}

func (o *DraftOptions) demand() (*agreements.DP, error) {
	switch {
	case o.DP != nil:
		return o.DP, nil
	case o.AdHoc:
		units, _, err := LargestKnown(o.Contracts, o.Known)
		return DefaultDP(units), err
	}
	return agreements.NoDP(), nil
}

// receiving is those of a contract's receivers that the agreement has; none
// written are all. None left would be read as all.
func receiving(dataset string, contract, agreement []string) ([]string, error) {
	var out []string
	for _, m := range contract {
		if slices.Contains(agreement, m) {
			out = append(out, m)
		}
	}
	if len(contract) > 0 && len(out) == 0 {
		return nil, fmt.Errorf("the contract of %q lets only %s receive answers, and none of them is a receiver of this agreement", dataset, strings.Join(contract, ", "))
	}
	return out, nil
}

// Draft derives an agreement from cards and contracts: the rules of every
// dataset are exactly what its contract allows, but for receivers that the agreement does
// not have.
func Draft(o DraftOptions) (*agreements.Agreement, error) {
	dp, err := o.demand()
	if err != nil {
		return nil, err
	}
	a := &agreements.Agreement{Format: agreements.Format, Title: o.Title, Purpose: o.Purpose, Template: o.Template, Clauses: o.Clauses, Terms: o.Terms,
		Validity:     agreements.Window{NotBefore: o.NotBefore, NotAfter: o.NotAfter},
		MinGroupSize: o.MinGroupSize, DP: dp, AdHoc: o.AdHoc, Members: o.Members, Receivers: o.Receivers, Analyses: o.Analyses}
	if len(a.Receivers) == 0 {
		for _, m := range o.Members {
			a.Receivers = append(a.Receivers, m.Name)
		}
	}
	if a.Datasets, err = draftDatasets(o.Contracts, o.Datasets, a.Receivers); err != nil {
		return nil, err
	}
	return a, a.Check()
}

// draftDatasets are the datasets of contracts, and those that partners offer,
// with exactly the rules that their contracts allow, but for receivers that the
// agreement does not have; nil receivers: not known yet.
func draftDatasets(contracts []OwnedContract, partners []agreements.Dataset, receivers []string) (out []agreements.Dataset, err error) {
	for _, oc := range contracts {
		c, err := catalog.Load(oc.Contract)
		if err != nil {
			return nil, err
		}
		rules, err := c.Rules()
		if err != nil {
			return nil, err
		}
		out = append(out, agreements.Dataset{Name: c.Name(), Owner: oc.Owner, ContractHash: c.Hash(), Rules: rules})
	}
	out = append(out, partners...)
	for i := range out {
		if receivers == nil {
			break
		}
		if out[i].Rules.Receivers, err = receiving(out[i].Name, out[i].Rules.Receivers, receivers); err != nil {
			return nil, err
		}
	}
	return out, nil
}
