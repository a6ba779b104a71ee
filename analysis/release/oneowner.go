package release

import (
	"errors"
	"slices"

	"parley/analysis/plan"
	"parley/internal/weak"
)

// ErrShape says that an answer does not have the plan's shape.
var ErrShape = errors.New("the answer does not have the shape of its plan")

// ErrTooLarge says that a sum which may be released exceeds 64 bits. A group
// that is withheld never causes it: the error would tell of its values (R08). The
// text names no column and no group, and nothing of the question is released.
var ErrTooLarge = errors.New("a sum of the question is larger than an answer can hold (64 bits: 19 digits, decimals among them), so nothing is released. " +
	"Ask about fewer rows at a time, with WHERE or finer groups, or with smaller factors")

// Columns of Row.Ints.
const (
	unitsAt      = 0
	rowsAt       = 1
	measuresAt   = 2
	perMeasure   = plan.PerMeasure
	measureSum   = 0
	measureCount = 1
	measureUnits = 2
)

// OneOwner releases the answer of a one-owner plan: only groups of at least k
// distinct units, and a nullable argument's aggregate only if k units have a
// value. The error is ErrShape or ErrTooLarge.
func OneOwner(p *plan.Plan, rows []Row) (*Table, error) {
	if p.Kind != plan.OneOwner || len(p.Locals) != 1 || p.DP != nil {
		return nil, ErrShape
	}
	l := &p.Locals[0]
	t := newTable(p)
	var kept, small []Row
	for _, r := range rows {
		if len(r.Groups) != len(l.Groups) || len(r.Ints) != measuresAt+perMeasure*len(l.Measures) {
			return nil, ErrShape
		}
		if r.Ints[unitsAt].Null || r.Ints[unitsAt].Value < int64(p.MinGroupSize) {
			small = append(small, r)
			continue
		}
		kept = append(kept, r)
		out, err := oneOwnerRow(p, r)
		if err != nil {
			return nil, err
		}
		t.Rows = append(t.Rows, out)
	}
	t.Withheld = oneOwnerWithheld(p, kept, small)
	return t, t.order(p)
}

func oneOwnerRow(p *plan.Plan, r Row) ([]Value, error) {
	var out line
	for _, c := range p.Output.Columns {
		switch {
		case c.Group != nil && c.Group.Index >= 0 && c.Group.Index < len(r.Groups):
			out.put(label(r.Groups[c.Group.Index]))
		case c.Calc != nil:
			out.put(Value{})
		case c.Aggregate != nil:
			n, err := oneOwnerNumber(p, c.Aggregate, r)
			if err != nil {
				return nil, err
			}
			out.add(p, c.Aggregate, n)
		default:
			return nil, ErrShape
		}
	}
	return out.values, out.compute(p)
}

func oneOwnerNumber(p *plan.Plan, a *plan.Aggregate, r Row) (Number, error) {
	switch {
	case a.Func == plan.CountRows && a.Measure < 0:
		return Number{Total: r.Ints[rowsAt].Value}, nil
	case a.Func == plan.CountUnits && a.Measure < 0:
		return Number{Total: r.Ints[unitsAt].Value}, nil
	}
	if a.Measure < 0 || a.Measure >= len(p.Locals[0].Measures) {
		return Number{}, ErrShape
	}
	m := r.Ints[measuresAt+perMeasure*a.Measure:][:perMeasure]
	// An argument that may be missing is a condition of its own, as FILTER and
	// CASE are: the average over 100 units of which one has a value would be
	// that unit's value.
	if a.Nullable && m[measureUnits].Value < int64(p.MinGroupSize) {
		return Number{Null: true}, nil
	}
	// The group's number less this one must not be that of fewer than k either.
	for _, l := range a.Left {
		if few, err := leftFew(p, l, r); few || err != nil {
			return Number{Null: true}, err
		}
	}
	switch a.Func {
	case plan.CountRows:
		return Number{Total: m[measureCount].Value}, nil
	case plan.CountUnits:
		return Number{Total: m[measureUnits].Value}, nil
	}
	if m[measureSum].Null && m[measureCount].Value > 0 {
		return Number{}, ErrTooLarge
	}
	if m[measureSum].Null {
		return Number{Null: true}, nil
	}
	n := Number{Total: m[measureSum].Value, Rows: m[measureCount].Value}
	if !a.Func.Spread() {
		return n, nil
	}
	if a.Squares < 0 || a.Squares >= len(p.Locals[0].Measures) {
		return Number{}, ErrShape
	}
	squares := r.Ints[measuresAt+perMeasure*a.Squares+measureSum]
	if squares.Null {
		return Number{}, ErrTooLarge
	}
	n.Squares = squares.Value
	return n, nil
}

// leftFew tells whether something is left out, of fewer than k units.
func leftFew(p *plan.Plan, l plan.Left, r Row) (bool, error) {
	some, enough := len(l.Nothing) == 0, false
	for _, at := range l.Nothing {
		if at < 0 || at >= len(r.Ints) {
			return true, ErrShape
		}
		some = some || r.Ints[at].Null || r.Ints[at].Value != 0
	}
	for _, at := range l.AtLeast {
		if at < 0 || at >= len(r.Ints) {
			return true, ErrShape
		}
		enough = enough || !r.Ints[at].Null && r.Ints[at].Value >= int64(p.MinGroupSize)
	}
	return some && !enough, nil
}

// oneOwnerWithheld gives a number only if it follows from what is released:
// declared cells less released ones. Of undeclared groups nothing is said,
// however many there are: were 517 withheld under a condition that one chosen
// row decides, and 516 under another, the difference would be that row (R23).
// With noise that holds for public data too.
func oneOwnerWithheld(p *plan.Plan, kept, small []Row) Withheld {
	groups := p.Locals[0].Groups
	if declared, ok := declaredCells(groups); ok {
		for _, r := range kept {
			if inDomain(groups, r.Groups) {
				declared--
			}
		}
		return Withheld{Is: Exactly, Count: max(declared, 0)}
	}
	if p.DP == nil && p.PublicData || weak.Off("R23") {
		return Withheld{Is: Exactly, Count: len(small)}
	}
	return Withheld{Is: NotStated}
}

// declaredCells counts the combinations of declared values, NULL included
// where a column may be NULL. Without groups there is one cell.
func declaredCells(groups []plan.Group) (int, bool) {
	const most = 1 << 30
	cells := 1
	for _, g := range groups {
		if len(g.Domain) == 0 {
			return 0, false
		}
		values := len(g.Domain)
		if g.Nullable {
			values++
		}
		if cells > most/values {
			return 0, false
		}
		cells *= values
	}
	return cells, true
}

func inDomain(groups []plan.Group, labels []Text) bool {
	for i, g := range groups {
		if labels[i].Null && g.Nullable {
			continue
		}
		if labels[i].Null || !slices.Contains(g.Domain, labels[i].Value) {
			return false
		}
	}
	return true
}
