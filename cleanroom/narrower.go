package cleanroom

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"

	"parley/agreements"
)

// narrower checks that the rules written in an agreement allow nothing that
// the owner's contract does not. They may allow less. What sizes the
// cryptography or changes a value's meaning must be equal.
func narrower(r *agreements.Rules, contractRules json.RawMessage) error {
	var c agreements.Rules
	if err := json.Unmarshal(contractRules, &c); err != nil {
		return err
	}
	switch {
	case r.Unit != c.Unit:
		return wider("unit")
	case r.MinGroupSize < c.MinGroupSize:
		return wider("minGroupSize")
	case r.MinSetSize < c.MinSetSize:
		return wider("minSetSize")
	case r.MaxRowsPerUnit != c.MaxRowsPerUnit:
		return wider("maxRowsPerUnit")
	case r.PublicData && !c.PublicData:
		return wider("publicData")
	case r.AdHoc && !c.AdHoc:
		return wider("adHoc")
	case !r.DP.AtLeastAsStrict(c.DP):
		return wider("dp")
	case max(r.GroupsPerUnit, 1) > max(c.GroupsPerUnit, 1):
		return wider("groupsPerUnit")
	case max(r.RowsPerUnit, 1) > max(c.RowsPerUnit, 1):
		return wider("rowsPerUnit")
	case c.RunsPerDay > 0 && (r.RunsPerDay == 0 || r.RunsPerDay > c.RunsPerDay):
		return wider("runsPerDay")
	case c.ApproveRuns && !r.ApproveRuns:
		return wider("approveRuns")
	case !among(r.Receivers, c.Receivers):
		return wider("receivers")
	case !among(r.Functions, c.Functions):
		return wider("functions")
	}
	for i := range r.Columns {
		if err := narrowerColumn(&r.Columns[i], c.Column(r.Columns[i].Name)); err != nil {
			return err
		}
	}
	return nil
}

func narrowerColumn(r, c *agreements.Column) error {
	if c == nil {
		return wider("columns." + r.Name)
	}
	for _, u := range r.Uses {
		if !c.Allows(u) {
			return wider("columns." + r.Name + ".uses")
		}
	}
	if r.Type != c.Type || r.Nullable != c.Nullable || r.Scale != c.Scale ||
		r.Min != c.Min || r.Max != c.Max || !slices.Equal(r.Domain, c.Domain) {
		return wider("columns." + r.Name)
	}
	switch {
	case r.Allows(agreements.Filter) && !among(r.Operators, c.Operators):
		return wider("columns." + r.Name + ".operators")
	case r.Allows(agreements.Measure) && !clipped(r.Clip, c.Clip):
		return wider("columns." + r.Name + ".clip")
	}
	return nil
}

// among reports whether a list allows nothing that the contract's does not. An
// empty list allows everything.
func among(list, contract []string) bool {
	if len(contract) == 0 {
		return true
	}
	return len(list) > 0 && !slices.ContainsFunc(list, func(s string) bool { return !slices.Contains(contract, s) })
}

// clipped reports whether clip is no more than the contract's.
func clipped(clip, contract string) bool {
	if contract == "" {
		return true
	}
	r, ok := new(big.Rat).SetString(clip)
	c, okC := new(big.Rat).SetString(contract)
	return ok && okC && r.Cmp(c) <= 0
}

func wider(what string) error {
	return fmt.Errorf("%w at %s; derive them anew with `parley agreement new`", ErrRulesDiffer, what)
}
