// Package sqltest lends DuckDB's parser and an in-memory DuckDB to tests of
// the analyst's language. Production code never imports it: there the parser
// runs in a limited child process.
package sqltest

import (
	"context"
	"database/sql"
	"fmt"

	// The driver registers itself under the name duckdb.
	_ "github.com/marcboeker/go-duckdb/v2"
)

// DB is an in-memory DuckDB. It satisfies analysis.Parser.
type DB struct{ *sql.DB }

// Open starts an in-memory DuckDB with one connection.
func Open() (*DB, error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return nil, fmt.Errorf("open duckdb: %w", err)
	}
	db.SetMaxOpenConns(1)
	return &DB{db}, nil
}

// Parse returns DuckDB's serialised syntax tree of text, as JSON. A syntax
// error is in the tree.
func (d *DB) Parse(ctx context.Context, text string) ([]byte, error) {
	var tree string
	row := d.QueryRowContext(ctx, "SELECT CAST(json_serialize_sql(?::VARCHAR) AS VARCHAR)", text)
	if err := row.Scan(&tree); err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	return []byte(tree), nil
}
