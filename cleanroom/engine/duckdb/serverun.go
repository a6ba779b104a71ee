package duckdb

import (
	"strconv"

	"github.com/marcboeker/go-duckdb/mapping"

	"parley/analysis/plan"
)

// serveRun executes a one-owner plan and sends its rows, encoded by appendRow.
func serveRun(d *db, req request, out frameWriter) error {
	if req.Plan == nil {
		return failure{Code: codeInternal}
	}
	if err := d.openSnapshot(req.Key); err != nil {
		return err
	}
	r, err := d.query(req.Plan.SQL, req.Plan.Args...)
	if err != nil {
		return err
	}
	defer r.close()
	s := shapeOf(*req.Plan)
	if err := s.check(r.types); err != nil {
		return err
	}
	b := &batch{out: out}
	err = r.chunks(func(cols []column, rows int) error {
		for i := range rows {
			b.buf = s.appendRow(b.buf, cols, i)
			if err := b.rowDone(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return b.flush()
}

// field is the kind of one column of a plan's answer.
type field byte

const (
	fieldUnit  field = iota // UINTEGER
	fieldGroup              // VARCHAR
	fieldInt                // BIGINT
	fieldWide               // HUGEINT printed as VARCHAR
)

// shape is the columns plan.Local promises, in order.
type shape []field

// shapeOf is the shape of a one-owner plan's answer.
func shapeOf(l plan.Local) shape {
	var s shape
	for range l.KeyColumns() {
		s = append(s, fieldGroup)
	}
	s = append(s, fieldInt, fieldInt)
	for range l.Measures {
		s = append(s, fieldWide, fieldInt, fieldInt, fieldInt)
	}
	return s
}

// jointShape is the shape of a joint plan's answer.
func jointShape(l plan.Local) shape {
	s := shape{fieldUnit}
	for range l.KeyColumns() {
		s = append(s, fieldGroup)
	}
	for range l.Measures {
		s = append(s, fieldInt)
	}
	return s
}

func (s shape) check(types []mapping.Type) error {
	want := [...]mapping.Type{
		fieldUnit: mapping.TypeUInteger, fieldGroup: mapping.TypeVarchar,
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
// length and bytes, or 8 bytes for a number (rowReader reads it).
func (s shape) appendRow(dst []byte, cols []column, row int) []byte {
	for i, f := range s {
		switch {
		case cols[i].null(row):
			dst = append(dst, 1)
		case f == fieldWide:
			dst = appendWide(dst, cols[i].bytes(row))
		case f == fieldInt:
			dst = appendInt(append(dst, 0), cols[i].int64(row))
		default:
			dst = appendBytes(append(dst, 0), cols[i].bytes(row))
		}
	}
	return dst
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
