package result

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/ipc"

	"parley/agreements"
	"parley/analysis/release"
	"parley/cleanroom/audit"
	"parley/cleanroom/engine/duckdb"
)

func text(s string) release.Value { return release.Value{Text: s} }

var null = release.Value{Null: true}

// answer has every type, its extremes, NULL in every column, and text that a
// spreadsheet would run (R63).
func answer() *Answer {
	return &Answer{Title: `=cmd|'/c calc'!A1`, ReceiptHash: strings.Repeat("ab", 32),
		Receipt: audit.Receipt{Run: "r1", Agreement: "sha256:" + strings.Repeat("cd", 32), Question: "SELECT 1", PlanHash: strings.Repeat("ef", 32),
			DP: "none", Finished: time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC),
			Datasets: []audit.ReceiptDataset{{Name: "orders", Owner: "shop", Version: "sha256:" + strings.Repeat("12", 32)}}},
		Table: &release.Table{MinGroupSize: 50, Withheld: release.Withheld{Is: release.AtMost, Count: 3},
			Columns: []release.Column{
				{Name: "label", Type: agreements.Text}, {Name: "n", Type: agreements.Integer}, {Name: "huge", Type: agreements.Integer},
				{Name: "-total", Type: agreements.Decimal, Scale: 2}, {Name: "mean", Type: release.Double},
				{Name: "day", Type: agreements.Date}, {Name: "yes", Type: agreements.Boolean}},
			Rows: [][]release.Value{
				{text("=1+1"), text("9223372036854775807"), text("170141183460469231731687303715884105"), text("-0.07"), text("0.1"), text("1969-12-31"), text("true")},
				{text("@SUM(A1)\n\"x\", y"), text("-9223372036854775808"), text("-1"), text("99999999999999999.99"), text("-1e+300"), text("2024-02-29"), text("false")},
				{null, null, null, null, null, null, null},
				{text("Ärger \u202e"), text("0"), text("0"), text("0.00"), text("0"), text("9999-12-31"), text("true")},
			}}}
}

func write(t *testing.T, a *Answer, format string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "answer."+format)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Write(f, format); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func oracle(t *testing.T, query string) [][]*string {
	t.Helper()
	_, rows, err := duckdb.Oracle(t.Context(), nil, query)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func lines(rows [][]*string) (out []string) {
	for _, r := range rows {
		line := make([]string, len(r))
		for i, v := range r {
			line[i] = "NULL"
			if v != nil {
				line[i] = *v
			}
		}
		out = append(out, strings.Join(line, "|"))
	}
	return out
}

// values is what every typed format must give back.
var values = []string{
	"=1+1|9223372036854775807|170141183460469231731687303715884105|-0.07|0.1|1969-12-31|true",
	"@SUM(A1)\n\"x\", y|-9223372036854775808|-1|99999999999999999.99|-1e+300|2024-02-29|false",
	"NULL|NULL|NULL|NULL|NULL|NULL|NULL",
	"Ärger \u202e|0|0|0.00|0.0|9999-12-31|true",
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestParquet(t *testing.T) {
	t.Parallel()
	path := write(t, answer(), "parquet")
	same(t, "values", lines(oracle(t, "SELECT * FROM read_parquet('"+path+"')")), values)
	same(t, "types", lines(oracle(t, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet('"+path+"'))")),
		[]string{"label|VARCHAR", "n|BIGINT", "huge|DECIMAL(38,0)", "-total|DECIMAL(38,2)", "mean|DOUBLE", "day|DATE", "yes|BOOLEAN"})
	meta := lines(oracle(t, "SELECT decode(key), decode(value) FROM parquet_kv_metadata('"+path+"')"))
	keys, vals, err := answer().metadata()
	if err != nil {
		t.Fatal(err)
	}
	for i := range keys {
		if !slices.Contains(meta, keys[i]+"|"+vals[i]) {
			t.Errorf("the file does not say %s = %q: %q", keys[i], vals[i], meta)
		}
	}
	if !slices.Contains(meta, "parley.withheld|at most 3") || !slices.Contains(meta, "parley.run|r1") {
		t.Errorf("metadata: %q", meta)
	}
}

// A file says which datasets' owners could not compare the question with all
// earlier ones, and nothing where they could.
func TestParquetUnchecked(t *testing.T) {
	t.Parallel()
	for _, unchecked := range [][]string{nil, {"ads"}, {"ads", "orders"}} {
		a := answer()
		a.Table.Unchecked = unchecked
		path := write(t, a, "parquet")
		got := lines(oracle(t, "SELECT decode(value) FROM parquet_kv_metadata('"+path+"') WHERE decode(key) = 'parley.unchecked'"))
		var want []string
		if len(unchecked) > 0 {
			want = []string{strings.Join(unchecked, " ")}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: the file says %q", unchecked, got)
		}
	}
}

func TestArrow(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(write(t, answer(), "arrow"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := ipc.NewFileReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var types, got []string
	for _, field := range f.Schema().Fields() {
		types = append(types, field.Name+"|"+field.Type.String())
	}
	same(t, "types", types, []string{"label|utf8", "n|int64", "huge|decimal(38, 0)", "-total|decimal(38, 2)", "mean|float64", "day|date32", "yes|bool"})
	record, err := f.RecordBatch(0)
	if err != nil || f.NumRecords() != 1 {
		t.Fatal(err)
	}
	for row := range int(record.NumRows()) {
		var line []string
		for _, c := range record.Columns() {
			s := c.ValueStr(row)
			if c.IsNull(row) {
				s = "NULL"
			}
			line = append(line, s)
		}
		got = append(got, strings.Join(line, "|"))
	}
	want := slices.Clone(values)
	want[3] = strings.Replace(want[3], "0.00|0.0", "0|0", 1) // the library's way to print them
	same(t, "values", got, want)
	if at := f.Schema().Metadata().FindKey("parley.agreement"); at < 0 || f.Schema().Metadata().Values()[at] != answer().Receipt.Agreement {
		t.Errorf("metadata: %s", f.Schema().Metadata())
	}
}

// An answer without rows is a file with columns.
func TestNoRows(t *testing.T) {
	t.Parallel()
	a := answer()
	a.Table.Rows = nil
	for _, format := range Formats() {
		path := write(t, a, format)
		if format == "parquet" {
			same(t, "rows", lines(oracle(t, "SELECT COUNT(*) FROM read_parquet('"+path+"')")), []string{"0"})
		}
	}
}

// The intervals of noisy values are columns of their own.
func TestNoise(t *testing.T) {
	t.Parallel()
	a := answer()
	a.Table.Noise = "epsilon 1"
	for _, column := range []int{1, 3, 4} {
		a.Table.Columns[column].Noisy = true
		for _, r := range a.Table.Rows {
			if !r[column].Null {
				r[column].PlusMinus = map[int]string{1: "12", 3: "0.75", 4: "0.125"}[column]
			}
		}
	}
	path := write(t, a, "parquet")
	same(t, "parquet", lines(oracle(t, "SELECT COLUMNS('.*±.*') FROM read_parquet('"+path+"')")),
		[]string{"12|0.75|0.125", "12|0.75|0.125", "NULL|NULL|NULL", "12|0.75|0.125"})
	b, err := os.ReadFile(write(t, a, "arrow"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := ipc.NewFileReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n := len(f.Schema().Fields()); n != len(a.Table.Columns)+3 {
		t.Errorf("%d columns: %s", n, f.Schema())
	}
}

func TestCSV(t *testing.T) {
	t.Parallel()
	path := write(t, answer(), "csv")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "label,n,huge,'-total,mean,day,yes\n" +
		"'=1+1,9223372036854775807,170141183460469231731687303715884105,-0.07,0.1,1969-12-31,true\n" +
		"\"'@SUM(A1)\n\"\"x\"\", y\",-9223372036854775808,-1,99999999999999999.99,-1e+300,2024-02-29,false\n" +
		",,,,,,\nÄrger \u202e,0,0,0.00,0,9999-12-31,true\n"
	if string(b) != want {
		t.Errorf("got\n%s\nwant\n%s", b, want)
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(write(t, answer(), "json"))
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var got struct {
		Run       string
		Agreement struct{ ID, Title string }
		Datasets  []audit.ReceiptDataset
		Receipt   string
		Withheld  release.Withheld
		Rows      []map[string]any
	}
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	a := answer()
	if got.Run != "r1" || got.Agreement.ID != a.Receipt.Agreement || got.Agreement.Title != a.Title || got.Receipt != a.ReceiptHash ||
		!slices.Equal(got.Datasets, a.Receipt.Datasets) || got.Withheld != a.Table.Withheld {
		t.Errorf("got %+v", got)
	}
	if s := fmt.Sprintf("%v %v %v %v", got.Rows[0]["huge"], got.Rows[1]["-total"], got.Rows[2]["n"], got.Rows[0]["yes"]); s !=
		"170141183460469231731687303715884105 99999999999999999.99 <nil> true" {
		t.Errorf("rows: %s", s)
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(write(t, answer(), "table"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Withheld: at most 3 groups (minimum group size 50)",
		"Run r1 of 2031-02-03T04:05:06Z under \"=cmd|'/c calc'!A1\" (agreement cdcdcdcdcdcd).",
		"Dataset orders of shop, version 121212121212.",
		"Receipt abab",
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the text does not say %q:\n%s", want, b)
		}
	}
}

// A value that is not of its column's type is refused, never changed.
func TestWrongValues(t *testing.T) {
	t.Parallel()
	for column, bad := range map[int]string{2: "12345678901234567890123456789012345678901", 3: "0.001", 4: "much", 5: "2024-02-30", 6: "perhaps"} {
		for _, format := range []string{"arrow", "parquet"} {
			a := answer()
			a.Table.Rows[0][column] = text(bad)
			if err := a.Write(&bytes.Buffer{}, format); err == nil {
				t.Errorf("%s: %q became a %s", format, bad, a.Table.Columns[column].Type)
			}
		}
	}
	if err := answer().Write(&bytes.Buffer{}, "xlsx"); err == nil || err.Error() != `the format "xlsx" is not known; use table, csv, json, arrow, parquet` {
		t.Errorf("got %v", err)
	}
}
