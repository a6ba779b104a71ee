package agreements

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// Limits of the finer rules.
const (
	maxGroupsPerUnit = 1000
	maxRunsPerDay    = 1_000_000
)

// LeastUnits is the fewest units a dataset may hold to be asked about.
func (r *Rules) LeastUnits() int64 {
	switch {
	case r.MinSetSize > 0:
		return int64(r.MinSetSize)
	case r.PublicData:
		return 0
	}
	return 1000
}

// Operators lists the tests that Column.Operators may name. NOT IN, NOT
// BETWEEN, NOT LIKE and IS NOT NULL go by the name of what they deny.
func Operators() []string {
	return []string{"=", "<>", "<", "<=", ">", ">=", "in", "between", "like", "is null"}
}

// Functions lists the functions of row values, and those of windows alone, that
// Rules.Functions may name.
// Other spellings in SQL (mod, substr, year, …) go by these names. Aggregates
// are not among them: the use measure rules SUM and AVG.
func Functions() []string {
	return []string{"+", "-", "*", "//", "%", "abs", "round", "floor", "ceil", "least", "greatest", "coalesce",
		"lower", "upper", "substring", "left", "date_trunc", "date_part", "date_diff",
		"row_number", "rank", "dense_rank", "lag", "lead", "first_value", "last_value"}
}

// finer checks the rules that are finer than columns and their uses.
func (p *problems) finer(path string, r *Rules, a *Agreement) {
	if r.GroupsPerUnit < 0 || r.GroupsPerUnit > maxGroupsPerUnit {
		p.add(path+".groupsPerUnit", "must be 0 to %d", maxGroupsPerUnit)
	}
	if r.RowsPerUnit < 0 || r.RowsPerUnit > r.MaxRowsPerUnit {
		p.add(path+".rowsPerUnit", "must be 0 to maxRowsPerUnit")
	}
	if r.RunsPerDay < 0 || r.RunsPerDay > maxRunsPerDay {
		p.add(path+".runsPerDay", "must be 0 to %d; 0 sets no bound", maxRunsPerDay)
	}
	p.names(path+".functions", r.Functions, Functions(), "is not a function that can be listed")
	if len(r.Receivers) > maxMembers {
		p.add(path+".receivers", "there may be %d at most", maxMembers)
		return
	}
	seen := taken{}
	for i, m := range r.Receivers {
		at := fmt.Sprintf("%s.receivers[%d]", path, i)
		seen.add(p, at, "", m)
		if !a.Receives(m) {
			p.add(at, "%s is not a receiver of the agreement", quoted(m))
		}
	}
}

// names checks a list of known words, each once.
func (p *problems) names(path string, list, known []string, unknown string) {
	if len(list) > len(known) {
		p.add(path, "there may be %d at most", len(known))
		return
	}
	for i, name := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case !slices.Contains(known, name):
			p.add(at, "%s %s", quoted(name), unknown)
		case slices.Contains(list[:i], name):
			p.add(at, "is listed twice")
		}
	}
}

// CheckLimits validates the column's operators and clip, of which a unit adds
// that many rows. The error joins the problems found, one a line.
func (c *Column) CheckLimits(rowsPerUnit int64) error {
	var p problems
	p.columnLimits(c.Name, c, rowsPerUnit)
	return errors.Join(p...)
}

// columnLimits checks operators and clip. rows is what one unit may add.
func (p *problems) columnLimits(path string, c *Column, rows int64) {
	if len(c.Operators) > 0 && !c.Allows(Filter) {
		p.add(path+".operators", "belong to a filter")
	}
	p.names(path+".operators", c.Operators, Operators(), "is not an operator that can be listed")
	for i, op := range c.Operators {
		if op == "like" && c.Type != Text {
			p.add(fmt.Sprintf("%s.operators[%d]", path, i), "like works on text")
		}
	}
	if c.Clip == "" {
		return
	}
	if !c.Allows(Measure) || c.Min == "" || c.Max == "" {
		p.add(path+".clip", "belongs to a measure")
		return
	}
	clip, ok := positiveAt(c.Clip, c.Type, c.Scale)
	if !ok {
		p.add(path+".clip", "must be a number above 0, no finer than the scale")
		return
	}
	if most := new(big.Rat).Mul(largest(c), new(big.Rat).SetInt64(max(rows, 1))); clip.Cmp(most) > 0 {
		p.add(path+".clip", "is more than the rows of one unit can add up to")
	}
}

// positiveAt reads a positive number of a measure's type.
func positiveAt(s string, t Type, scale int) (*big.Rat, bool) {
	if t != Integer && t != Decimal || !ValidValue(t, s) || t == Decimal && !fits(s, scale) {
		return nil, false
	}
	r, ok := new(big.Rat).SetString(s)
	return r, ok && r.Sign() > 0
}

// largest is the larger of |min| and |max|, 0 where they are no numbers.
func largest(c *Column) *big.Rat {
	out := new(big.Rat)
	for _, s := range []string{c.Min, c.Max} {
		if r, ok := new(big.Rat).SetString(s); ok && ValidValue(Decimal, s) || ok && ValidValue(Integer, s) {
			if r.Abs(r); r.Cmp(out) > 0 {
				out = r
			}
		}
	}
	return out
}
