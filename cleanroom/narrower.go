package cleanroom

import (
	"encoding/json"
	"fmt"
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
	return nil
}

func wider(what string) error {
	return fmt.Errorf("%w at %s; derive them anew with `parley agreement new`", ErrRulesDiffer, what)
}
