package duckdb

import (
	"fmt"
	"strconv"

	"github.com/marcboeker/go-duckdb/mapping"

	"parley/analysis/plan"
)

// partitionRows is how many rows of a snapshot a joint plan takes at a time.
// Its answer has one row per (unit, group), so whole units can be taken in
// turn; nothing may spill, and this keeps the memory needed small and
// independent of the dataset's size.
const partitionRows = 2_000_000

// serveRun executes a local plan and sends its rows, encoded by appendRow.
func serveRun(d *db, req request, out frameWriter) error {
	if req.Plan == nil {
		return failure{Code: codeInternal}
	}
	if err := d.openSnapshot(req.Key); err != nil {
		return err
	}
	b := &batch{out: out}
	cuts, err := d.cuts(req.Kind)
	if err != nil {
		return err
	}
	for i := range len(cuts) + 1 {
		if err := d.narrow(cuts, i); err != nil {
			return err
		}
		if err := d.runPart(req, b); err != nil {
			return err
		}
	}
	return b.flush()
}

// cuts returns the units, as hex, at which a joint plan's input is divided.
func (d *db) cuts(kind plan.Kind) ([]string, error) {
	if kind != plan.Join {
		return nil, nil
	}
	rows, err := d.oneInt("SELECT count(*) FROM snap.main.data")
	if err != nil {
		return nil, err
	}
	var cuts []string
	for at := int64(partitionRows); at < rows; at += partitionRows {
		r, err := d.query(fmt.Sprintf("SELECT hex(parley_unit) FROM snap.main.data WHERE rowid = %d", at))
		if err != nil {
			return nil, err
		}
		err = r.chunks(func(cols []column, rows int) error {
			cut := string(cols[0].bytes(0))
			if len(cuts) == 0 || cut != cuts[len(cuts)-1] {
				cuts = append(cuts, cut)
			}
			return nil
		})
		r.close()
		if err != nil {
			return nil, err
		}
	}
	return cuts, nil
}

// narrow makes the view data show the units from cut i-1 up to cut i.
func (d *db) narrow(cuts []string, i int) error {
	if len(cuts) == 0 {
		return nil
	}
	where := "true"
	if i > 0 {
		where += fmt.Sprintf(" AND parley_unit >= unhex('%s')", cuts[i-1])
	}
	if i < len(cuts) {
		where += fmt.Sprintf(" AND parley_unit < unhex('%s')", cuts[i])
	}
	return d.exec("CREATE OR REPLACE TEMP VIEW data AS SELECT * FROM snap.main.data WHERE " + where)
}

func (d *db) runPart(req request, b *batch) error {
	r, err := d.query(req.Plan.SQL, req.Plan.Args...)
	if err != nil {
		return err
	}
	defer r.close()
	s := shapeOf(*req.Plan, req.Kind)
	if err := s.check(r.types); err != nil {
		return err
	}
	return r.chunks(func(cols []column, rows int) error {
		for i := range rows {
			if b.buf, err = s.appendRow(b.buf, cols, i); err != nil {
				return err
			}
			if err := b.rowDone(); err != nil {
				return err
			}
		}
		return nil
	})
}

// field is the kind of one column of a local plan's answer.
type field byte

const (
	fieldUnit  field = iota // BLOB, never NULL
	fieldGroup              // VARCHAR
	fieldInt                // BIGINT
	fieldWide               // HUGEINT printed as VARCHAR
)

// shape is the columns plan.Local promises, in order.
type shape []field

func shapeOf(l plan.Local, kind plan.Kind) shape {
	var s shape
	if kind == plan.Join {
		s = append(s, fieldUnit)
	}
	for range l.Groups {
		s = append(s, fieldGroup)
	}
	if kind != plan.Join {
		s = append(s, fieldInt)
	}
	s = append(s, fieldInt)
	for range l.Measures {
		if kind == plan.Join {
			s = append(s, fieldInt, fieldInt)
		} else {
			s = append(s, fieldWide, fieldInt, fieldInt)
		}
	}
	return s
}

func (s shape) check(types []mapping.Type) error {
	want := [...]mapping.Type{
		fieldUnit: mapping.TypeBlob, fieldGroup: mapping.TypeVarchar,
		fieldInt: mapping.TypeBigInt, fieldWide: mapping.TypeVarchar,
	}
	if len(types) != len(s) {
		return failure{Code: codeShape}
	}
	for i, f := range s {
		if types[i] != want[f] {
			return failure{Code: codeShape}
		}
	}
	return nil
}

// appendRow encodes one row: per column a byte that is 1 for NULL, then a
// length and bytes, or 8 bytes for a number (decodeRow reads it).
func (s shape) appendRow(dst []byte, cols []column, row int) ([]byte, error) {
	for i, f := range s {
		if cols[i].null(row) {
			if f == fieldUnit {
				return dst, failure{Code: codeShape}
			}
			dst = append(dst, 1)
			continue
		}
		if f == fieldWide {
			dst = appendWide(dst, cols[i].bytes(row))
			continue
		}
		dst = append(dst, 0)
		if f == fieldInt {
			dst = appendInt(dst, cols[i].int64(row))
			continue
		}
		dst = appendBytes(dst, cols[i].bytes(row))
	}
	return dst, nil
}

// appendWide writes a sum, or NULL for one beyond 64 bits: to fail would tell
// the asker something of a group that it may not see (R08). Package release
// refuses if the group is one that it may.
func appendWide(dst, sum []byte) []byte {
	v, err := strconv.ParseInt(string(sum), 10, 64)
	if err != nil {
		return append(dst, 1)
	}
	return appendInt(append(dst, 0), v)
}
