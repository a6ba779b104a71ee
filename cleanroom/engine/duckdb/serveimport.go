package duckdb

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strings"

	"parley/agreements"
	"parley/cleanroom/engine"
)

// serveImport copies the source into a staging file, checks every value
// there, and writes what fits into the snapshot, sorted by unit. Both files
// are encrypted; rows are in clear in this process's memory alone.
func serveImport(d *db, req request) (any, error) {
	if req.Import == nil {
		return nil, failure{Code: codeInternal}
	}
	in := *req.Import
	src, err := d.openSource(in)
	if err != nil {
		return nil, err
	}
	if err := d.attachWritable(in, req.Key); err != nil {
		return nil, err
	}
	// From here on no other file can be named, by whatever the source holds.
	if in.Format == "duckdb" {
		if err := d.exec("SET enable_external_access = false"); err != nil {
			return nil, failure{Code: codeLockdown}
		}
	}
	if err := d.stage(in, src, req.Thread); err != nil {
		return nil, sourceFailure(err)
	}
	if err := d.checkValues(in.Rules); err != nil {
		return nil, err
	}
	if err := d.writeSnapshot(in.Rules); err != nil {
		return nil, err
	}
	imported, err := d.countUnits(in.Rules)
	if err != nil {
		return nil, err
	}
	return imported, d.execAll("DETACH stage", "DETACH snap")
}

// attachWritable creates the snapshot and the staging file, whose key is
// derived from the snapshot's so that no two files share one.
func (d *db) attachWritable(in importRequest, key []byte) error {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("parley import staging v1"))
	for _, f := range []struct {
		name, path string
		key        []byte
	}{{"stage", in.Stage, mac.Sum(nil)}, {"snap", in.Target, key}} {
		err := d.exec(fmt.Sprintf("ATTACH %s AS %s (ENCRYPTION_KEY %s)", text(f.path), f.name, attachKey(f.key)))
		if err != nil {
			return failure{Code: codeTarget}
		}
	}
	return nil
}

// stage reads the source once: raw key or unit, converted values c0…, and
// per column a code e0… that is 0 where the value fits. The staging table
// keeps the source's order, so its row ids are the owner's row numbers.
func (d *db) stage(in importRequest, src source, threads int) error {
	key := "CAST(" + ident(in.Rules.Unit.Column) + " AS VARCHAR)"
	inner, middle, outer := []string{key + " AS k"}, []string{"k"}, []string{}
	if in.Rules.Unit.Normalisation == agreements.NormPhone {
		outer = append(outer, "k")
	} else {
		outer = append(outer, unitSQL(in.Rules.Unit.Normalisation, "k")+" AS unit")
	}
	for i, c := range in.Rules.Columns {
		s, v := fmt.Sprintf("s%d", i), fmt.Sprintf("c%d", i)
		inner = append(inner, ident(c.Name)+" AS "+s)
		middle = append(middle, s, castSQL(c, s, src.types[strings.ToLower(c.Name)])+" AS "+v)
		outer = append(outer, v, fmt.Sprintf("CAST(%s AS UTINYINT) AS e%d", misfitSQL(c, s, v), i))
	}
	err := d.exec(fmt.Sprintf("CREATE TABLE stage.raw AS SELECT %s FROM (SELECT %s FROM (SELECT %s FROM %s))",
		strings.Join(outer, ", "), strings.Join(middle, ", "), strings.Join(inner, ", "), src.from))
	if err != nil {
		return err
	}
	if in.Rules.Unit.Normalisation != agreements.NormPhone {
		return d.exec("CREATE VIEW stage.kept AS SELECT *, rowid + 1 AS n FROM stage.raw WHERE unit IS NOT NULL")
	}
	if err := d.phoneUnits(in.Rules.Unit.Region, threads); err != nil {
		return err
	}
	return d.exec("CREATE VIEW stage.kept AS SELECT r.*, r.rowid + 1 AS n, p.unit AS unit FROM stage.raw r JOIN stage.phones p USING (k)")
}

// checkValues refuses the import when a kept row has a misfit.
func (d *db) checkValues(rules agreements.Rules) error {
	if len(rules.Columns) == 0 {
		return nil
	}
	var counts []string
	for i := range rules.Columns {
		for _, m := range misfits {
			counts = append(counts, fmt.Sprintf("count(*) FILTER (e%d = %d)", i, m))
		}
	}
	found, err := d.oneRow("SELECT " + strings.Join(counts, ", ") + " FROM stage.kept")
	if err != nil {
		return err
	}
	var f failure
	for i, rows := range found {
		if rows == 0 {
			continue
		}
		p := problem{Column: i / len(misfits), Kind: misfits[i%len(misfits)], Rows: rows}
		if p.First, err = d.firstRows(p); err != nil {
			return err
		}
		f.Problems = append(f.Problems, p)
	}
	if f.Problems == nil {
		return nil
	}
	f.Code = codeValue
	return f
}

// firstRows returns the numbers of the first rows with a problem.
func (d *db) firstRows(p problem) ([]int64, error) {
	r, err := d.query(fmt.Sprintf("SELECT n FROM stage.kept WHERE e%d = %d ORDER BY n LIMIT 5", p.Column, p.Kind))
	if err != nil {
		return nil, err
	}
	defer r.close()
	var first []int64
	err = r.chunks(func(cols []column, rows int) error {
		for i := range rows {
			first = append(first, cols[0].int64(i))
		}
		return nil
	})
	return first, err
}

// countUnits counts in the finished snapshot, where units are numbers.
func (d *db) countUnits(rules agreements.Rules) (*engine.Imported, error) {
	row, err := d.oneRow(`SELECT CAST(coalesce(sum(c), 0) AS BIGINT), count(*), coalesce(max(c), 0),
		(SELECT count(*) FROM stage.raw) FROM (SELECT count(*) AS c FROM snap.main.data GROUP BY parley_unit)`)
	if err != nil {
		return nil, err
	}
	i := &engine.Imported{Rows: row[0], Units: row[1], MaxRows: row[2], DroppedUnits: row[3] - row[0]}
	if i.Rows == 0 {
		return nil, failure{Code: codeRows}
	}
	if i.MaxRows > rules.MaxRowsPerUnit {
		return nil, failure{Code: codeUnitRows, Need: i.MaxRows}
	}
	return i, nil
}

// writeSnapshot numbers the units in the order of their bytes and sorts the
// rows by that number, so that plans group by an integer and whole units can
// be taken in parts. A unit's ordinal is its row id in the table units.
func (d *db) writeSnapshot(rules agreements.Rules) error {
	if err := d.exec("CREATE TABLE snap.main.units AS SELECT unit FROM stage.kept GROUP BY unit ORDER BY unit"); err != nil {
		return err
	}
	cols := []string{"CAST(u.rowid AS UINTEGER) AS parley_unit"}
	for i, c := range rules.Columns {
		cols = append(cols, fmt.Sprintf("c%d AS %s", i, ident(c.Name)))
	}
	return d.exec("CREATE TABLE snap.main.data AS SELECT " + strings.Join(cols, ", ") +
		" FROM stage.kept JOIN snap.main.units u USING (unit) ORDER BY u.rowid")
}
