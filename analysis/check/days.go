package check

import (
	"slices"
	"time"

	"parley/agreements"
	"parley/analysis/sql"
)

// MaxDays bounds the days of a join on time: every one of them is sent in
// full, for every unit.
const MaxDays = 400

// Days is a join on time: besides their units, two rows' dates must be so many
// days apart. The answer is a sum over the days of a window. On each day the
// state of a unit is its rows that hold for that day, and its events are the
// other table's rows of that day.
type Days struct {
	// State is the table whose rows hold for some days; groups are of it. The
	// other table's rows are the events.
	State int
	// Columns are the dates that are compared, by table.
	Columns [2]*agreements.Column
	// Engine is what engines' queries call them.
	Engine [2]string
	// A row of the state with day s and an event of day d meet if
	// Lo <= d − s <= Hi. -Open and Open are no bounds.
	Lo, Hi int64
	// First, as 2024-01-31, and Count are the days of the window: no event of
	// another day can meet anything.
	First string
	Count int
	Rule  DayRule
}

// DayRule says what an event meets.
type DayRule string

// Rules of a join on time.
const (
	EveryRow  DayRule = "every"  // every row that holds for its day
	LatestRow DayRule = "latest" // the latest of them: ASOF JOIN
	Credit    DayRule = "credit" // every row, with 1/n of the event each
)

// days settles what a join on time needs: which side is the state, and the
// window, which must follow from the agreement and the question alone.
func (b *binder) days() error {
	a := b.apart
	switch {
	case a == nil && b.in.Credit != nil:
		return b.src.Refuse(b.in.Credit.Pos, "bad-window", "", "Add a condition such as o.day BETWEEN e.day AND e.day + 14 to ON.",
			"An attribution needs a condition on the days between the two tables' dates.")
	case a == nil:
		return nil
	}
	if !b.out.DP.None() {
		return b.src.Refuse(a.pos, "time-noise", "dp", "Leave the condition on the days out, or agree on no differential privacy for these datasets.",
			"A join on time with differential privacy is not part of the language yet: what one person or thing adds over all days is not bounded.")
	}
	if a.lo > a.hi {
		return b.src.Refuse(a.pos, "bad-time", "", "", "No two days are that far apart, so no rows would meet.")
	}
	d := &Days{Columns: a.columns, Rule: EveryRow}
	for t, c := range a.columns {
		d.Engine[t] = c.Name
		if s := b.daySlots[c]; s != nil {
			d.Engine[t] = s.Engine
		}
	}
	b.out.Days = d
	if b.in.Asof != nil {
		d.Rule, d.State = LatestRow, 1
		if err := b.latest(a); err != nil {
			return err
		}
	}
	if b.in.Credit != nil {
		if err := b.credit(d); err != nil {
			return err
		}
	}
	if err := b.state(d); err != nil {
		return err
	}
	d.orient(a)
	first, count := b.window(d)
	if len(b.out.Groups) == 0 && d.Rule == EveryRow {
		// Either side can be the state; fewer days cost less.
		other := *d
		other.State = 1 - d.State
		other.orient(a)
		if f, n := b.window(&other); n > 0 && (count == 0 || n < count) {
			*d, first, count = other, f, n
		}
	}
	if err := b.checkWindow(d, count); err != nil {
		return err
	}
	d.First, d.Count = first.Format(time.DateOnly), count
	return b.countable(d)
}

// orient writes lo and hi as days from the state to the event.
func (d *Days) orient(a *apart) {
	d.Lo, d.Hi = a.lo, a.hi
	if d.State == 1 {
		d.Lo, d.Hi = -a.hi, -a.lo
	}
}

// state chooses the side of the state: that of the groups.
func (b *binder) state(d *Days) error {
	for i, g := range b.out.Groups {
		if d.Rule != EveryRow && g.Expr.Table != d.State {
			return b.src.Refuse(b.in.GroupBy[len(b.in.GroupBy)-1].Position(), "time-groups", "", "Group by columns of "+b.out.Tables[d.State].Alias+".",
				"Here, groups are of the table whose rows are met: %s.", sql.Name(b.out.Tables[d.State].Alias))
		}
		if i > 0 && g.Expr.Table != d.State {
			return b.src.Refuse(b.in.GroupBy[len(b.in.GroupBy)-1].Position(), "time-groups", "", "Group by columns of one of the two datasets.",
				"A join on time with groups of both owners is not part of the language: every day would be sent once for each group.")
		}
		d.State = g.Expr.Table
	}
	return nil
}

// days of the calendar; the zero value has no bounds.
type dayBounds struct{ from, to *time.Time }

func (r *dayBounds) notBefore(t time.Time) {
	if r.from == nil || t.After(*r.from) {
		r.from = &t
	}
}

func (r *dayBounds) notAfter(t time.Time) {
	if r.to == nil || t.Before(*r.to) {
		r.to = &t
	}
}

// window returns the first day and the number of days on which an event can
// meet a state, 0 if they have no bounds, -1 if there are none.
func (b *binder) window(d *Days) (first time.Time, count int) {
	r, state := b.declaredDays(1-d.State, d), b.declaredDays(d.State, d)
	if state.from != nil && d.Lo > -Open {
		r.notBefore(state.from.AddDate(0, 0, int(d.Lo)))
	}
	if state.to != nil && d.Hi < Open {
		r.notAfter(state.to.AddDate(0, 0, int(d.Hi)))
	}
	switch {
	case r.from == nil || r.to == nil:
		return first, 0
	case r.to.Before(*r.from) || r.from.Year() < 1 || r.to.Year() > 9999:
		return first, -1
	}
	return *r.from, int(r.to.Unix()/86_400-r.from.Unix()/86_400) + 1
}

// declaredDays are the days that the date of a table may have by the agreement
// and by the question's conditions on it.
func (b *binder) declaredDays(table int, d *Days) (r dayBounds) {
	c := d.Columns[table]
	if t, err := time.Parse(time.DateOnly, c.Min); err == nil {
		r.notBefore(t)
	}
	if t, err := time.Parse(time.DateOnly, c.Max); err == nil {
		r.notAfter(t)
	}
	for _, e := range b.out.Where[table] {
		if len(e.Kids) < 2 || !e.Kids[0].Plain() || e.Kids[0].Column != c {
			continue
		}
		var given []time.Time
		for _, k := range e.Kids[1:] {
			if t, err := time.Parse(time.DateOnly, k.Value.Text); err == nil && k.Constant() {
				given = append(given, t)
			}
		}
		if len(given) != len(e.Kids)-1 {
			continue
		}
		slices.SortFunc(given, time.Time.Compare)
		low, high := given[0], given[len(given)-1]
		switch e.Op {
		case "=", "in":
			r.notBefore(low)
			r.notAfter(high)
		case "between":
			r.notBefore(dayOf(e.Kids[1]))
			r.notAfter(dayOf(e.Kids[2]))
		case ">=":
			r.notBefore(low)
		case ">":
			r.notBefore(low.AddDate(0, 0, 1))
		case "<=":
			r.notAfter(high)
		case "<":
			r.notAfter(high.AddDate(0, 0, -1))
		}
	}
	return r
}

func dayOf(e *Expr) time.Time {
	t, _ := time.Parse(time.DateOnly, e.Value.Text) // it was parsed before
	return t
}

func (b *binder) checkWindow(d *Days, count int) error {
	events, c := b.out.Tables[1-d.State], d.Columns[1-d.State]
	name := events.Alias + "." + c.Name
	clause := rule(events.Dataset, "columns."+c.Name)
	hint := "Write WHERE " + name + " BETWEEN DATE '2024-01-01' AND DATE '2024-01-31' with the days you mean."
	switch {
	case count == 0:
		return b.src.Refuse(b.apart.pos, "open-window", clause, "Give it a minimum and a maximum in its owner's data contract, or w"+hint[1:],
			"Every day that %s may have is sent, one number for each person or thing and day, and nothing bounds these days.", sql.Name(name))
	case count < 0:
		return b.src.Refuse(b.apart.pos, "empty-window", clause, hint, "On no day of %s could anything meet.", sql.Name(name))
	case count > MaxDays:
		return b.src.Refuse(b.apart.pos, "long-window", clause, hint,
			"%s may have %d different days; every day is sent, one number for each person or thing and day, and at most %d fit.", sql.Name(name), count, MaxDays)
	}
	return nil
}

// countable refuses COUNT(DISTINCT unit): the guard counts each unit on one day
// of its own, which is a lower bound of the units that meet anything.
func (b *binder) countable(d *Days) error {
	table := &b.out.Tables[1-d.State]
	events := table.Dataset
	for _, it := range b.out.Items {
		if spread(it.Func) {
			return b.src.Refuse(it.pos, "time-variance", "", "Select SUM, AVG and COUNT.", "A variance in a join on time is not built yet.")
		}
		if it.Group < 0 && it.Func == "count_distinct" && table.MaxRows() != 1 {
			return b.src.Refuse(it.pos, "time-count", rule(events, "maxRowsPerUnit"),
				"Select COUNT(*) or SUM; thresholds still count people or things.",
				"People or things cannot be counted exactly in a join on time: one of %s may have several rows, and only the first day of each is looked at for the threshold.",
				sql.Name(events.Name))
		}
	}
	return nil
}
