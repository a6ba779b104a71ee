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
	Tables       []Table  // one, or two of two owners
	Groups       []Column // GROUP BY, without repetitions
	Items        []Item
	Where        [][]*Pred // conjuncts of each table
	OrderBy      []Order
	Limit        int // 0: none
	MinGroupSize int
	PublicData   bool
	Uses         []ColumnUse
}

// Table is one dataset of the question.
type Table struct {
	Dataset *agreements.Dataset
	Alias   string // the name columns are qualified with
	pos     int
}

// Column is a permitted column of Tables[Table].
type Column struct {
	Table int
	Rule  *agreements.Column
}

// Item is one column of the answer: a group column or an aggregate.
type Item struct {
	Name  string
	Group int    // index into Groups, -1 for an aggregate
	Func  string // count_star, count_distinct, sum, avg
	Arg   Column // of sum and avg
	// MaxAbs bounds |row value| of Arg at its scale, from the agreement.
	MaxAbs int64
}

// Order is one ORDER BY key.
type Order struct {
	Item             int
	Desc, NullsFirst bool
}

// Pred is a condition on the columns of one table. Op is one of
// and or not = <> < <= > >= in, not in, between, is null, is not null, like, not like.
type Pred struct {
	Op     string
	Column *agreements.Column
	Values []Value
	Kids   []*Pred
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
}

// Bind checks a question. Errors are *sql.Refusal.
func Bind(q *sql.Query, c Context) (*Query, error) {
	b := &binder{Context: c, src: q.Source, in: q, out: &Query{Limit: q.Limit}}
	for _, step := range []func() error{
		b.tables, b.pair, b.access, b.using, b.groups, b.items, b.where, b.join, b.orderBy, b.bounds,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return b.out, nil
}
