package plan

import (
	"time"

	"parley/agreements"
	"parley/analysis/check"
	"parley/internal/weak"
)

// Days is one owner's part of a join on time. The answer is a sum over the
// days of a window: on each of them W has, of every unit, the rows that hold
// for that day, and V the events of that day,
//
//	Σ days d  Σ slots u  state(u, group, d) · events(u, d)
//
// which is exact, as an event has one day and meets each row once. A row of W
// with day s holds for the days from s+Lo to s+Hi.
//
// The engine gives the day of each row as one more group column: the number of
// days since First, in decimal. Rows that cannot meet anything are left out.
//
// Thresholds count units. Σ over days of 1·1 would count a unit once for each
// of its days, so a guard takes V's events of one day of each unit alone, the
// first. It counts a unit at most once, and only one that meets something: a
// lower bound of the units behind the cell.
type Days struct {
	Column string        `json:"column"` // the date
	State  bool          `json:"state"`  // W: rows that hold for some days; V: events
	First  string        `json:"first"`  // the first day of the window, 2024-01-31
	Count  int           `json:"count"`  // of days
	Lo     int64         `json:"lo"`     // -check.Open: a row holds from the first day
	Hi     int64         `json:"hi"`     // check.Open: a row holds until the last day
	Rule   check.DayRule `json:"rule"`
}

// DayKind says which of a unit's days a vector has its number on.
type DayKind string

// Kinds of day.
const (
	EachDay  DayKind = "each"  // W: what holds for the day; V: the rows of the day
	FirstDay DayKind = "first" // V: as each, on the unit's first day with a number that is not 0
)

// KeyColumns is how many text columns the engine groups a joint plan's rows
// by: the groups' and, in a join on time, the day.
func (l *Local) KeyColumns() int {
	if l.Days != nil {
		return len(l.Groups) + 1
	}
	return len(l.Groups)
}

func daysOf(q *check.Query, table int) *Days {
	d := q.Days
	return &Days{Column: d.Engine[table], State: table == d.State, First: d.First, Count: d.Count, Lo: d.Lo, Hi: d.Hi, Rule: d.Rule}
}

// day prints the day of a row, counted from the first of the window.
func (p enginePrinter) day(d *Days) string {
	p.clamped = true // date_diff has no answer for infinity
	column := &check.Expr{Op: "column", Type: agreements.Date, Column: &agreements.Column{Name: d.Column}}
	return "CAST(date_diff('day', " + p.value(dateValue(d.First)) + ", " + p.column(column) + ") AS VARCHAR)"
}

// withinDays adds to a WHERE clause that a row's date is one that can meet
// something. A row without a date meets nothing.
func (p enginePrinter) withinDays(where string, d *Days) string {
	if d == nil {
		return where
	}
	lead := " WHERE "
	if where != "" {
		lead = where + " AND "
	}
	name, first := quote(d.Column), day(d.First)
	from, to := int64(0), int64(d.Count)-1
	if d.State {
		from, to = from-d.Hi, to-d.Lo
	}
	lead += name + " IS NOT NULL"
	if from > -check.Open/2 {
		lead += " AND " + name + " >= " + p.value(dateValue(shifted(first, from)))
	}
	if to < check.Open/2 {
		lead += " AND " + name + " <= " + p.value(dateValue(shifted(first, to)))
	}
	return lead
}

func day(s string) time.Time {
	t, _ := time.Parse(time.DateOnly, s) // package check made it
	return t
}

// shifted is a day some days later, within the years that a date is written
// with four digits in.
func shifted(t time.Time, days int64) string {
	t = t.AddDate(0, 0, int(days))
	switch {
	case t.Year() < 1:
		return "0001-01-01"
	case t.Year() > 9999:
		return "9999-12-31"
	}
	return t.Format(time.DateOnly)
}

func dateValue(s string) check.Value { return check.Value{Type: agreements.Date, Text: s} }

// overDays sets the guards of a join on time. What is left out of a cell must
// not be told by a lower bound of what is in it: who is shared is counted over
// all days at once, as units of W's group that have any row in reach of the
// window and any event in it at V. That is no fewer than meet.
func (b *secureBuilder) overDays() {
	w := b.s.W
	b.s.Days = b.q.Days.Count
	b.s.CellGuard = b.pair(w, Vector{Of: Units}, Vector{Of: Units})
	b.s.SharedW, b.s.SharedV = b.s.CellGuard, b.s.CellGuard
	if b.s.Complement {
		b.s.SharedW = b.product(w, Vector{Of: Units}, Vector{Of: Units})
		b.s.SharedV = b.product(1-w, Vector{Of: Units}, Vector{Of: Units, Any: true})
	}
}

// pair is the product of what one table's rows and the other's add to an
// aggregate: in a join on time, day by day.
func (b *secureBuilder) pair(table int, own, other Vector) int {
	return b.product(table, b.timed(table, own), b.timed(1-table, other))
}

func (b *secureBuilder) timed(table int, v Vector) Vector {
	switch {
	case b.q.Days == nil:
	case table == b.s.V && !weak.Off("R04") && (v.Of == Units || v.Of == HasValue || v.Of == Lacks):
		v.Day = FirstDay
	default:
		v.Day = EachDay
	}
	return v
}

// Shares of 1/n are whole numbers of 1/shares: exact for every n up to 16, the
// numbers that shares is a multiple of. Beyond, with a hundred times as many,
// a share of 1 in n is wrong by no more than n/(2 · 100 · shares) of itself:
// less than 10^-6 for n up to 144.
const shares = 720_720

func (b *secureBuilder) shareUnit() int64 {
	if b.locals[b.s.W].local.MaxRowsPerUnit <= 16 {
		return shares
	}
	return 100 * shares
}

// sum is a side's sum of what is shared out.
func (s sideOf) sum(it check.Item) Vector {
	if it.Arg.Constant() {
		return Vector{Of: Rows}
	}
	return Vector{Of: Sum, Measure: s.measure}
}
