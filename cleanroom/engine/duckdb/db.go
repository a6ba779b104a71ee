package duckdb

import (
	"strings"

	"github.com/marcboeker/go-duckdb/mapping"
)

// db is one in-memory DuckDB instance with one connection. It exists only in
// a child process: nothing in the node's own process opens one.
type db struct {
	inst mapping.Database
	conn mapping.Connection
}

// closedConfig are the settings that can only be given at start. They turn
// off everything that would reach outside the process on its own.
var closedConfig = [][2]string{
	{"autoinstall_known_extensions", "false"},
	{"autoload_known_extensions", "false"},
	{"allow_community_extensions", "false"},
	{"allow_persistent_secrets", "false"},
	{"allow_unredacted_secrets", "false"},
	{"temp_directory", ""},
	{"max_temp_directory_size", "0B"},
	{"threads", "1"}, // until bound
}

func openDB() (*db, error) {
	var config mapping.Config
	if mapping.CreateConfig(&config) == mapping.StateError {
		return nil, failure{Code: codeInternal}
	}
	defer mapping.DestroyConfig(&config)
	for _, kv := range closedConfig {
		if mapping.SetConfig(config, kv[0], kv[1]) == mapping.StateError {
			return nil, failure{Code: codeLockdown}
		}
	}
	d := new(db)
	var msg string
	if mapping.OpenExt(":memory:", &d.inst, config, &msg) == mapping.StateError {
		return nil, failure{Code: codeInternal}
	}
	if mapping.Connect(d.inst, &d.conn) == mapping.StateError {
		mapping.Close(&d.inst)
		return nil, failure{Code: codeInternal}
	}
	return d, nil
}

func (d *db) close() {
	mapping.Disconnect(&d.conn)
	mapping.Close(&d.inst)
}

// exec runs one statement and drops its result.
func (d *db) exec(sql string) error {
	var res mapping.Result
	defer mapping.DestroyResult(&res)
	if mapping.Query(d.conn, sql, &res) == mapping.StateError {
		return classify(mapping.ResultErrorType(&res), mapping.ResultError(&res))
	}
	return nil
}

func (d *db) execAll(sqls ...string) error {
	for _, sql := range sqls {
		if err := d.exec(sql); err != nil {
			return err
		}
	}
	return nil
}

// result is a finished query: DuckDB holds all of it, within memory_limit.
type result struct {
	res   mapping.Result
	types []mapping.Type
	names []string
}

func (r *result) close() { mapping.DestroyResult(&r.res) }

// query prepares exactly one statement (DuckDB refuses to prepare more than
// one), binds args as VARCHAR and runs it.
func (d *db) query(sql string, args ...string) (*result, error) {
	var stmt mapping.PreparedStatement
	defer mapping.DestroyPrepare(&stmt)
	if mapping.Prepare(d.conn, sql, &stmt) == mapping.StateError {
		return nil, prepareFailure(mapping.PrepareError(stmt))
	}
	if int(mapping.NParams(stmt)) != len(args) {
		return nil, failure{Code: codePlan}
	}
	for i, a := range args {
		// With the length, so that a NUL byte does not cut the value short.
		if mapping.BindVarcharLength(stmt, mapping.IdxT(i+1), a, mapping.IdxT(len(a))) == mapping.StateError {
			return nil, failure{Code: codePlan}
		}
	}
	r := new(result)
	if mapping.ExecutePrepared(stmt, &r.res) == mapping.StateError {
		defer r.close()
		return nil, classify(mapping.ResultErrorType(&r.res), mapping.ResultError(&r.res))
	}
	for i := range mapping.ColumnCount(&r.res) {
		r.types = append(r.types, mapping.ColumnType(&r.res, i))
		r.names = append(r.names, mapping.ColumnName(&r.res, i))
	}
	return r, nil
}

// chunks calls fn for each vector-sized piece of the result.
func (r *result) chunks(fn func(cols []column, rows int) error) error {
	cols := make([]column, len(r.types))
	for i := range mapping.ResultChunkCount(r.res) {
		if err := r.chunk(i, cols, fn); err != nil {
			return err
		}
	}
	return nil
}

func (r *result) chunk(i mapping.IdxT, cols []column, fn func([]column, int) error) error {
	chunk := mapping.ResultGetChunk(r.res, i)
	if chunk.Ptr == nil {
		return failure{Code: codeInternal}
	}
	defer mapping.DestroyDataChunk(&chunk)
	rows := int(mapping.DataChunkGetSize(chunk))
	for c := range cols {
		cols[c] = readColumn(mapping.DataChunkGetVector(chunk, mapping.IdxT(c)), rows)
	}
	return fn(cols, rows)
}

// oneRow returns the single row of a query of BIGINT columns; NULL is 0.
func (d *db) oneRow(sql string) ([]int64, error) {
	r, err := d.query(sql)
	if err != nil {
		return nil, err
	}
	defer r.close()
	var row []int64
	err = r.chunks(func(cols []column, rows int) error {
		for i, c := range cols {
			if r.types[i] != mapping.TypeBigInt {
				return failure{Code: codeInternal}
			}
			v := int64(0)
			if !c.null(0) {
				v = c.int64(0)
			}
			row = append(row, v)
		}
		return nil
	})
	if err == nil && len(row) != len(r.types) {
		err = failure{Code: codeInternal}
	}
	return row, err
}

// oneInt is oneRow for one column.
func (d *db) oneInt(sql string) (int64, error) {
	row, err := d.oneRow(sql)
	if err != nil {
		return 0, err
	}
	return row[0], nil
}

// ident and text quote a name and a value for SQL.
func ident(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
func text(s string) string  { return `'` + strings.ReplaceAll(s, `'`, `''`) + `'` }
