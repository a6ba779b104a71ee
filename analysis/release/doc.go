// Package release turns checked numbers into the answer that a receiver sees.
// It is pure: it neither computes over rows nor speaks to anyone.
//
//	one owner:  engine rows ──k, guards──▶ Table
//	            sums of bounded shares ──noise, k, thresholds──▶ Table (see Noisy)
//	join:       opened cells (k was tested inside the circuit) ──▶ Table
//
// Every threshold counts distinct units, never rows. A group that is too
// small and a group that does not exist are the same to the receiver; see
// Withheld for what may be said about their number.
//
// Numbers are exact, unless the plan says what noise they have: counts and sums
// are decimal text at the measure's scale, averages, variances and what is
// computed from released numbers the nearest float64.
//
// What is computed from several aggregates is computed here, from released
// numbers: those that are not shown are hidden columns of the plan.
package release

import "parley/agreements"

// Text is a nullable group label as an engine writes it (CAST … AS VARCHAR).
type Text struct {
	Null  bool
	Value string
}

// Int is a nullable integer.
type Int struct {
	Null  bool
	Value int64
}

// Row is one row of a one-owner local plan's answer, see plan.Local: Groups
// in the order of Local.Groups; Ints holds units, rows, then sum, count and
// units of each measure. A sum that is NULL though count is not 0 exceeds 64
// bits.
type Row struct {
	Groups []Text
	Ints   []Int
}

// Cell is one cell of a join as it leaves the garbled circuit.
type Cell struct {
	// Groups has one label for each group column of the output, in output
	// order. It is read only if Pass is set.
	Groups []Text
	// Pass says that the cell met every threshold.
	Pass bool
	// Padding marks a cell that the receiver itself knows to stand for no
	// group, so that it is not counted as withheld.
	Padding bool
	// Aggregates has one entry for each aggregate column, in output order.
	Aggregates []Number
}

// Number is a released aggregate: Total at the aggregate's scale and, for
// AVG, VAR and STDDEV, the number of rows with a value; for the latter two the
// sum of squares at twice the scale. Null: its own guard was below k.
type Number struct {
	Null                 bool
	Total, Rows, Squares int64
}

// Double is the type of an average in a Table.
const Double agreements.Type = "double"

// Table is an answer.
type Table struct {
	Columns []Column  `json:"columns"`
	Rows    [][]Value `json:"rows"`
	// MinGroupSize is the k that every row met.
	MinGroupSize int `json:"minGroupSize"`
	// PublicData says that all rows used are public by their contracts.
	PublicData bool     `json:"publicData"`
	Withheld   Withheld `json:"withheld"`
	// Noise is the differential privacy of the numbers, see plan.DP.String; ""
	// says that they are exact.
	Noise string `json:"noise,omitempty"`
	// Unchecked names the datasets whose owner could not compare the question
	// with all earlier ones.
	Unchecked []string `json:"unchecked,omitempty"`
}

// Column is one column of a Table.
type Column struct {
	Name  string          `json:"name"`
	Type  agreements.Type `json:"type"` // or Double
	Scale int             `json:"scale"`
	// Noisy says that its values have noise, and intervals.
	Noisy bool `json:"noisy,omitempty"`
}

// Value is a cell of a Table in canonical text: -12.50, 2024-01-31, true.
type Value struct {
	Null bool
	Text string
	// PlusMinus is the half-width of a noisy number's 95 % interval, "" for what
	// has no noise.
	PlusMinus string
}

// Withheld tells how many groups were not released.
//
//	exactly     the receiver could list the candidates anyway: they are
//	            declared in the agreement, are its own, or are public
//	at most     some candidates may be padding that stands for no group
//	not stated  the number alone would tell whether some small group exists
type Withheld struct {
	Is    Extent `json:"is"`
	Count int    `json:"count"` // 0 when not stated
}

// Extent qualifies a count of withheld groups.
type Extent string

// Extents.
const (
	Exactly   Extent = "exactly"
	AtMost    Extent = "at most"
	NotStated Extent = "not stated"
)
