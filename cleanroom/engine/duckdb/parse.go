package duckdb

import (
	"bytes"

	"github.com/marcboeker/go-duckdb/mapping"
)

// outOfMemory begins what DuckDB returns in place of a tree when an allocation
// fails, which is an ordinary value and no error to it.
var outOfMemory = []byte(`{"error":true,"error_type":"out of memory"`)

// serveParse returns the syntax tree in data frames.
func serveParse(d *db, req request, out frameWriter) error {
	if err := d.lockDown(); err != nil {
		return err
	}
	r, err := d.query("SELECT CAST(json_serialize_sql(CAST($1 AS VARCHAR)) AS VARCHAR)", req.SQL)
	if err != nil {
		return err
	}
	defer r.close()
	if len(r.types) != 1 || r.types[0] != mapping.TypeVarchar {
		return failure{Code: codeInternal}
	}
	return r.chunks(func(cols []column, rows int) error {
		if rows != 1 || cols[0].null(0) {
			return failure{Code: codeInternal}
		}
		tree := cols[0].bytes(0)
		if bytes.HasPrefix(tree, outOfMemory) {
			return failure{Code: codeMemory}
		}
		for len(tree) > 0 {
			n := min(len(tree), maxFrame)
			if err := out.write(frameData, tree[:n]); err != nil {
				return err
			}
			tree = tree[n:]
		}
		return nil
	})
}
