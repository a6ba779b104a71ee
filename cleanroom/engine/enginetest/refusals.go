package enginetest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"parley/agreements"
	"parley/analysis/plan"
	"parley/cleanroom/engine"
)

// testRefusals pins the exact text an owner sees; no text holds a value.
func testRefusals(t *testing.T, e engine.Engine) {
	strict := rules(agreements.NormExact,
		agreements.Column{Name: "n", Type: agreements.Integer, Min: "0", Max: "10"},
		agreements.Column{Name: "price", Type: agreements.Decimal, Scale: 2, Nullable: true, Min: "-1.50"},
		agreements.Column{Name: "kind", Type: agreements.Text, Nullable: true, Domain: []string{"x", "y"}},
		agreements.Column{Name: "day", Type: agreements.Date, Nullable: true},
		agreements.Column{Name: "ok", Type: agreements.Boolean, Nullable: true})
	const head = "importing the dataset: some values do not fit the contract; correct the file or the contract, then import again\n"
	for _, test := range []struct{ name, rows, want string }{
		{"casts", "a,1.5,1,x,2024-02-30,maybe\nb,2,NaN,x,,\nc,1_0,1,x,infinity,\n", head +
			"  column \"n\": 2 rows not a whole number of 64 bits (rows 1, 3)\n" +
			"  column \"price\": 1 row not a decimal number of at most 16 digits before the point (row 2)\n" +
			"  column \"day\": 2 rows not a date such as 2024-01-31 (rows 1, 3)\n" +
			"  column \"ok\": 1 row not true or false (row 1)"},
		{"bounds", "a,11,-1.51,x,,\nb,-1,1,x,,\n", head +
			"  column \"n\": 2 rows outside 0 … 10 (rows 1, 2)\n" +
			"  column \"price\": 1 row under the minimum -1.50 (row 1)"},
		{"domain", "a,1,1,canary-value,,\nb,1,1,,,\n", head +
			"  column \"kind\": 1 row not in the declared domain (row 1)"},
		{"nulls", strings.Repeat("a,,1,x,,\n", 7), head +
			"  column \"n\": 7 rows empty although the contract says required (rows 1, 2, 3, 4, 5, …)"},
		{"no keys", ",1,1,x,,\n", "importing the dataset: no row has a usable join key; check the contract's joinKey column and its normalisation"},
		{"torn", "a,1,1,x,,\nb,1\n", "importing the dataset: the file is not well-formed CSV at line 3"},
		{"many", strings.Repeat("a,1,1,x,,\n", 1001), "importing the dataset: one unit has 1001 rows, more than the contract's maxRowsPerUnit allows; set maxRowsPerUnit to at least 1001, or remove repeated rows"},
	} {
		t.Run(test.name, func(t *testing.T) {
			refuse(t, e, engine.Import{Source: write(t, "in.csv", "id,n,price,kind,day,ok\n"+test.rows), Format: "csv", Rules: strict}, test.want)
		})
	}
	t.Run("column", func(t *testing.T) {
		refuse(t, e, engine.Import{Source: write(t, "in.csv", "id,n\na,1\n"), Format: "csv", Rules: strict},
			`importing the dataset: the file has no column "price", which the contract names`)
	})
	t.Run("ignored", func(t *testing.T) {
		// A row without a usable key is left out before its values are checked.
		if _, done := load(t, e, strict, "id,n,price,kind,day,ok\n,bad,bad,bad,bad,bad\na,1,1,x,,\n"); done.Rows != 1 || done.DroppedUnits != 1 {
			t.Errorf("%+v", done)
		}
	})
}

// refuse checks that an import fails with an exact text and leaves no file.
func refuse(t *testing.T, e engine.Engine, in engine.Import, want string) {
	t.Helper()
	dir := t.TempDir()
	in.Target, in.Key = filepath.Join(dir, "snapshot"), key(t)
	_, err := e.Import(t.Context(), in)
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("files left behind: %v", left)
	}
}

// testSources is R62 and R27 for the owner's file.
func testSources(t *testing.T, e engine.Engine) {
	file := write(t, "in.csv", "id\na\n")
	dir := filepath.Dir(file)
	link, fifo := filepath.Join(dir, "link"), filepath.Join(dir, "fifo")
	if err := errors.Join(os.Symlink(file, link), syscall.Mkfifo(fifo, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ source, format, want string }{
		{"http://169.254.169.254/x.csv", "csv", "is a URL"},
		{"s3://bucket/x.csv", "csv", "is a URL"},
		{filepath.Join(dir, "*.csv"), "csv", "is a pattern"},
		{file + "\x00.csv", "csv", "NUL byte"},
		{link, "csv", "is a symbolic link"},
		{fifo, "csv", "is not a regular file"},
		{dir, "csv", "is not a regular file"},
		{filepath.Join(dir, "none.csv"), "csv", "no such file"},
		{file, "xlsx", `format "xlsx" is not supported`},
		{file, "parquet", "cannot be read in the format"},
		{file, "duckdb", "must name the table"},
		{"", "csv", "no file is named"},
	} {
		_, err := e.Import(t.Context(), engine.Import{Source: test.source, Format: test.format,
			Rules: rules(agreements.NormExact), Target: filepath.Join(t.TempDir(), "s"), Key: key(t)})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q as %s: %v, want %q", test.source, test.format, err, test.want)
		}
	}
	t.Run("view", func(t *testing.T) { testViewSource(t, e, file) })
}

// testViewSource: a DuckDB file whose table is a view over another file.
func testViewSource(t *testing.T, e engine.Engine, victim string) {
	db := filepath.Join(t.TempDir(), "evil.duckdb")
	_, err := PlainQuery(t.Context(), []string{
		"ATTACH '" + db + "' AS f", "USE f", "CREATE VIEW v AS SELECT * FROM '" + victim + "'", "USE memory", "DETACH f",
	}, "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	refuse(t, e, engine.Import{Source: db, Format: "duckdb", Table: "v", Rules: rules(agreements.NormExact)},
		"importing the dataset: the DuckDB file has no such table, or it is not a plain table of that file")
}

// testShapes: an answer that is not what plan.Local promises is refused.
func testShapes(t *testing.T, e engine.Engine) {
	s, _ := load(t, e, allTypes, "id,city,n,price,day,ok\na,X,1,,,\n")
	for _, test := range []struct {
		sql  string
		args []string
		want string
	}{
		{"SELECT parley_unit FROM data", nil, "columns are not those"},
		{"SELECT parley_unit, 1 FROM data", nil, "columns are not those"},
		{"SELECT parley_unit, city FROM data", nil, "columns are not those"},
		{"SELECT n, n FROM data", nil, "columns are not those"},
		{"SELECT 'a'::BLOB, n FROM data", nil, "columns are not those"},
		{"SELECT NULL::UINTEGER, n FROM data", nil, "columns are not those"},
		{"SELECT unnest([2, 1])::UINTEGER, 1::BIGINT FROM data", nil, "damaged"},
		{"SELECT parley_unit, unnest([9223372036854775807, 1]) FROM data", nil, "exceeds 64 bits"},
		{"SELECT parley_unit, n FROM data", []string{"unused"}, "does not accept"},
		{"SELECT parley_unit, n FROM data WHERE n = $1", nil, "does not accept"},
		{"SELECT parley_unit, 1::BIGINT FROM data; SELECT parley_unit, 2::BIGINT FROM data", nil, ""},
		{"SELECT parley_unit, CAST(city AS BIGINT) FROM data", nil, "does not fit"},
		{"SELECT parley_unit, error(city) FROM data", nil, ""},
		{"SELECT parley_unit, city FROM nowhere", nil, "does not accept"},
	} {
		_, err := joint(t.Context(), e, s, plan.Local{SQL: test.sql, Args: test.args, Measures: make([]plan.Measure, 1)})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.sql, err, test.want)
		} else if strings.Contains(err.Error(), "X") {
			t.Errorf("%s: the error holds a value: %v", test.sql, err)
		}
	}
	// R24: a parameter is a value, whatever it looks like.
	evil := plan.Local{SQL: "SELECT parley_unit FROM data WHERE city = CAST($1 AS VARCHAR)",
		Args: []string{"' OR 1=1; DROP TABLE data --\x00"}}
	if rows, err := joint(t.Context(), e, s, evil); err != nil || len(rows) != 0 {
		t.Errorf("parameter injection: %q, %v", rows, err)
	}
	evil.Args[0] = strings.Repeat("x", 10<<20)
	if rows, err := joint(t.Context(), e, s, evil); err != nil || len(rows) != 0 {
		t.Errorf("10 MB parameter: %d rows, %v", len(rows), err)
	}
}
