package duckdb

import (
	"encoding/hex"
	"fmt"
)

// attachKey is the ENCRYPTION_KEY text for a 32-byte key.
func attachKey(key []byte) string { return text(hex.EncodeToString(key)) }

// openSnapshot attaches the inherited snapshot read-only as the table data
// and locks DuckDB down. Nothing can be opened after it.
func (d *db) openSnapshot(key []byte) error {
	attach := fmt.Sprintf("ATTACH %s AS snap (ENCRYPTION_KEY %s, READ_ONLY)", text(inheritedFile), attachKey(key))
	if d.exec(attach) != nil {
		return failure{Code: codeOpen}
	}
	if err := d.exec("CREATE TEMP VIEW data AS SELECT * FROM snap.main.data"); err != nil {
		return failure{Code: codeOpen}
	}
	return d.lockDown()
}

// unitBatch is how many units are held at once.
const unitBatch = 1 << 19

// scanUnits calls fn with each unit in the order of the ordinals, batch by
// batch.
func (d *db) scanUnits(fn func(unit []byte) error) error {
	rows, err := d.oneInt("SELECT count(*) FROM snap.main.units")
	if err != nil {
		return err
	}
	for at := int64(0); at < rows; at += unitBatch {
		seen := int64(0)
		r, err := d.query(fmt.Sprintf("SELECT unit FROM snap.main.units WHERE rowid >= %d AND rowid < %d", at, at+unitBatch))
		if err != nil {
			return err
		}
		err = r.chunks(func(cols []column, rows int) error {
			seen += int64(rows)
			for i := range rows {
				if cols[0].null(i) {
					return failure{Code: codeOpen}
				}
				if err := fn(cols[0].bytes(i)); err != nil {
					return err
				}
			}
			return nil
		})
		r.close()
		if err == nil && seen != min(unitBatch, rows-at) {
			err = failure{Code: codeOpen}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
