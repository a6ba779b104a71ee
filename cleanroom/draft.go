package cleanroom

import (
	"time"

	"parley/agreements"
	"parley/cleanroom/catalog"
)

// DraftOptions are what a draft is made from.
type DraftOptions struct {
	Title, Purpose string
	Legal          string
	Members        []agreements.Member
	Contracts      []OwnedContract
	MinGroupSize   int
	AdHoc          bool
	Receivers      []string // empty: every member
	Analyses       []agreements.Analysis
	NotBefore      time.Time
	NotAfter       time.Time
}

// OwnedContract is one member's data contract, as YAML.
type OwnedContract struct {
	Owner    string
	Contract []byte
}

// Draft derives an agreement from cards and contracts: the rules of every
// dataset are exactly what its contract allows.
func Draft(o DraftOptions) (*agreements.Agreement, error) {
	a := &agreements.Agreement{Format: agreements.Format, Title: o.Title, Purpose: o.Purpose, Legal: o.Legal,
		Validity:     agreements.Window{NotBefore: o.NotBefore, NotAfter: o.NotAfter},
		MinGroupSize: o.MinGroupSize, DP: agreements.NoDP(), AdHoc: o.AdHoc, Members: o.Members, Receivers: o.Receivers, Analyses: o.Analyses}
	if len(a.Receivers) == 0 {
		for _, m := range o.Members {
			a.Receivers = append(a.Receivers, m.Name)
		}
	}
	for _, oc := range o.Contracts {
		c, err := catalog.Load(oc.Contract)
		if err != nil {
			return nil, err
		}
		rules, err := c.Rules()
		if err != nil {
			return nil, err
		}
		a.Datasets = append(a.Datasets, agreements.Dataset{Name: c.Name(), Owner: oc.Owner, ContractHash: c.Hash(), Rules: rules})
	}
	return a, a.Check()
}
