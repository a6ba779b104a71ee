package check

import (
	"math/big"

	"parley/agreements"
	"parley/analysis/sql"
)

// Open is a bound of Days that is none. It is far beyond any difference of two
// dates, and far enough below 2^53 to stand in a plan's JSON.
const Open = 1 << 40

// dayTerm is a sum of date columns and days: of each table, times times its
// date column, and n days. A date is such a sum, and so is the number of days
// between two.
type dayTerm struct {
	columns [2]*agreements.Column
	times   [2]int
	n       int64
}

// minus is t − u. It is false where the two name different columns of one
// table: what is compared is one date of either.
func (t dayTerm) minus(u dayTerm) (dayTerm, bool) {
	for i := range t.columns {
		switch {
		case t.columns[i] == nil:
			t.columns[i] = u.columns[i]
		case u.columns[i] != nil && u.columns[i] != t.columns[i]:
			return t, false
		}
		t.times[i] -= u.times[i]
	}
	t.n -= u.n
	return t, true
}

// dayTerm reads an expression as a sum of dates and days. It is false for any
// other; the ordinary path then says what is wrong with it.
func (b *binder) dayTerm(e sql.Expr) (t dayTerm, ok bool) {
	switch e := e.(type) {
	case *sql.Column:
		f, err := b.resolve(e)
		if err == nil && f.view != nil {
			return b.pickedDay(f, e.Position())
		}
		if err != nil || f.unit || f.Rule.Type != agreements.Date {
			return t, false
		}
		t.columns[f.Table], t.times[f.Table] = f.Rule, 1
		return t, true
	case *sql.Literal, *sql.Param:
		v, _, err := b.given(e)
		n, is := new(big.Int).SetString(v.Text, 10)
		if err != nil || v.Type != agreements.Integer || !is || n.CmpAbs(big.NewInt(maxShift)) > 0 {
			return t, false
		}
		t.n = n.Int64()
		return t, true
	case *sql.Apply:
		return b.daySum(e)
	}
	return t, false
}

// daySum reads x + y, x − y, −x and date_diff('day', x, y).
func (b *binder) daySum(e *sql.Apply) (t dayTerm, ok bool) {
	if e.Func != "+" && e.Func != "-" && e.Func != "date_diff" {
		return t, false
	}
	args := make([]dayTerm, 0, 2)
	for _, arg := range e.Args {
		x, ok := b.dayTerm(arg)
		if !ok {
			return t, false
		}
		args = append(args, x)
	}
	switch {
	case len(args) == 1 && e.Func == "-":
		return t.minus(args[0])
	case len(args) != 2:
		return t, false
	case e.Func == "+":
		negative, _ := t.minus(args[1])
		return args[0].minus(negative)
	case e.Func == "date_diff":
		return args[1].minus(args[0])
	}
	return args[0].minus(args[1])
}

// apart is the condition lo <= d <= hi on the days d from the date of table 0
// to that of table 1.
type apart struct {
	columns [2]*agreements.Column
	lo, hi  int64
	latest  int64 // hi of an ASOF JOIN by its ON
	pos     int
}

// dayCondition recognises a condition on the days between a date of one table
// and a date of the other. Conditions on the same two dates add up.
func (b *binder) dayCondition(e sql.Expr) (bool, error) {
	if len(b.out.Tables) < 2 || b.alone {
		return false, nil
	}
	switch e := e.(type) {
	case *sql.Compare:
		needs := []string{e.Op}
		if mirrored[e.Op] != nil {
			needs = mirrored[e.Op]
		}
		return b.dayCompare(e.Op, e.L, e.R, e.Position(), needs)
	case *sql.Between:
		needs := mirrored["between"]
		done, err := b.dayCompare(">=", e.X, e.Lo, e.Position(), needs)
		if !done || err != nil {
			return done, err
		}
		done, err = b.dayCompare("<=", e.X, e.Hi, e.Position(), needs)
		if !done && err == nil { // one half is about both tables, the other is not
			return true, b.twoOwners(e.Position())
		}
		return done, err
	}
	return false, nil
}

// dayCompare recognises l op r. needs are the tests that the columns' owners
// must allow for it.
func (b *binder) dayCompare(op string, l, r sql.Expr, pos int, needs []string) (bool, error) {
	left, ok := b.dayTerm(l)
	right, also := b.dayTerm(r)
	if !ok || !also {
		return false, nil
	}
	if (left.times[0] != 0 || right.times[0] != 0) != (left.times[1] != 0 || right.times[1] != 0) {
		return false, nil // of one table: an ordinary condition
	}
	d, ok := left.minus(right)
	if !ok || d.times[0]*d.times[1] != -1 {
		return false, nil
	}
	if op == "<>" {
		return true, b.src.Refuse(pos, "bad-time", "", "Write BETWEEN, =, <, <=, > or >=.", "<> between two owners' dates is not part of the language.")
	}
	// d is ±(date of 1 − date of 0) + n, compared with 0.
	days := -d.n
	if d.times[1] < 0 {
		op, days = flipped[op], d.n
	}
	for t, c := range d.columns {
		if b.daySlots[c] != nil {
			continue // judged where the subquery makes it
		}
		if err := b.use(Column{Table: t, Rule: c}, agreements.Filter, pos); err != nil {
			return true, err
		}
		if err := b.operatorAllowed(t, c, needs, pos); err != nil {
			return true, err
		}
	}
	for _, e := range []sql.Expr{l, r} {
		if err := b.dayFunctions(e); err != nil {
			return true, err
		}
	}
	return true, b.narrow(d.columns, op, days, pos)
}

// dayFunctions asks the owners whose columns are in it for every function.
func (b *binder) dayFunctions(e sql.Expr) error {
	call, ok := e.(*sql.Apply)
	if !ok {
		return nil
	}
	t, _ := b.dayTerm(e)
	for i, c := range t.columns {
		if c == nil {
			continue
		}
		if err := b.functionAllowed(i, call.Func, e.Position()); err != nil {
			return err
		}
	}
	for _, arg := range call.Args {
		if err := b.dayFunctions(arg); err != nil {
			return err
		}
	}
	return nil
}

// narrow adds a comparison of the days between two dates with a number.
func (b *binder) narrow(columns [2]*agreements.Column, op string, days int64, pos int) error {
	if b.apart == nil {
		b.apart = &apart{columns: columns, lo: -Open, hi: Open, pos: pos}
	}
	a := b.apart
	if a.columns != columns {
		return b.src.Refuse(pos, "bad-time", "", "Compare the same two dates in every such condition.",
			"A question compares one date of each owner; this is a second pair.")
	}
	switch op {
	case ">":
		a.lo = max(a.lo, days+1)
	case "<":
		a.hi = min(a.hi, days-1)
	}
	if op == ">=" || op == "=" {
		a.lo = max(a.lo, days)
	}
	if op == "<=" || op == "=" {
		a.hi = min(a.hi, days)
	}
	return nil
}
