// Package plan turns a checked query into plans as data: what each owner runs
// on its own rows, and which encrypted sums are taken over the aligned slots.
// Nothing here executes anything. Both owners build the plan for themselves
// from the same SQL and the same agreement; Hash must agree or the run is
// refused.
package plan

import "parley/agreements"

// Plan is the whole of one run. It is plain data: its canonical JSON is what
// Hash covers, so field order and map order carry no meaning. Integers that may
// exceed 2^53 are JSON strings, because canonical JSON rounds numbers to doubles.
type Plan struct {
	Format    string `json:"format"` // "parley.plan/v1"
	Agreement string `json:"agreement"`
	// SQL is the checked query printed back from the AST with bound
	// parameters in place: the text that the receipt carries.
	SQL  string `json:"sql"`
	Kind Kind   `json:"kind"`
	// MinGroupSize is k after the strictest owner won.
	MinGroupSize int  `json:"minGroupSize"`
	PublicData   bool `json:"publicData"` // every dataset used is public
	// DP says what noise the release adds; nil: none.
	DP *DP `json:"dp,omitempty"`
	// Locals has one entry for a one-owner query, two for a join.
	Locals []Local `json:"locals"`
	Secure *Secure `json:"secure,omitempty"`
	Output Output  `json:"output"`
}

// Kind tells a query on one owner's data from an encrypted join.
type Kind string

// Kinds of plan.
const (
	OneOwner Kind = "one-owner"
	Join     Kind = "join"
)

// Local is what one owner's engine runs on its own rows. The table it reads
// is always called data and has the contract's columns and a UINTEGER column
// parley_unit, the unit's ordinal in the snapshot, never NULL (rows without a
// usable unit are not imported).
//
// The columns of its answer are, in this order:
//
//	Join:      parley_unit UINTEGER, one VARCHAR per group column, with Days
//	           the day as one more, then per entry of Measures: value BIGINT
//	           — one row per row of data that is selected, in data's order
//	           (a OneOwner plan with noise has these columns too)
//	OneOwner:  one VARCHAR per group column, units BIGINT, rows BIGINT,
//	           then per entry of Measures: sum HUGEINT as VARCHAR, count BIGINT,
//	           units BIGINT (distinct units with a row whose value is not NULL),
//	           left BIGINT (distinct units with a row whose value is NULL; a
//	           unit with several rows may be in both)
//	           — one row per group
//
// Of a Join's rows the engine adds up, per unit and group, their number and
// per measure the sum and the number of values that are not NULL. It can do so
// in one pass because data is sorted by parley_unit; DuckDB's own GROUP BY,
// which knows nothing of that, takes some ten times as long.
//
// Engines give a HUGEINT beyond 64 bits as NULL, with its count: an error
// would tell of a group that is too small to be released.
//
// Values and sums are integers at the measure's scale (12.50 at scale 2 is 1250).
type Local struct {
	Member  string `json:"member"`
	Dataset string `json:"dataset"`
	// SQL is DuckDB SQL printed from the AST; analysts' text never reaches an
	// engine. Args are bound to $1…$n as VARCHAR and cast in the SQL.
	SQL      string    `json:"sql"`
	Args     []string  `json:"args"`
	Groups   []Group   `json:"groups"`
	Measures []Measure `json:"measures"`
	// GroupsSQL lists the groups there are before any filter, one VARCHAR per
	// group column. It is set in a Join whose group
	// columns are not all declared: their number is padded and then known to
	// the other owner, so it must not depend on what the analyst filters.
	GroupsSQL string `json:"groupsSQL,omitempty"`
	// MaxRowsPerUnit is the declared bound the owner's import enforced.
	MaxRowsPerUnit int64 `json:"maxRowsPerUnit,string"`
	// GroupsPerUnit and RowsPerUnit bound what one unit adds to a noisy answer:
	// its groups (0: there are no groups), and the rows counted in each. Both
	// are 0 without noise, when nothing is cut off.
	GroupsPerUnit int   `json:"groupsPerUnit,omitempty"`
	RowsPerUnit   int64 `json:"rowsPerUnit,omitempty,string"`
	// Days is set in a join on time; see Days.
	Days *Days `json:"days,omitempty"`
}

// Group is one GROUP BY expression of one owner.
type Group struct {
	// Column is its name, or the text of an expression.
	Column string          `json:"column"`
	Type   agreements.Type `json:"type"`
	// Scale of a Decimal column, for printing.
	Scale    int  `json:"scale,omitempty"`
	Nullable bool `json:"nullable"`
	// Domain holds all values there can be, by what the agreement declares and
	// the question says; empty: unknown, padded.
	Domain []string `json:"domain,omitempty"`
}

// Measure is what one owner adds up: a column, an expression of its columns,
// or the number 1; NULL in rows that an aggregate's own condition leaves out.
type Measure struct {
	// Column is its name, or the text of an expression.
	Column   string          `json:"column"`
	Type     agreements.Type `json:"type"`
	Scale    int             `json:"scale"`
	Nullable bool            `json:"nullable"`
	// MaxAbs bounds |row value| at scale, from the contract.
	MaxAbs int64 `json:"maxAbs,string"`
	// Conditional is set where an aggregate's own condition is part of it.
	Conditional bool `json:"conditional,omitempty"`
	// Unmet says which rows the condition leaves out of those with a value: 0,
	// where it is NULL; else those where the measure Unmet-1 has a value; -1,
	// aggregates differ about that.
	Unmet int `json:"unmet,omitempty"`
	// Clip bounds what one unit adds to the noisy sum in one group; 0: no noise.
	Clip int64 `json:"clip,omitempty,string"`
}

// Secure lists the encrypted inner products of a join. W is the holder of
// weights and groups, V the holder of values (indices into Plan.Locals).
// Every product is Σ over slots of weight(slot, group of W) · value(slot,
// group of V); there is one cell per (group of W, group of V).
type Secure struct {
	W        int       `json:"w"`
	V        int       `json:"v"`
	Weights  []Vector  `json:"weights"`
	Values   []Vector  `json:"values"`
	Products []Product `json:"products"`
	// CellGuard indexes the product that counts distinct shared units.
	CellGuard int `json:"cellGuard"`
	// Complement asks that, on each side, at least k of the units in its own
	// group are shared with no row of the other side that the question
	// selects. SharedW and SharedV index the products that count those that
	// are shared, over all groups of the other side: were only the cell's own
	// count compared, grouping by the other side's column would split a full
	// match into parts that pass.
	Complement bool `json:"complement"`
	SharedW    int  `json:"sharedW"`
	SharedV    int  `json:"sharedV"`
	// Outer marks a LEFT JOIN: W has the left side, and a cell is released if W
	// itself has at least k units in it. What of an aggregate depends on V is
	// tested for each aggregate; see outer.go.
	Outer bool `json:"outer,omitempty"`
	// MaxCells caps groups of W × groups of V, after padding.
	MaxCells int `json:"maxCells"`
	// Days is the number of days of a join on time, 0 in any other. A vector
	// with a Day has one number for each slot on each of them.
	Days int `json:"days,omitempty"`
}

// Vector is one number per (unit, own group), computed from a Local's answer.
type Vector struct {
	Of VectorKind `json:"of"`
	// Any makes it one number per unit, whatever its groups; only for Units.
	Any bool `json:"any,omitempty"`
	// Else is the entry of every slot where the owner has no row that is
	// selected, its own or the other's; only of V, which then has one group.
	Else int64 `json:"else,omitempty"`
	// Measure indexes Local.Measures for Sum, Count and HasValue.
	Measure int `json:"measure,omitempty"`
	// MaxAbs bounds the absolute entry, from declared bounds.
	MaxAbs int64 `json:"maxAbs,string"`
	// Day says on which days of a join on time a unit has its number; without
	// it the vector is over slots alone, and over the rows of all days.
	Day DayKind `json:"day,omitempty"`
}

// VectorKind says how a unit's rows become one integer.
type VectorKind string

// Vector kinds.
const (
	Units    VectorKind = "units"    // 1 if the unit has a row in the group
	Rows     VectorKind = "rows"     // number of rows
	Sum      VectorKind = "sum"      // sum of a measure, at scale; NULL counts 0
	Count    VectorKind = "count"    // rows whose measure is not NULL
	HasValue VectorKind = "hasValue" // 1 if some row's measure is not NULL
	Lacks    VectorKind = "lacks"    // 1 if some row's measure is NULL
	Share    VectorKind = "share"    // the group's part of the rows that hold for the day, times MaxAbs, rounded
	NoRow    VectorKind = "noRow"    // 0; with Else 1, the slots without a row
)

// Own as the Value of a Product makes it the sum of the weights alone: W's
// share is eight times it, V's is 0, and nothing is sent. As the Weight it makes
// it the sum of V's values in the same way.
const Own = -1

// Product is one encrypted inner product, or with Own a sum of one side's own.
type Product struct {
	Weight int `json:"weight"`
	Value  int `json:"value"`
}

// OwnOf tells whose own sum a product is: W's, V's, or -1 for a product of both.
func (s *Secure) OwnOf(product int) int {
	switch p := s.Products[product]; {
	case p.Value == Own:
		return s.W
	case p.Weight == Own:
		return s.V
	}
	return -1
}

// Output describes the answer's columns and its order.
type Output struct {
	Columns []OutputColumn `json:"columns"`
	// Having is tested on released values; rows of which it is not true are
	// left out.
	Having  *Having `json:"having,omitempty"`
	OrderBy []Order `json:"orderBy,omitempty"`
	Limit   int     `json:"limit,omitempty"` // 0: none
}

// OutputColumn is a group column, an aggregate, or computed from others.
type OutputColumn struct {
	Name string `json:"name"`
	// Group is set for a group column: Local index and index into its Groups.
	Group *GroupRef `json:"group,omitempty"`
	// Aggregate is set for a number that is released.
	Aggregate *Aggregate `json:"aggregate,omitempty"`
	// Calc is set for a number that the receiver computes from such.
	Calc *Calc `json:"calc,omitempty"`
	// Hidden marks a column that is released to the receiver, or computed by
	// it, for the sake of others, HAVING or ORDER BY. It is not shown.
	Hidden bool `json:"hidden,omitempty"`
}

// GroupRef points at Locals[Local].Groups[Index].
type GroupRef struct {
	Local int `json:"local"`
	Index int `json:"index"`
}

// Func is an aggregate function.
type Func string

// Aggregate functions.
const (
	CountRows  Func = "count_rows"
	CountUnits Func = "count_units"
	SumOf      Func = "sum"
	AvgOf      Func = "avg"
	VarSamp    Func = "var_samp"
	VarPop     Func = "var_pop"
	StddevSamp Func = "stddev_samp"
	StddevPop  Func = "stddev_pop"
)

// Spread reports a variance or a standard deviation.
func (f Func) Spread() bool {
	return f == VarSamp || f == VarPop || f == StddevSamp || f == StddevPop
}

// Aggregate says how a released number is made. For a Join, Total and Rows
// and Guard index Secure.Products. For OneOwner, Measure indexes
// Locals[0].Measures and the products are -1; a count is of the measure's
// values, or of the units that have one.
type Aggregate struct {
	Func    Func            `json:"func"`
	Type    agreements.Type `json:"type"`    // of the result; avg is Decimal
	Scale   int             `json:"scale"`   // of the sum
	Measure int             `json:"measure"` // OneOwner only; -1 for counts of all rows
	Total   int             `json:"total"`   // numerator, or the count itself
	Rows    int             `json:"rows"`    // number of rows, of AVG, VAR and STDDEV; -1 otherwise
	// Squares is the sum of squares of VAR and STDDEV: a product, or for
	// OneOwner a measure. 0: none.
	Squares int `json:"squares,omitempty"`
	// Guard is the product counting the units that the aggregate rests on, -1
	// when it rests on all rows of its group. Below k the aggregate is NULL.
	Guard int `json:"guard"`
	// Nullable mirrors Guard for OneOwner plans.
	Nullable bool `json:"nullable"`
	// Over divides the total, 0 if nothing does: shares are whole numbers of
	// this.
	Over int64 `json:"over,omitempty,string"`
	// Left asks that the rows of the group that the aggregate leaves out are
	// none, or those of at least k units; otherwise it is NULL. All must hold.
	Left []Left `json:"left,omitempty"`
	// Complement asks of an aggregate of a LEFT JOIN what Secure.Complement asks
	// of the cells of other joins.
	Complement bool `json:"complement,omitempty"`
	// Parts are further counts of units that an aggregate rests on: of those of
	// one side that its condition picks, k at least must have no partner.
	Parts []Part `json:"parts,omitempty"`
}

// Part asks that Count, a product, is at least k, and Whole less Count as well.
type Part struct {
	Count int `json:"count"`
	Whole int `json:"whole"`
}

// Having is a condition on output columns. Op is one of and or not = <> < <=
// > >= in, not in, between, is null, is not null. Unknown (NULL) is not true.
type Having struct {
	Op       string    `json:"op"`
	Kids     []Having  `json:"kids,omitempty"`     // of and, or, not
	Operands []Operand `json:"operands,omitempty"` // of the others
}

// Operand is an output column, or a constant in canonical text if Column is -1.
type Operand struct {
	Column int    `json:"column"`
	Value  string `json:"value,omitempty"`
}

// Order is one ORDER BY key: an output column, applied to released values.
type Order struct {
	Column     int  `json:"column"`
	Desc       bool `json:"desc"`
	NullsFirst bool `json:"nullsFirst"`
}
