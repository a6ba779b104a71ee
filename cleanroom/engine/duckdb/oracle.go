package duckdb

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"github.com/marcboeker/go-duckdb/mapping"
)

// Oracle runs statements and then query on plain DuckDB, in a child with the
// run limits but with file access, and returns the answer as text (nil:
// NULL). It is how tests and the demo compare Parley's answers with DuckDB's
// on files that are not secret; a node never calls it. Unlike all else here
// its error quotes DuckDB's message.
func Oracle(ctx context.Context, statements []string, query string) (cols []string, rows [][]*string, err error) {
	e := New(Options{})
	req := request{Op: opOracle, Oracle: &oracleRequest{Statements: statements, Query: query}}
	var buf bytes.Buffer
	done, err := e.call(ctx, e.opts.Run, nil, req, func(frame []byte) error {
		_, err := buf.Write(frame)
		return err
	})
	if err != nil {
		return nil, nil, e.explain(err, e.opts.Run, whatOracle)
	}
	var end oracleEnd
	if err := json.Unmarshal(done, &end); err != nil {
		return nil, nil, errFrame
	}
	if end.Error != "" {
		return nil, nil, oracleError(end.Error)
	}
	in := buf.Bytes()
	for len(in) > 0 && len(end.Columns) > 0 {
		row := make([]*string, len(end.Columns))
		for i := range row {
			if len(in) == 0 {
				return nil, nil, errFrame
			}
			null := in[0] == 1
			in = in[1:]
			if null {
				continue
			}
			var v []byte
			if v, in, err = cutBytes(in); err != nil {
				return nil, nil, err
			}
			s := string(v)
			row[i] = &s
		}
		rows = append(rows, row)
	}
	return end.Columns, rows, nil
}

type oracleEnd struct {
	Columns []string `json:"columns"`
	Error   string   `json:"error,omitempty"`
}

type oracleError string

func (e oracleError) Error() string { return "DuckDB: " + string(e) }

func serveOracle(d *db, req request, out frameWriter) (any, error) {
	if req.Oracle == nil {
		return nil, failure{Code: codeInternal}
	}
	for _, s := range req.Oracle.Statements {
		if msg := d.plain(s); msg != "" {
			return oracleEnd{Error: msg}, nil
		}
	}
	query := strings.TrimRight(strings.TrimSpace(req.Oracle.Query), ";")
	if msg := d.plain("CREATE TEMP TABLE parley_oracle AS " + query); msg != "" {
		return oracleEnd{Error: msg}, nil
	}
	// COLUMNS(*) casts every column to text, whatever its type.
	r, err := d.query("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM parley_oracle ORDER BY rowid")
	if err != nil {
		return nil, err
	}
	defer r.close()
	b := batch{out: out}
	err = r.chunks(func(cols []column, rows int) error {
		for i := range rows {
			for _, c := range cols {
				if c.null(i) {
					b.buf = append(b.buf, 1)
				} else {
					b.buf = appendBytes(append(b.buf, 0), c.bytes(i))
				}
			}
			if err := b.rowDone(); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = b.flush()
	}
	return oracleEnd{Columns: r.names}, err
}

// plain runs a statement and returns DuckDB's message if it fails.
func (d *db) plain(sql string) string {
	var res mapping.Result
	defer mapping.DestroyResult(&res)
	if mapping.Query(d.conn, sql, &res) == mapping.StateError {
		return mapping.ResultError(&res)
	}
	return ""
}
