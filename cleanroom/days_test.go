package cleanroom_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/engine/duckdb"
)

// timed is a dataset of a test with a date. Columns are email (the unit), day
// (filter), grp (dimension and filter) and amount (measure, may be missing).
type timed struct {
	name    string
	public  bool
	maxRows int
	counted int    // rowsPerUnit; 0: not said
	domain  string // of grp; empty: not declared
	rows    []string
}

func (d timed) contract() string {
	domain := ""
	if d.domain != "" {
		domain = "\n          - {property: domain, value: [" + d.domain + "]}"
	}
	counted := ""
	if d.counted > 0 {
		counted = fmt.Sprintf("\n  - {property: rowsPerUnit, value: %d}", d.counted)
	}
	return fmt.Sprintf(`apiVersion: v3.1.0
kind: DataContract
id: test-%[1]s
name: %[1]s
version: 1.0.0
status: active
description: {purpose: "Testing."}
servers: [{server: file, type: local, path: %[1]s.csv, format: csv}]
schema:
  - name: %[1]s
    properties:
      - name: email
        logicalType: string
        customProperties:
          - {property: roomRole, value: joinKey}
          - {property: normalisation, value: email/v1}
      - name: day
        logicalType: date
        customProperties:
          - {property: roomRole, value: [dimension, filter]}
      - name: grp
        logicalType: string
        required: true
        customProperties:
          - {property: roomRole, value: [dimension, filter]}%[2]s
      - name: amount
        logicalType: number
        logicalTypeOptions: {minimum: -10, maximum: 100}
        customProperties:
          - {property: roomRole, value: [measure, filter]}
          - {property: scale, value: 2}
customProperties:
  - {property: maxRowsPerUnit, value: %[3]d}%[5]s
  - {property: adHoc, value: true}
  - {property: publicData, value: %[4]t}
`, d.name, domain, d.maxRows, d.public, counted)
}

// add imports the dataset at a node and returns a statement that makes it a
// table of plain DuckDB.
func (d timed) add(t testing.TB, m *cleanroomtest.Member) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, d.name+".csv")
	if err := os.WriteFile(path, []byte("email,day,grp,amount\n"+strings.Join(d.rows, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m.Add(t, d.contract(), dir)
	return fmt.Sprintf("CREATE TABLE %s AS SELECT * FROM read_csv('%s', header = true, "+
		"columns = {email: 'VARCHAR', day: 'DATE', grp: 'VARCHAR', amount: 'DECIMAL(18,2)'})", d.name, path)
}

// dayRow is one row: day is counted from 2024-01-01, -1 is none.
func dayRow(who string, day int, grp string, cents int) string {
	date := ""
	if day >= 0 {
		date = time.Date(2024, 1, 1+day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	}
	return fmt.Sprintf("%s@example.com,%s,%s,%d.%02d", who, date, grp, cents/100, cents%100)
}

// timedRows draws rows of units: up to most each, on days 0 … days−1.
func timedRows(r *rand.Rand, prefix string, units, most, days int, groups ...string) []string {
	var out []string
	for u := range units {
		for range 1 + r.IntN(most) {
			day := r.IntN(days)
			if r.IntN(20) == 0 {
				day = -1
			}
			row := dayRow(prefix+strconv.Itoa(u), day, groups[r.IntN(len(groups))], r.IntN(10_000))
			if r.IntN(8) == 0 {
				row = row[:strings.LastIndexByte(row, ',')+1] // no amount
			}
			out = append(out, row)
		}
	}
	return out
}

// answer is the table of a run.
type answer struct {
	Rows     [][]*string `json:"rows"`
	Withheld struct{ Count int }
}

func answerOf(t testing.TB, m *cleanroomtest.Member, agreement, sql string) answer {
	t.Helper()
	var a answer
	if err := json.Unmarshal(ask(t, m, agreement, sql).Result, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// sameRows compares an answer with plain DuckDB's: numbers within relative, or
// exactly if their texts are equal.
func sameRows(t testing.TB, sql string, got, want [][]*string, relative float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s\n%d rows, DuckDB has %d", sql, len(got), len(want))
		return
	}
	for i := range want {
		for c := range want[i] {
			if !sameValue(got[i][c], want[i][c], relative) {
				t.Errorf("%s\nrow %d, column %d: %s, DuckDB has %s", sql, i, c, shown(got[i][c]), shown(want[i][c]))
			}
		}
	}
}

func sameValue(a, b *string, relative float64) bool {
	if a == nil || b == nil || *a == *b {
		return a == b || a != nil && b != nil
	}
	x, err := strconv.ParseFloat(*a, 64)
	y, also := strconv.ParseFloat(*b, 64)
	return err == nil && also == nil && math.Abs(x-y) <= relative*math.Max(math.Abs(x), math.Abs(y))
}

func shown(s *string) string {
	if s == nil {
		return "NULL"
	}
	return *s
}

// timedPair is two nodes with exposures and orders that share people.
func timedPair(t testing.TB, public bool, ads, orders timed) (agency, shop *cleanroomtest.Member, agreement string, statements []string) {
	t.Helper()
	agency, shop = cleanroomtest.Start(t, "agency"), cleanroomtest.Start(t, "shop")
	ads.name, orders.name = "exposures", "orders"
	ads.public, orders.public = public, public
	statements = []string{ads.add(t, agency), orders.add(t, shop)}
	k := 2
	if !public {
		k = 10
	}
	return agency, shop, cleanroomtest.Agree(t, k, agency, shop), statements
}

const within = ` AND o.day BETWEEN DATE '2024-01-01' AND DATE '2024-01-30'`

// TestDaysEqualDuckDB asks questions with a condition on the days between an
// exposure and an order, of units with several of both, and compares with
// plain DuckDB on the same text.
func TestDaysEqualDuckDB(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(4, 2))
	ads := timed{maxRows: 6, rows: timedRows(r, "p", 300, 6, 40, "aurora", "borealis", "corona"), domain: "aurora, borealis, corona, never"}
	orders := timed{maxRows: 5, rows: timedRows(r, "p", 400, 5, 40, "new", "old")}
	agency, shop, id, statements := timedPair(t, true, ads, orders)
	const from = ` FROM exposures e JOIN orders o ON e.email = o.email`
	for _, c := range []struct {
		asker *cleanroomtest.Member
		sql   string
	}{
		{agency, `SELECT e.grp, COUNT(*) AS n, SUM(o.amount) AS total, AVG(o.amount) AS mean` + from + ` AND o.day BETWEEN e.day AND e.day + 14` + within + ` GROUP BY e.grp ORDER BY e.grp`},
		{shop, `SELECT e.grp, COUNT(*) AS n, SUM(e.amount) AS cost, COUNT(o.amount) AS paid` + from + ` WHERE o.day >= e.day AND o.day <= e.day + INTERVAL 7 DAY` + within + ` GROUP BY e.grp ORDER BY 1`},
		{agency, `SELECT COUNT(*) AS n, SUM(o.amount) AS total` + from + ` WHERE date_diff('day', e.day, o.day) BETWEEN 0 AND 3` + within},
		{shop, `SELECT o.grp, COUNT(*) AS n, SUM(o.amount * 2) AS twice` + from + ` AND e.day BETWEEN o.day - 10 AND o.day WHERE e.day BETWEEN DATE '2024-01-05' AND DATE '2024-01-20' GROUP BY o.grp ORDER BY 1`},
		{shop, `SELECT e.grp, COUNT(*) FILTER (WHERE o.grp = 'new') AS new, SUM(o.amount) FILTER (WHERE e.amount > 20) AS dear` + from + ` AND o.day - e.day < 9 AND o.day > e.day` + within + ` GROUP BY e.grp ORDER BY e.grp`},
		{agency, `SELECT e.grp, COUNT(*) AS n` + from + ` AND o.day = e.day` + within + ` GROUP BY e.grp ORDER BY e.grp`},
		{agency, `SELECT e.grp, COUNT(*) AS n` + from + ` AND o.day >= e.day` + within + ` AND o.amount > 10 AND e.grp <> 'corona' GROUP BY e.grp ORDER BY e.grp`},
		{shop, `SELECT date_part('month', o.day) AS m, AVG(e.amount) AS mean` + from + ` AND e.day <= o.day WHERE o.amount < 90` + within + ` AND e.day >= DATE '2024-01-03' GROUP BY m ORDER BY m`},
		{agency, `SELECT e.grp, SUM(o.amount) AS total FROM (SELECT * FROM exposures WHERE amount > 5) e JOIN orders o ON e.email = o.email AND o.day BETWEEN e.day - 3 AND e.day + 3` + within + ` GROUP BY e.grp HAVING total > 100 ORDER BY total DESC LIMIT 2`},
	} {
		got := answerOf(t, c.asker, id, c.sql)
		_, want, err := duckdb.Oracle(t.Context(), statements, c.sql)
		if err != nil {
			t.Fatalf("%s: %v", c.sql, err)
		}
		if len(want) == 0 {
			t.Errorf("%s: DuckDB has no rows, so this says nothing", c.sql)
		}
		sameRows(t, c.sql, got.Rows, want, 1e-9)
	}
}

// TestLastTouchEqualsDuckDB gives each order to the latest exposure before it.
// Ties are broken by the greatest group, which plain DuckDB is told to do by a
// subquery; where no person has two exposures on a day, its own text is enough.
func TestLastTouchEqualsDuckDB(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(4, 3))
	var single []string // no ties
	for u := range 300 {
		for day := r.IntN(6); day < 40; day += 1 + r.IntN(12) {
			single = append(single, dayRow("p"+strconv.Itoa(u), day, []string{"aurora", "borealis", "corona"}[r.IntN(3)], 100))
		}
	}
	orders := timed{maxRows: 5, rows: timedRows(r, "p", 400, 5, 40, "new", "old")}
	ties := timedRows(r, "p", 300, 20, 12, "aurora", "borealis", "corona")
	const from = ` FROM orders o ASOF JOIN exposures e ON o.email = e.email AND o.day >= e.day`
	questions := []string{
		`SELECT e.grp, COUNT(*) AS n, SUM(o.amount) AS total, AVG(o.amount) AS mean` + from + ` WHERE o.day - e.day <= 14` + within + ` GROUP BY e.grp ORDER BY e.grp`,
		`SELECT e.grp, COUNT(*) AS n, SUM(o.amount) FILTER (WHERE o.grp = 'new') AS fresh` + from + ` WHERE date_diff('day', e.day, o.day) <= 3` + within + ` AND o.amount > 5 GROUP BY e.grp ORDER BY e.grp`,
		`SELECT e.grp, COUNT(*) AS n FROM orders o ASOF JOIN exposures e ON e.email = o.email AND e.day < o.day WHERE o.day BETWEEN DATE '2024-01-10' AND DATE '2024-01-20' GROUP BY e.grp ORDER BY e.grp`,
		`SELECT COUNT(*) AS n, SUM(o.amount) AS total FROM orders o ASOF JOIN (SELECT * FROM exposures WHERE grp <> 'corona') e ON e.email = o.email AND o.day >= e.day WHERE o.day - e.day < 9` + within,
	}
	for _, c := range []struct {
		name     string
		rows     []string
		relation string // what the oracle has for exposures
	}{
		{"no ties", single, "exposures"},
		{"ties", ties, "(SELECT email, day, max(grp) AS grp FROM exposures GROUP BY email, day)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			agency, shop, id, statements := timedPair(t, true, timed{maxRows: 40, rows: c.rows, domain: "aurora, borealis, corona"}, orders)
			for i, sql := range questions {
				asker := []*cleanroomtest.Member{agency, shop}[i%2]
				got := answerOf(t, asker, id, sql)
				_, want, err := duckdb.Oracle(t.Context(), statements, strings.Replace(sql, "ASOF JOIN exposures", "ASOF JOIN "+c.relation, 1))
				if err != nil || len(want) == 0 {
					t.Fatalf("%s: %d rows, %v", sql, len(want), err)
				}
				sameRows(t, sql, got.Rows, want, 1e-9)
			}
		})
	}
}

// TestLinearAttributionEqualsDuckDB gives every exposure within the days
// before an order an equal part of it. With up to 16 exposures a person every
// part is exact, beyond that rounded.
func TestLinearAttributionEqualsDuckDB(t *testing.T) {
	t.Parallel()
	const join = ` FROM orders o JOIN exposures e ON e.email = o.email AND o.day BETWEEN e.day AND e.day + 14 WHERE o.day BETWEEN DATE '2024-01-01' AND DATE '2024-01-30'`
	questions := []string{
		`SELECT grp, SUM(amount / touches) AS credit, COUNT(*) AS pairs FROM (SELECT e.grp, o.amount, COUNT(*) OVER (PARTITION BY o.rowid) AS touches` + join + `) GROUP BY grp ORDER BY grp`,
		`SELECT g, SUM(1 / t.n) AS orders FROM (SELECT COUNT(*) OVER (PARTITION BY o.rowid) AS n, e.grp AS g` + join + ` AND e.grp <> 'corona' AND o.amount > 3) t GROUP BY g HAVING orders > 1 ORDER BY orders DESC`,
	}
	for _, most := range []int{7, 40} {
		t.Run(strconv.Itoa(most), func(t *testing.T) {
			r := rand.New(rand.NewPCG(4, uint64(most)))
			agency, shop, id, statements := timedPair(t, true,
				timed{maxRows: most, rows: timedRows(r, "p", 200, most, 40, "aurora", "borealis", "corona")},
				timed{maxRows: 5, rows: timedRows(r, "p", 300, 5, 40, "new", "old")})
			for i, sql := range questions {
				got := answerOf(t, []*cleanroomtest.Member{agency, shop}[i%2], id, sql)
				_, want, err := duckdb.Oracle(t.Context(), statements, sql)
				if err != nil || len(want) == 0 {
					t.Fatalf("%s: %d rows, %v", sql, len(want), err)
				}
				sameRows(t, sql, got.Rows, want, 1e-6)
			}
		})
	}
}

// TestDayThresholds counts units, however many days and rows they have: nine
// units with 36 pairs each and one unit alone are withheld (R04), as are a
// group that is shared in full and a condition that leaves one unit out. What
// is counted is a lower bound: of twelve units whose first order precedes every
// exposure, none counts.
func TestDayThresholds(t *testing.T) {
	t.Parallel()
	var ads, orders []string
	ad := func(who string, day int, grp string) { ads = append(ads, dayRow(who, day, grp, 100)) }
	order := func(who string, day int, grp string) { orders = append(orders, dayRow(who, day, grp, 250)) }
	group := func(name string, units, unshared int, each func(i int, who string)) {
		for i := range units {
			each(i, name+strconv.Itoa(i))
		}
		for i := range unshared {
			ad(name+"x"+strconv.Itoa(i), 3, name)
		}
	}
	kinds := func(name string, olds int) func(int, string) {
		return func(i int, who string) {
			ad(who, 3, name)
			if i < olds {
				order(who, 6, "old")
			} else {
				order(who, 5, "new")
			}
		}
	}
	group("ten", 10, 15, kinds("ten", 0))
	group("both", 20, 15, kinds("both", 10))
	group("one", 30, 15, kinds("one", 1))
	group("full", 12, 0, kinds("full", 0))
	many := func(name string) func(int, string) {
		return func(_ int, who string) {
			for day := range 6 {
				ad(who, 2*day, name)
				order(who, 12+day, "new")
			}
		}
	}
	group("nine", 9, 15, many("nine"))
	group("fan", 1, 15, many("fan"))
	group("late", 12, 15, func(_ int, who string) {
		order(who, 1, "new")
		ad(who, 3, "late")
		order(who, 5, "new")
	})
	group("half", 24, 0, func(i int, who string) {
		ad(who, 3, "half")
		order(who, []int{5, 29}[i%2], "new") // every other one too late to meet
	})
	for i := range 1000 {
		ad("a"+strconv.Itoa(i), 3, "none")
		order("o"+strconv.Itoa(i), 5, "new")
	}
	agency, shop, id, statements := timedPair(t, false, timed{maxRows: 6, rows: ads}, timed{maxRows: 6, rows: orders})
	sql := `SELECT e.grp, COUNT(*) AS n, COUNT(*) FILTER (WHERE o.grp = 'new') AS new FROM exposures e JOIN orders o ON e.email = o.email AND o.day BETWEEN e.day AND e.day + 14` + within + ` GROUP BY e.grp ORDER BY e.grp`
	const want = "both 20 10, one 30 NULL, ten 10 10"
	for i, m := range []*cleanroomtest.Member{agency, shop, agency} {
		var got []string
		asked := sql
		if i == 2 {
			asked += " LIMIT 100" // another question with the same weights, for which hints were kept
		}
		for _, row := range answerOf(t, m, id, asked).Rows {
			got = append(got, shown(row[0])+" "+shown(row[1])+" "+shown(row[2]))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s got %q, want %q", m.Org(), strings.Join(got, ", "), want)
		}
	}
	// Plain DuckDB sees all of them, so what is missing was withheld.
	_, rows, err := duckdb.Oracle(t.Context(), statements, sql)
	if err != nil || len(rows) != 8 {
		t.Errorf("DuckDB has %d groups: %v", len(rows), err)
	}
	// The latest exposure is one row, and its threshold the same.
	last := strings.Replace(sql, "exposures e JOIN orders o", "orders o ASOF JOIN exposures e", 1)
	last = strings.Replace(last, "o.day BETWEEN e.day AND e.day + 14", "o.day >= e.day WHERE o.day - e.day <= 14", 1)
	if got := answerOf(t, shop, id, last); len(got.Rows) != 3 || shown(got.Rows[2][1]) != "10" {
		t.Errorf("last touch: %d groups", len(got.Rows))
	}
}
