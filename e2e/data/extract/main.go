// Command extract makes flights-sample.parquet, the committed extract of the
// flights of January to June 2001, from the full file that fetch.sh brings:
//
//	go run ./e2e/data/extract -from e2e/data/flights-3m.parquet -to e2e/data/flights-sample.parquet
//
// The rows kept are those whose row number has the smallest MD5, so that the
// choice depends on nothing but the source file; the order (route, then time)
// makes the file small. One thread and fixed writer settings make the same
// DuckDB release write the same bytes.
package main

import (
	"database/sql"
	"flag"
	"fmt"
	"os"
	"strings"

	_ "github.com/marcboeker/go-duckdb/v2"
)

// rows is how many flights the extract keeps: about 1.9 MB.
const rows = 500_000

const statement = `
COPY (
  SELECT date, delay, distance, origin, destination
  FROM (
    SELECT * FROM read_parquet(%s, file_row_number = true)
    ORDER BY md5(CAST(file_row_number AS VARCHAR))
    LIMIT %d
  )
  ORDER BY origin, destination, date, delay, distance
) TO %s (FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd,
         COMPRESSION_LEVEL 22, ROW_GROUP_SIZE 1000000)`

func main() {
	from := flag.String("from", "e2e/data/flights-3m.parquet", "the full `file`")
	to := flag.String("to", "e2e/data/flights-sample.parquet", "the extract to write")
	flag.Parse()
	if err := extract(*from, *to); err != nil {
		fmt.Fprintln(os.Stderr, "extract:", err)
		os.Exit(1)
	}
}

func extract(from, to string) error {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // the setting below belongs to the one connection
	if _, err := db.Exec("SET threads = 1"); err != nil {
		return err
	}
	_, err = db.Exec(fmt.Sprintf(statement, quote(from), rows, quote(to)))
	return err
}

// quote writes s as an SQL text literal: COPY takes no bound file name.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
