package plan

import (
	"strconv"
	"strings"

	"parley/analysis/check"
	"parley/internal/weak"
)

// unitColumn holds the unit in a snapshot.
const unitColumn = `"parley_unit"`

// localBuilder collects what one owner's engine has to compute.
type localBuilder struct {
	local    Local
	table    int
	stage    *check.Stage
	where    []*check.Expr
	groups   []*check.Expr
	measures []*check.Expr // of local.Measures
	unmet    map[int]bool  // measures whose Unmet is set
}

func newLocal(q *check.Query, table int) *localBuilder {
	d := q.Tables[table].Dataset
	b := &localBuilder{table: table, stage: q.Tables[table].Stage, where: q.Where[table]}
	b.local = Local{
		Member: d.Owner, Dataset: d.Name, MaxRowsPerUnit: q.Tables[table].MaxRows(),
		Args: []string{}, Groups: []Group{}, Measures: []Measure{},
	}
	if q.Days != nil {
		b.local.Days = daysOf(q, table)
	}
	for _, g := range q.Groups {
		if g.Expr.Table == table {
			b.local.Groups = append(b.local.Groups, Group{Column: label(q, g.Expr), Type: g.Expr.Type, Scale: g.Expr.Scale,
				Nullable: g.Expr.Nullable, Domain: g.Domain})
			b.groups = append(b.groups, g.Expr)
		}
	}
	b.bounded(q)
	return b
}

// label names an expression in a plan.
func label(q *check.Query, e *check.Expr) string {
	if e.Plain() {
		return e.Column.Name
	}
	return questionPrinter{q: q}.expr(e)
}

// measure returns the index of the measure x, which it adds if need be. No
// row's |x| exceeds maxAbs.
func (b *localBuilder) measure(q *check.Query, x *check.Expr, maxAbs int64) int {
	for i, have := range b.measures {
		if have.Key() == x.Key() {
			return i
		}
	}
	b.measures = append(b.measures, x)
	b.local.Measures = append(b.local.Measures, Measure{Column: label(q, x), Type: x.Type, Scale: x.Scale, Nullable: x.Nullable, MaxAbs: maxAbs,
		Clip: b.clip(q, x, maxAbs)})
	return len(b.measures) - 1
}

// build prints the local query. Column order is the contract in Local.
func (b *localBuilder) build(kind Kind, noisy bool) Local {
	padded := kind == Join && !allDeclared(b.local.Groups)
	if noisy {
		kind = Join // what each unit adds is bounded before it is added up
	}
	p := enginePrinter{args: &b.local.Args}
	var cols, keys []string
	if kind == Join {
		cols = append(cols, unitColumn)
	}
	for _, g := range b.groups {
		cols = append(cols, "CAST("+p.expr(g)+" AS VARCHAR)")
		keys = append(keys, strconv.Itoa(len(cols)))
	}
	if b.local.Days != nil {
		cols = append(cols, p.day(b.local.Days))
	}
	if kind == OneOwner {
		cols = append(cols, unitsCounted(), "COUNT(*)")
	}
	for _, m := range b.measures {
		cols = append(cols, measureColumns(p, m, kind)...)
	}
	sql := "SELECT " + strings.Join(cols, ", ") + p.from(b.stage) + p.withinDays(p.where(b.where), b.local.Days)
	if kind == Join && b.stage != nil {
		sql += " ORDER BY " + unitColumn // rows of one unit come together
	}
	if kind == OneOwner && len(keys) > 0 {
		sql += " GROUP BY " + strings.Join(keys, ", ")
	}
	b.local.SQL = sql
	if padded {
		b.local.GroupsSQL = groupsSQL(b.groups, b.local.Days)
	}
	return b.local
}

func allDeclared(groups []Group) bool {
	for _, g := range groups {
		if len(g.Domain) == 0 {
			return false
		}
	}
	return true
}

// groupsSQL lists the groups of all rows, on no day. It takes no arguments.
func groupsSQL(groups []*check.Expr, days *Days) string {
	var cols []string
	for _, g := range groups {
		cols = append(cols, "CAST("+enginePrinter{base: true}.expr(g)+" AS VARCHAR)")
	}
	if days != nil {
		cols = append(cols, "CAST(NULL AS VARCHAR)")
	}
	return "SELECT DISTINCT " + strings.Join(cols, ", ") + " FROM data"
}

// measureColumns prints a measure: in a join its value, else its sum and
// counts. Both are integers at the measure's scale. A one-owner sum has no
// declared bound on its rows, so it leaves the engine as text of a 128-bit
// integer.
func measureColumns(p enginePrinter, m *check.Expr, kind Kind) []string {
	x := p.expr(m)
	value, sum := "CAST("+x+" AS BIGINT)", "SUM("+x+")"
	if m.Stored() { // summed as it is stored, which is faster
		value, sum = "CAST("+scaled(x, m.Scale)+" AS BIGINT)", scaled("SUM("+x+")", m.Scale)
	}
	if kind == Join {
		return []string{value}
	}
	left := "CAST(0 AS BIGINT)"
	if m.Nullable {
		left = unitsCounted() + " FILTER (WHERE " + x + " IS NULL)"
	}
	return []string{
		"CAST(CAST(" + sum + " AS HUGEINT) AS VARCHAR)", "COUNT(" + x + ")",
		unitsCounted() + " FILTER (WHERE " + x + " IS NOT NULL)", left,
	}
}

// unitsCounted counts what every threshold counts: units, not rows (R03).
func unitsCounted() string {
	if weak.Off("R03") {
		return "COUNT(*)"
	}
	return "COUNT(DISTINCT " + unitColumn + ")"
}
