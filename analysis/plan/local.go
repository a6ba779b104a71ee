package plan

import (
	"strconv"
	"strings"

	"parley/agreements"
	"parley/analysis/check"
)

// unitColumn holds the unit in a snapshot.
const unitColumn = `"parley_unit"`

// localBuilder collects what one owner's engine has to compute.
type localBuilder struct {
	local Local
	table int
	where []*check.Pred
}

func newLocal(q *check.Query, table int) *localBuilder {
	d := q.Tables[table].Dataset
	b := &localBuilder{table: table, where: q.Where[table]}
	b.local = Local{
		Member: d.Owner, Dataset: d.Name, MaxRowsPerUnit: d.Rules.MaxRowsPerUnit,
		Args: []string{}, Groups: []Group{}, Measures: []Measure{},
	}
	for _, g := range q.Groups {
		if g.Table == table {
			b.local.Groups = append(b.local.Groups, groupOf(g.Rule))
		}
	}
	for _, it := range q.Items {
		if it.Arg.Rule != nil && it.Arg.Table == table && b.measure(it.Arg.Rule.Name) < 0 {
			b.local.Measures = append(b.local.Measures, measureOf(it))
		}
	}
	return b
}

func groupOf(c *agreements.Column) Group {
	g := Group{Column: c.Name, Type: c.Type, Nullable: c.Nullable, Domain: c.Domain}
	if c.Type == agreements.Decimal {
		g.Scale = c.Scale
	}
	return g
}

func measureOf(it check.Item) Measure {
	c := it.Arg.Rule
	m := Measure{Column: c.Name, Type: c.Type, Nullable: c.Nullable, MaxAbs: it.MaxAbs}
	if c.Type == agreements.Decimal {
		m.Scale = c.Scale
	}
	return m
}

// measure returns the index of a measure, or -1.
func (b *localBuilder) measure(column string) int {
	for i, m := range b.local.Measures {
		if m.Column == column {
			return i
		}
	}
	return -1
}

// build prints the local query. Column order is the contract in Local.
func (b *localBuilder) build(kind Kind) Local {
	var cols, keys []string
	if kind == Join {
		cols = append(cols, unitColumn)
		keys = append(keys, "1")
	}
	for _, g := range b.local.Groups {
		cols = append(cols, "CAST("+quote(g.Column)+" AS VARCHAR)")
		keys = append(keys, strconv.Itoa(len(cols)))
	}
	if kind == OneOwner {
		cols = append(cols, "COUNT(DISTINCT "+unitColumn+")")
	}
	cols = append(cols, "COUNT(*)")
	for _, m := range b.local.Measures {
		cols = append(cols, measureColumns(m, kind)...)
	}
	sql := "SELECT " + strings.Join(cols, ", ") + " FROM data" + b.printer().where(b.where)
	if len(keys) > 0 {
		sql += " GROUP BY " + strings.Join(keys, ", ")
	}
	b.local.SQL = sql
	if kind == Join && !allDeclared(b.local.Groups) {
		b.local.GroupsSQL = groupsSQL(b.local.Groups)
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

// groupsSQL lists the groups of all rows; the counts only fill the columns.
func groupsSQL(groups []Group) string {
	var cols, keys []string
	for i, g := range groups {
		cols = append(cols, "CAST("+quote(g.Column)+" AS VARCHAR)")
		keys = append(keys, strconv.Itoa(i+1))
	}
	return "SELECT " + strings.Join(cols, ", ") + ", COUNT(*), COUNT(*) FROM data GROUP BY " + strings.Join(keys, ", ")
}

// measureColumns prints sum and count of a measure; the sum is an integer at
// the measure's scale. A one-owner sum has no declared bound on its rows, so
// it leaves the engine as text of a 128-bit integer.
func measureColumns(m Measure, kind Kind) []string {
	col := quote(m.Column)
	sum := "SUM(" + col + ")"
	if m.Scale > 0 {
		sum += " * 1" + strings.Repeat("0", m.Scale)
	}
	if kind == Join {
		return []string{"CAST(" + sum + " AS BIGINT)", "COUNT(" + col + ")"}
	}
	return []string{
		"CAST(CAST(" + sum + " AS HUGEINT) AS VARCHAR)", "COUNT(" + col + ")",
		"COUNT(DISTINCT " + unitColumn + ") FILTER (WHERE " + col + " IS NOT NULL)",
	}
}

// printer prints for an engine: values become $n, bound as text and cast.
func (b *localBuilder) printer() printer {
	return printer{
		column: func(c *agreements.Column) string { return quote(c.Name) },
		value: func(v check.Value) string {
			b.local.Args = append(b.local.Args, v.Text)
			return "CAST($" + strconv.Itoa(len(b.local.Args)) + " AS " + sqlType(v) + ")"
		},
	}
}
