package duckdb

import (
	"fmt"

	"github.com/marcboeker/go-duckdb/mapping"

	"parley/cleanroom/engine"
)

// serveProfile computes the owner's figures, one column at a time so that
// only one column's distinct values are held at once.
func serveProfile(d *db, req request) (any, error) {
	if err := d.openSnapshot(req.Key); err != nil {
		return nil, err
	}
	p := new(engine.Profile)
	counts, err := d.oneRow("SELECT (SELECT count(*) FROM snap.main.data), (SELECT count(*) FROM snap.main.units)")
	if err != nil {
		return nil, err
	}
	p.Rows, p.Units = counts[0], counts[1]
	r, err := d.query("SELECT column_name, column_type FROM (DESCRIBE data) WHERE column_name <> 'parley_unit'")
	if err != nil {
		return nil, err
	}
	defer r.close()
	err = r.chunks(func(cols []column, rows int) error {
		for i := range rows {
			c := engine.ColumnProfile{Name: string(cols[0].bytes(i)), Type: string(cols[1].bytes(i))}
			if err := d.profileColumn(&c); err != nil {
				return err
			}
			p.Columns = append(p.Columns, c)
		}
		return nil
	})
	return p, err
}

func (d *db) profileColumn(c *engine.ColumnProfile) error {
	r, err := d.query(fmt.Sprintf(`SELECT count(*) - count(%[1]s), count(DISTINCT %[1]s),
		CAST(min(%[1]s) AS VARCHAR), CAST(max(%[1]s) AS VARCHAR) FROM data`, ident(c.Name)))
	if err != nil {
		return err
	}
	defer r.close()
	return r.chunks(func(cols []column, rows int) error {
		if rows != 1 || r.types[0] != mapping.TypeBigInt || r.types[1] != mapping.TypeBigInt {
			return failure{Code: codeInternal}
		}
		c.Nulls, c.Distinct = cols[0].int64(0), cols[1].int64(0)
		for i, dst := range []*string{&c.Min, &c.Max} {
			if !cols[2+i].null(0) {
				*dst = string(cols[2+i].bytes(0))
			}
		}
		return nil
	})
}
