package duckdb

import (
	"fmt"

	"parley/analysis/plan"
)

// serveReduce executes a joint plan, adds its rows up and sends the sums as
// batches (batch.go).
func serveReduce(d *db, req request, out frameWriter) error {
	if req.Plan == nil {
		return failure{Code: codeInternal}
	}
	if err := d.openSnapshot(req.Key); err != nil {
		return err
	}
	t := newTally(req.Plan.KeyColumns(), len(req.Plan.Measures))
	if req.Plan.GroupsSQL != "" {
		if err := d.listGroups(*req.Plan, t, out); err != nil {
			return err
		}
	}
	return d.addUp(*req.Plan, t, out)
}

// listGroups sends all groups there are before any filter.
func (d *db) listGroups(l plan.Local, t *tally, out frameWriter) error {
	r, err := d.query(l.GroupsSQL)
	if err != nil {
		return err
	}
	defer r.close()
	if err := jointShape(plan.Local{Groups: l.Groups, Days: l.Days})[1:].check(r.types); err != nil {
		return err
	}
	return r.chunks(func(cols []column, rows int) error {
		t.groups.numbers(cols, rows)
		return t.groups.send(out)
	})
}

// rangeRows is how many rows of a snapshot a joint plan takes at a time: a
// few of DuckDB's row groups (122,880 rows), so that its threads share them.
// Nothing may spill, and this keeps the memory needed small and independent of
// the dataset's size.
const rangeRows = 4 * 122_880

// sendRows is how many entries are gathered before they are sent: few enough
// to stay in the processor's cache.
const sendRows = 1 << 14

// addUp runs a joint plan over one range of rows after the other. The next
// range is computed while the last one is added up.
func (d *db) addUp(l plan.Local, t *tally, out frameWriter) error {
	total, err := d.oneInt("SELECT count(*) FROM snap.main.data")
	if err != nil {
		return err
	}
	results, stop := make(chan ranged), make(chan struct{})
	defer close(stop)
	go d.runRanges(l, total, results, stop)
	for next := range results {
		if next.err != nil {
			return next.err
		}
		err := next.r.chunks(func(cols []column, rows int) error {
			if err := t.add(cols, rows); err != nil || len(t.unit) < sendRows {
				return err
			}
			return t.send(out, false)
		})
		next.r.close()
		if err != nil {
			return err
		}
	}
	return t.send(out, true)
}

// ranged is the answer of a plan over one range of rows.
type ranged struct {
	r   *result
	err error
}

// runRanges sends the answer for each range until one fails or stop closes.
func (d *db) runRanges(l plan.Local, total int64, results chan<- ranged, stop <-chan struct{}) {
	defer close(results)
	want := jointShape(l)
	for at, end := int64(0), int64(0); at < total; at = end {
		var next ranged
		if end, next.err = d.rangeEnd(at, total); next.err == nil {
			next.err = d.exec(fmt.Sprintf("CREATE OR REPLACE TEMP VIEW data AS SELECT * FROM snap.main.data WHERE rowid >= %d AND rowid < %d", at, end))
		}
		if next.err == nil {
			next.r, next.err = d.query(l.SQL, l.Args...)
		}
		if next.err == nil {
			next.err = want.check(next.r.types)
		}
		select {
		case results <- next:
		case <-stop:
			return
		}
		if next.err != nil {
			return
		}
	}
}

// rangeEnd is where the range that begins at a row ends: some rangeRows on,
// where a unit begins. A plan may group and number the rows of a unit
// (subqueries), so that no unit may lie in two ranges. Rows are sorted by
// unit; import bounds the rows of one.
func (d *db) rangeEnd(at, total int64) (int64, error) {
	for end := at + rangeRows; end < total; end += rangeRows {
		first, err := d.oneInt(fmt.Sprintf("SELECT min(rowid) FROM snap.main.data WHERE parley_unit = (SELECT parley_unit FROM snap.main.data WHERE rowid = %d)", end))
		if err != nil || first > at {
			return first, err
		}
	}
	return total, nil
}
