package enginetest

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"parley/agreements"
	"parley/analysis/plan"
	"parley/cleanroom/engine"
)

func testParse(t *testing.T, e engine.Engine) {
	for sql, wantError := range map[string]bool{
		"SELECT a, count(*) FROM t WHERE b = $x GROUP BY a": false,
		"SELECT 'it''s ünï'":                                false,
		"SELECT 1 +":                                        true,
	} {
		tree, err := e.Parse(t.Context(), sql)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		var got struct{ Error bool }
		if err := json.Unmarshal(tree, &got); err != nil || got.Error != wantError {
			t.Errorf("%s: error = %v (%v), want %v", sql, got.Error, err, wantError)
		}
	}
	if _, err := e.Parse(t.Context(), "SELECT 1\x00; SELECT 2"); err == nil {
		t.Error("SQL with a NUL byte was parsed")
	}
	if _, err := e.Parse(t.Context(), strings.Repeat(" ", 70000)); err == nil {
		t.Error("70,000 bytes were parsed")
	}
}

// allTypes is a table in every type of the language.
var allTypes = rules(agreements.NormExact,
	agreements.Column{Name: "city", Type: agreements.Text, Nullable: true},
	agreements.Column{Name: "n", Type: agreements.Integer, Nullable: true},
	agreements.Column{Name: "price", Type: agreements.Decimal, Scale: 2, Nullable: true},
	agreements.Column{Name: "day", Type: agreements.Date, Nullable: true},
	agreements.Column{Name: "ok", Type: agreements.Boolean, Nullable: true})

var everything = plan.Local{
	SQL: `SELECT parley_unit, city, CAST(day AS VARCHAR), CAST(ok AS VARCHAR), n, CAST(price * 100 AS BIGINT)
		FROM data WHERE city IS DISTINCT FROM CAST($1 AS VARCHAR)`,
	Args: []string{"Nowhere"}, Groups: make([]plan.Group, 3), Measures: make([]plan.Measure, 2),
}

// testFormats imports the same rows from every format, the same answer each.
func testFormats(t *testing.T, e engine.Engine) {
	dir := t.TempDir()
	at := func(name string) string { return "'" + filepath.Join(dir, name) + "'" }
	_, err := PlainQuery(t.Context(), []string{
		`CREATE TABLE t AS SELECT * FROM (VALUES
			('a', 'Köln', 1, 1.25::DECIMAL(9,2), DATE '2024-02-29', true, 'secret'),
			('b', NULL, NULL, NULL, NULL, NULL, 'secret'),
			('a', 'Köln', -3, 0.10, DATE '2024-02-29', true, 'secret'),
			('c', 'Nowhere', 9, 9.99, DATE '1999-12-31', false, 'secret'),
			('longer than twelve bytes', 'also longer than twelve', 5, 7, DATE '0099-01-01', false, 'secret'),
			(NULL, 'x', 1, 1, NULL, true, 'secret'))
			v(id, city, n, price, day, ok, more)`,
		"COPY t TO " + at("t.csv") + " (HEADER)", "COPY t TO " + at("t.csv.gz") + " (HEADER)",
		"COPY t TO " + at("t.parquet"), "COPY t TO " + at("t.json"),
		"ATTACH " + at("t.duckdb") + " AS f", `CREATE TABLE f."my table" AS FROM t`, "DETACH f",
	}, "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"t.csv", "t.csv.gz", "t.parquet", "t.json", "t.duckdb"} {
		format := strings.Split(name, ".")[1]
		in := engine.Import{Source: filepath.Join(dir, name), Format: format, Table: "my table",
			Rules: allTypes, Target: filepath.Join(dir, name+".snapshot"), Key: key(t)}
		done, err := e.Import(t.Context(), in)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if done.Rows != 5 || done.Units != 4 || done.DroppedUnits != 1 || done.MaxRows != 2 {
			t.Errorf("%s: %+v", name, done)
		}
		s := engine.Snapshot{Path: in.Target, Key: in.Key, Version: done.Version}
		got, err := joint(t.Context(), e, s, everything)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		equal(t, got, []string{
			"a|Köln|2024-02-29|true|2|-2|2|135|2",
			"b|NULL|NULL|NULL|1|0|0|0|0",
			"longer than twelve bytes|also longer than twelve|0099-01-01|false|1|5|1|700|1",
		})
	}
}

func testNormalisation(t *testing.T, e engine.Engine) {
	sha := strings.Repeat("aB", 32)
	for _, test := range []struct {
		unit    agreements.Unit
		in      []string
		want    []string // units, sorted
		dropped int64
	}{
		{agreements.Unit{Normalisation: agreements.NormExact},
			[]string{"A", " A", "a ", "00017", `""`}, []string{" A", "00017", "A", "a "}, 1},
		{agreements.Unit{Normalisation: agreements.NormEmail},
			[]string{" Ann@Example.COM ", "ann@example.com", "\u00a0ÄRGER@x.de", "n/a", "a@b@c", "@x", "x@", "a b@c.d", "a@b.c\t"},
			[]string{"ann@example.com", "ärger@x.de"}, 6},
		{agreements.Unit{Normalisation: agreements.NormPhone, Region: "DE"},
			[]string{"0151 12345678", "+49 (151) 123-456-78", "004915112345678", "+1 650 253 0000", "12", "call me", "+999123456789"},
			[]string{"+16502530000", "+4915112345678"}, 3},
		{agreements.Unit{Normalisation: agreements.NormSHA256},
			[]string{sha, strings.ToLower(sha), sha[1:], sha + "0", "zz" + sha[2:]},
			[]string{strings.Repeat("\xab", 32)}, 3},
	} {
		t.Run(string(test.unit.Normalisation), func(t *testing.T) {
			r := rules(test.unit.Normalisation)
			r.Unit.Region = test.unit.Region
			s, done := load(t, e, r, "id,x\n"+strings.Join(test.in, ",1\n")+",1\n,1\n")
			var want []string
			for _, u := range test.want {
				want = append(want, hex.EncodeToString([]byte(u)))
			}
			equal(t, units(t, e, s), want)
			if done.DroppedUnits != test.dropped+1 || done.Rows != int64(len(test.in))-test.dropped {
				t.Errorf("imported %+v, want %d dropped", done, test.dropped+1)
			}
		})
	}
	t.Run("plain DuckDB", func(t *testing.T) { testPlainEmail(t, e) })
}

// testPlainEmail checks that ASCII addresses normalise as lower(trim(x)) does.
func testPlainEmail(t *testing.T, e engine.Engine) {
	var raw []string
	for i := range 500 {
		raw = append(raw, fmt.Sprintf("%s%cUser.%d+Tag@%cExample-%d.ORG%s",
			strings.Repeat(" ", i%3), 'a'+i%26, i%50, 'A'+i%20, i%7, strings.Repeat(" ", i%2)))
	}
	csv := "id\n" + strings.Join(raw, "\n") + "\n"
	s, _ := load(t, e, rules(agreements.NormEmail), csv)
	rows, err := PlainQuery(t.Context(), nil, fmt.Sprintf(
		"SELECT DISTINCT lower(hex(encode(lower(trim(id))))) u FROM read_csv('%s', header = true) ORDER BY u", write(t, "in.csv", csv)))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, r := range rows {
		want = append(want, r[0])
	}
	equal(t, units(t, e, s), want)
}

// testConversion pins what a value becomes.
func testConversion(t *testing.T, e engine.Engine) {
	s, _ := load(t, e, allTypes, "id,city,n,price,day,ok\n"+
		"1, spaced ,+7,0.125,2024-01-02,yes\n"+
		"2,\"two\nlines\",-9223372036854775808,-0.125,2024-01-02 23:59:59,F\n"+
		"3,c,9223372036854775807,1e3,2024-01-02,0\n")
	got, err := joint(t.Context(), e, s, everything)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, []string{
		"1| spaced |2024-01-02|true|1|7|1|13|1",
		"2|two\nlines|2024-01-02|false|1|-9223372036854775808|1|-13|1",
		"3|c|2024-01-02|false|1|9223372036854775807|1|100000|1",
	})
}

// testDialects: the header decides the separator; line ends, a byte-order mark
// and quoted separators and line ends make no difference.
func testDialects(t *testing.T, e engine.Engine) {
	r := rules(agreements.NormExact, agreements.Column{Name: "a b", Type: agreements.Text, Nullable: true})
	l := plan.Local{SQL: `SELECT parley_unit, "a b" FROM data`, Groups: make([]plan.Group, 1)}
	for _, csv := range []string{
		"id,a b\nx,\"1;\n2\"\ny,\n", "\ufeffid;\"a b\"\nx;\"1;\n2\"\ny;\n", "other\tA B\tID\n\"\"\t\"1;\n2\"\tx\nq\t\ty",
		"id|a b|c,d\nx|\"1;\n2\"|,\ny||\n",
	} {
		for _, end := range []string{"\n", "\r\n"} {
			text := strings.ReplaceAll(csv, "\n", end)
			s, _ := load(t, e, r, text)
			got, err := joint(t.Context(), e, s, l)
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			equal(t, got, []string{"x|1;" + end + "2|1", "y|NULL|1"})
		}
	}
}

func testOneOwner(t *testing.T, e engine.Engine) {
	s, _ := load(t, e, allTypes, "id,city,n,price,day,ok\na,X,1,,,\na,X,2,,,\nb,X,,,,\nc,,5,,,\n")
	l := plan.Local{
		SQL: `SELECT city, count(DISTINCT parley_unit), count(*), CAST(sum(n) AS VARCHAR), count(n),
			count(DISTINCT parley_unit) FILTER (n IS NOT NULL), count(DISTINCT parley_unit) FILTER (n IS NULL) FROM data GROUP BY city ORDER BY city NULLS LAST`,
		Groups: make([]plan.Group, 1), Measures: make([]plan.Measure, 1),
	}
	got, err := oneOwner(t.Context(), e, s, l)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, []string{"|X|2|3|3|2|1|1", "|NULL|1|1|5|1|1|0"})

	l.SQL = strings.Replace(l.SQL, "sum(n)", "sum(n) * 9223372036854775807", 1)
	// Whether a sum passes 64 bits must not decide whether the run fails.
	if got, err = oneOwner(t.Context(), e, s, l); err != nil {
		t.Fatal(err)
	}
	equal(t, got, []string{"|X|2|3|NULL|2|1|1", "|NULL|1|1|NULL|1|1|0"})
	p, err := e.Profile(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if p.Rows != 4 || p.Units != 3 || len(p.Columns) != 5 {
		t.Fatalf("profile %+v", p)
	}
	if want := (engine.ColumnProfile{Name: "n", Type: "BIGINT", Nulls: 1, Distinct: 3, Min: "1", Max: "5"}); p.Columns[1] != want {
		t.Errorf("got %+v, want %+v", p.Columns[1], want)
	}
}
