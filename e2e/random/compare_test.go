package random

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"parley/analysis/release"
)

// compare checks an answer against the rules' expectation: names and types,
// every row, ORDER BY (rows that tie may come in any order), LIMIT, and what
// is said of withheld groups.
func compare(q *question, k int, want *expectation, got *release.Table) error {
	if err := sameColumns(q, got); err != nil {
		return err
	}
	if q.loose() {
		return within(q, k, want, got)
	}
	n := len(want.rows)
	if q.limit > 0 {
		n = min(n, q.limit)
	}
	if len(got.Rows) != n {
		return fmt.Errorf("%d rows, expected %d", len(got.Rows), n)
	}
	if got.MinGroupSize != k || got.PublicData != public(q.tables...) {
		return fmt.Errorf("the answer says k = %d, public %t; expected k = %d, public %t", got.MinGroupSize, got.PublicData, k, public(q.tables...))
	}
	left := slices.Clone(want.rows)
	for i, row := range got.Rows {
		at := slices.IndexFunc(left, func(w []*string) bool { return q.sameRow(row, w) && q.sameOrder(w, want.rows[i]) })
		if at < 0 {
			return fmt.Errorf("row %d is not in plain DuckDB's answer, or not there: %s", i+1, showRow(row))
		}
		left = slices.Delete(left, at, at+1)
	}
	return sameWithheld(q, want, got.Withheld)
}

// within checks an answer whose guards are lower bounds: every row and every
// value that was released could be, and is the right one, or made of the right
// ones that were. What is left out is counted with the coverage.
func within(q *question, k int, want *expectation, got *release.Table) error {
	if got.MinGroupSize != k || got.PublicData != public(q.tables...) {
		return fmt.Errorf("the answer says k = %d, public %t", got.MinGroupSize, got.PublicData)
	}
	left := slices.Clone(want.rows)
	for i, row := range got.Rows {
		at := slices.IndexFunc(left, func(w []*string) bool {
			for j, v := range row {
				if !q.couldBe(j, k, v, w) {
					return false
				}
			}
			return true
		})
		if at < 0 {
			return fmt.Errorf("row %d may not be released: %s", i+1, showRow(row))
		}
		left = slices.Delete(left, at, at+1)
	}
	want.unreleased = len(left)
	want.released = len(got.Rows)
	return sameWithheld(q, want, got.Withheld)
}

func sameColumns(q *question, got *release.Table) error {
	var shown []item
	for _, it := range q.items {
		if !it.unseen {
			shown = append(shown, it)
		}
	}
	if len(got.Columns) != len(shown) {
		return fmt.Errorf("%d columns, expected %d", len(got.Columns), len(shown))
	}
	for i, it := range shown {
		if it.fn == "calc" && got.Columns[i].Name == it.name {
			continue
		}
		if c := got.Columns[i]; c.Name != it.name || c.Type != it.columnType() {
			return fmt.Errorf("column %d is %s %s, expected %s %s", i+1, c.Name, c.Type, it.name, it.columnType())
		}
	}
	return nil
}

// sameRow compares a row with the first columns of one of the judge's: the
// others are not shown.
func (q *question) sameRow(got []release.Value, want []*string) bool {
	for i := range got {
		if !q.same(i, got[i], want[i]) {
			return false
		}
	}
	return true
}

// sameOrder reports whether two of the judge's rows tie.
func (q *question) sameOrder(x, y []*string) bool {
	for _, o := range q.orderBy {
		if deref(x[o.item]) != deref(y[o.item]) {
			return false
		}
	}
	return true
}

// same compares exactly, except that quotients may differ by 1e-9.
func (q *question) same(item int, got release.Value, want *string) bool {
	if got.Null || want == nil {
		return got.Null == (want == nil)
	}
	if !q.items[item].double() {
		return got.Text == *want
	}
	x, errX := strconv.ParseFloat(got.Text, 64)
	y, errY := strconv.ParseFloat(*want, 64)
	return errX == nil && errY == nil && math.Abs(x-y) <= 1e-9*max(math.Abs(x), math.Abs(y), floor(q.items[item]))
}

// floor is below what a number's rounding errors are measured by: those of a
// difference and of a variance are of the size of what was subtracted.
func floor(it item) float64 {
	if it.fn == "avg" {
		return 0
	}
	return 1
}

// sameWithheld: candidates minus released, where a number is given. Of an
// owner's own undeclared groups it is given only if it tells of nobody.
func sameWithheld(q *question, want *expectation, got release.Withheld) error {
	if len(q.tables) == 1 && got.Is == release.NotStated {
		if _, declared := q.declared(0); declared || public(q.tables...) || got.Count != 0 {
			return fmt.Errorf("withheld is not stated, with count %d", got.Count)
		}
		return nil
	}
	count := want.candidates - want.released
	if got.Is != want.extent || got.Count != count {
		return fmt.Errorf("withheld %s %d, expected %s %d", got.Is, got.Count, want.extent, count)
	}
	return nil
}

func shown(v release.Value) string {
	if v.Null {
		return "NULL"
	}
	return strconv.Quote(v.Text)
}

func deref(s *string) string {
	if s == nil {
		return "NULL"
	}
	return strconv.Quote(*s)
}

func showRow(row []release.Value) string {
	out := ""
	for _, v := range row {
		out += shown(v) + " "
	}
	return out
}
