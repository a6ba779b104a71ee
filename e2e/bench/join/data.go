package main

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	_ "github.com/marcboeker/go-duckdb/v2" // makes the files, and answers in clear

	"parley/e2e/bench/measured"
)

// minGroup is the smallest group that is released.
const minGroup = 50

// data are the generated files of both sides, and the same tables in DuckDB's
// memory.
type data struct{ db *sql.DB }

// makeData writes exposures.parquet, orders.parquet, the contracts and
// room.yaml into dir. Ids are 32 hex digits; each side has units of them in
// rows of their own, and the second half of one side is the first of the other.
func makeData(dir string, units int) (*data, error) {
	db, err := sql.Open("duckdb", "?threads=2")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	d := &data{db}
	for _, s := range []string{
		fmt.Sprintf(`CREATE TABLE exposures AS SELECT md5(CAST(i AS VARCHAR)) AS id, 'c' || hash(i) %% 10 AS g10,
			'c' || hash(i) %% 100 AS g100, 'c' || hash(i) %% 1000 AS g1000 FROM range(%d) t(i)`, units),
		fmt.Sprintf(`CREATE TABLE orders AS SELECT md5(CAST(i AS VARCHAR)) AS id, CAST(hash(i + 1) %% 100001 / 100 AS DECIMAL(9,2)) AS amount,
			CAST(hash(i + 2) %% 10001 / 100 AS DECIMAL(9,2)) AS price FROM range(%d, %d) t(i)`, units/2, units/2+units),
		fmt.Sprintf("COPY exposures TO '%s' (FORMAT parquet)", filepath.Join(dir, "exposures.parquet")),
		fmt.Sprintf("COPY orders TO '%s' (FORMAT parquet)", filepath.Join(dir, "orders.parquet")),
	} {
		if _, err := db.Exec(s); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	var groups, measures string
	for _, n := range []int{10, 100, 1000} {
		values := make([]string, n)
		for i := range values {
			values[i] = fmt.Sprintf("c%d", i)
		}
		groups += fmt.Sprintf(groupColumn, n, strings.Join(values, ", "))
	}
	for name, most := range map[string]int{"amount": 1000, "price": 100} {
		measures += fmt.Sprintf(measureColumn, name, most)
	}
	for name, text := range map[string]string{
		"exposures.contract.yaml": fmt.Sprintf(contract, "exposures", groups),
		"orders.contract.yaml":    fmt.Sprintf(contract, "orders", measures),
		"room.yaml":               fmt.Sprintf(room, minGroup),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return d, nil
}

// check compares a released answer with plain DuckDB's.
func (d *data) check(q question, rows [][]string) error {
	text := "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (" + q.sql + ")"
	r, err := d.db.Query(text)
	if err != nil {
		return err
	}
	defer r.Close()
	names, err := r.Columns()
	if err != nil {
		return err
	}
	var want, got []string
	for r.Next() {
		row := make([]string, len(names))
		into := make([]any, len(names))
		for i := range row {
			into[i] = &row[i]
		}
		if err := r.Scan(into...); err != nil {
			return err
		}
		want = append(want, strings.Join(row, " | "))
	}
	for _, row := range rows {
		got = append(got, strings.Join(row, " | "))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		return fmt.Errorf("the answer differs from plain DuckDB's: %d rows, %d there", len(got), len(want))
	}
	return r.Err()
}

// cleartext measures plain DuckDB at the same question, with both tables in
// its memory and two threads.
func (d *data) cleartext(q question) (*measured.Cleartext, error) {
	var walls []float64
	for range 9 {
		began := time.Now()
		r, err := d.db.Query(q.sql)
		if err != nil {
			return nil, err
		}
		for r.Next() {
		}
		walls = append(walls, time.Since(began).Seconds())
		if err := errors.Join(r.Err(), r.Close()); err != nil {
			return nil, err
		}
	}
	slices.Sort(walls)
	return &measured.Cleartext{Groups: q.groups, WallS: walls[len(walls)/2]}, nil
}

const contract = `apiVersion: v3.1.0
kind: DataContract
id: parley-bench-%[1]s
name: %[1]s
version: 1.0.0
status: active
servers:
  - {server: files, type: local, path: %[1]s.parquet, format: parquet}
schema:
  - name: %[1]s
    logicalType: object
    physicalType: file
    properties:
      - name: id
        logicalType: string
        required: true
        customProperties:
          - {property: roomRole, value: joinKey}
          - {property: normalisation, value: exact/v1}
%[2]scustomProperties:
  - {property: minSetSize, value: 1000}
  - {property: maxRowsPerUnit, value: 1}
  - {property: adHoc, value: true}
`

const groupColumn = `      - name: g%d
        logicalType: string
        required: true
        customProperties:
          - {property: roomRole, value: dimension}
          - {property: domain, value: [%s]}
`

const measureColumn = `      - name: %s
        logicalType: number
        required: true
        logicalTypeOptions: {minimum: 0, maximum: %d}
        customProperties:
          - {property: roomRole, value: measure}
          - {property: scale, value: 2}
`

// The room's own question is about one owner's rows: it is asked on the way to
// the measurement, and no alignment may come of it.
const room = `title: Benchmark
members:
  - name: Publisher
    contracts: [exposures.contract.yaml]
  - name: Shop
    contracts: [orders.contract.yaml]
agreement:
  purpose: Measure how fast two nodes answer.
  minGroupSize: %d
  adHoc: true
  dp: none
  receivers: [Publisher, Shop]
ask:
  member: Shop
  sql: SELECT COUNT(*) AS orders FROM orders
`
