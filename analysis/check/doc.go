// Package check compares a question with an agreement. A question passes when
// every table, column and use of a column is permitted by name; what is not
// listed does not exist.
//
//	sql.Query ──Bind──▶ check.Query ──plan.Build──▶ plan.Plan
//
// Refusals name the clause of the agreement that forbids and, where there is
// one, what would be allowed instead.
package check

import (
	"parley/agreements"
	"parley/analysis/sql"
)

// Floors of k, the fewest units an output may rest on.
const (
	floor       = 10 // personal data
	floorPublic = 2  // every dataset used is public
)

const (
	maxPattern = 8    // % signs of one LIKE pattern: matching backtracks on each
	maxText    = 1024 // bytes of one text value
	maxName    = 63   // bytes of an alias
)

// Query is a question in which every name was found in the agreement and
// every use of it is permitted.
type Query struct {
	Tables       []Table // one, or two of two owners
	Groups       []Group // GROUP BY, without repetitions
	Items        []Item
	Where        [][]*Expr // conjuncts of each table
	Left         bool      // LEFT JOIN: rows of Tables[0] without a partner are kept
	Having       *Having   // nil: none
	OrderBy      []Order
	Limit        int   // 0: none
	Days         *Days // nil: no join on time
	MinGroupSize int
	PublicData   bool
	// DP is what agreement and owners together demand; nil: nothing.
	DP   *agreements.DP
	Uses []ColumnUse
	// Warnings say in words what is allowed and most likely a mistake.
	Warnings []string
}

// Table is one dataset of the question.
type Table struct {
	Dataset *agreements.Dataset
	Alias   string // the name columns are qualified with
	pos     int
	// Stage is what its owner's engine computes first, nil: nothing.
	Stage *Stage
	view  *view // nil: the dataset itself
}

// Column is a permitted column of Tables[Table].
type Column struct {
	Table int
	Rule  *agreements.Column
}

// Group is one GROUP BY expression of one table.
type Group struct {
	Expr *Expr
	// Domain holds every value it can take, where these follow from the
	// agreement and the question; empty: unknown.
	Domain []string
}

// Item is one column of the answer: a group, an aggregate, or an expression
// over aggregates.
type Item struct {
	Name  string
	Group int    // index into Groups, -1 for the others
	Func  string // count_star, count, count_distinct, sum, avg, var_samp, var_pop, stddev_samp, stddev_pop; empty with Calc
	Table int    // whose rows are added up
	Arg   *Expr  // of all but count_star and count_distinct (of count a column)
	// Filters is the condition of FILTER or CASE on the rows of each table,
	// nil where there is none.
	Filters [2]*Expr
	// Partner is what the condition says of the partner in a LEFT JOIN.
	Partner Partner
	// Zero counts rows without a value of Arg as 0: COALESCE(x, 0) in AVG, VAR
	// and STDDEV of the right side of a LEFT JOIN.
	Zero bool
	// MaxAbs bounds |row value| of Arg at its scale.
	MaxAbs int64
	// Calc is set for an expression over aggregates.
	Calc *Calc
	// Hidden marks what is released to the receiver for the sake of an
	// expression, HAVING or ORDER BY, and is no column of the answer.
	Hidden bool
	pos    int
	// Shared says that every row's value is divided by the number of rows that
	// it meets. Without Arg the value is 1.
	Shared bool
}

// conditional tells whether FILTER or CASE picks rows.
func (it *Item) conditional() bool {
	return it.Filters[0] != nil || it.Filters[1] != nil || it.Partner != AnyPartner
}

// same reports whether two items stand for the same column of the answer.
func (it Item) same(other Item) bool {
	return it.Group == other.Group && it.Func == other.Func && it.Shared == other.Shared && it.Calc.same(other.Calc) &&
		it.Partner == other.Partner && it.Zero == other.Zero && (it.Func != "count_distinct" || it.Table == other.Table) && it.Arg.Key() == other.Arg.Key() &&
		it.Filters[0].Key() == other.Filters[0].Key() && it.Filters[1].Key() == other.Filters[1].Key()
}

// Order is one ORDER BY key.
type Order struct {
	Item             int
	Desc, NullsFirst bool
}

// Having is a condition on the released columns of the answer. Op is one of
// and or not = <> < <= > >= in, not in, between, is null, is not null.
type Having struct {
	Op       string
	Kids     []*Having // of and, or, not
	Operands []Operand // of the others
}

// Operand is an item, or a constant if Item is -1.
type Operand struct {
	Item  int
	Value Value
}

// Value is a literal or a bound parameter in canonical text, with the type it
// is compared at.
type Value struct {
	Type  agreements.Type
	Scale int // of a decimal
	Text  string
}

// ColumnUse records that a rule allowed a column to be used.
type ColumnUse struct {
	Dataset string `json:"dataset"`
	Owner   string `json:"owner"`
	Column  string `json:"column"`
	Use     string `json:"use"`    // unit, dimension, measure or filter
	Clause  string `json:"clause"` // where the agreement allows it
}

// Context is who asks, and how.
type Context struct {
	Agreement *agreements.Agreement
	Asker     string
	// Analysis is the approved analysis asked, nil for ad-hoc SQL.
	Analysis *agreements.Analysis
	// Params are the analysis's bound parameters, see Params.
	Params map[string]Value
}

type binder struct {
	Context
	src sql.Source
	in  *sql.Query
	out *Query
	// joined is set when the unit columns were equated.
	joined bool
	// apart is the condition on the days between two dates, nil if there is none.
	apart *apart
	// daySlots are the dates in it that a subquery computes.
	daySlots map[*agreements.Column]*Slot
	// alone restricts names to table at, inside a view.
	alone bool
	at    int
	// staged is the stage whose select list or conditions are bound; aliased
	// is set inside an alias of it.
	staged  *view
	aliased bool
}

// Bind checks a question. Errors are *sql.Refusal.
func Bind(q *sql.Query, c Context) (*Query, error) {
	b := &binder{Context: c, src: q.Source, in: q, out: &Query{Limit: q.Limit}}
	for _, step := range []func() error{
		b.several, b.tables, b.pair, b.access, b.leftJoin, b.using, b.stages, b.groups, b.items, b.where, b.join, b.having, b.orderBy, b.settle, b.days, b.bounds,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return b.out, nil
}
