package cleanroom_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"parley/agreements"
	"parley/analysis/release"
	"parley/cleanroom"
	"parley/cleanroom/audit"
	"parley/cleanroom/cleanroomtest"
)

// noisyPair is two nodes whose tables share units p0 to p1199: those of ads
// are in both groups, with a row each; those of orders have one row, of 0 to 6.
func noisyPair(t testing.TB, dp agreements.DP) (agency, shop *cleanroomtest.Member, agreement string) {
	t.Helper()
	agency, shop = cleanroomtest.Start(t, "agency"), cleanroomtest.Start(t, "shop")
	table{name: "ads", domain: []string{"north", "south", "west"}, rows: append(people("p", "north", 0, 1200), people("p", "south", 0, 1200)...)}.add(t, agency)
	table{name: "orders", rows: append(people("p", "new", 0, 1500), people("q", "old", 0, 3)...)}.add(t, shop)
	return agency, shop, cleanroomtest.AgreeNoisy(t, 10, &dp, agency, shop)
}

// little is a demand that takes little noise.
var little = agreements.DP{Epsilon: "10", Delta: "0.00001", BudgetEpsilon: "1000", BudgetDelta: "0.9"}

// submitNoisy asks without insisting on a new answer, which noisy ones never are.
func submitNoisy(t testing.TB, m *cleanroomtest.Member, agreement, sql string) (*cleanroom.View, error) {
	t.Helper()
	r, err := m.Submit(t.Context(), cleanroom.Question{Agreement: agreement, SQL: sql})
	if err != nil {
		return nil, err
	}
	return m.Finish(t.Context(), r.ID)
}

func tableOf(t testing.TB, m *cleanroomtest.Member, agreement, sql string) *release.Table {
	t.Helper()
	v, err := submitNoisy(t, m, agreement, sql)
	if err != nil || !cleanroomtest.Succeeded(v) {
		t.Fatalf("%s: %v, %+v", sql, err, v)
	}
	out := &release.Table{}
	if err := json.Unmarshal(v.Result, out); err != nil {
		t.Fatal(err)
	}
	b, err := audit.VerifyBundle(v.Receipt)
	if err != nil {
		t.Fatal(err)
	}
	if b.Receipt.DP != out.Noise || !strings.Contains(out.Noise, " noise on ") {
		t.Errorf("the receipt says %q, the answer %q", b.Receipt.DP, out.Noise)
	}
	return out
}

func numberAt(t testing.TB, tab *release.Table, row, column int) (x, width float64) {
	t.Helper()
	if row >= len(tab.Rows) {
		t.Fatalf("%d rows: %v", len(tab.Rows), tab.Rows)
	}
	v := tab.Rows[row][column]
	x, err := strconv.ParseFloat(v.Text, 64)
	w, also := strconv.ParseFloat(v.PlusMinus, 64)
	if err != nil || also != nil || w < 0 {
		t.Fatalf("%+v is not a number with an interval", v)
	}
	return x, w
}

// near checks a noisy number. Noise is cut off at 14 to 21 half-widths.
func near(t testing.TB, what string, tab *release.Table, row, column int, want float64) {
	t.Helper()
	if x, w := numberAt(t, tab, row, column); math.Abs(x-want) > 25*(w+1) {
		t.Errorf("%s is %v ± %v, far from %v", what, x, w, want)
	}
}

// TestNoisyJoin asks a join under a demand, by either side: each unit counts in
// one of its two groups, so that the groups' counts add up to the units.
func TestNoisyJoin(t *testing.T) {
	t.Parallel()
	agency, shop, id := noisyPair(t, little)
	const from = ` FROM ads JOIN orders ON ads.email = orders.email`
	for _, m := range []*cleanroomtest.Member{agency, shop} {
		got := tableOf(t, m, id, `SELECT ads.grp, COUNT(DISTINCT ads.email) AS n, SUM(orders.amount) AS total, AVG(orders.amount) AS mean, COUNT(*) FILTER (WHERE orders.wave > 5) AS late, STDDEV_POP(orders.amount) AS spread`+
			from+` GROUP BY ads.grp ORDER BY ads.grp`)
		if len(got.Rows) != 2 || got.Withheld != (release.Withheld{Is: release.Exactly, Count: 1}) {
			t.Fatalf("%s: %+v", m.Org(), got)
		}
		north, w := numberAt(t, got, 0, 1)
		south, _ := numberAt(t, got, 1, 1)
		if math.Abs(north+south-1200) > 50*w {
			t.Errorf("%s: %v and %v units of 1,200 in all", m.Org(), north, south)
		}
		if north < 450 || north > 750 { // 600 ± 8 standard deviations of the draw
			t.Errorf("%s: %v of 1,200 units drew the first of their two groups", m.Org(), north)
		}
		near(t, "total of the north", got, 0, 2, north*3)
		near(t, "mean of the south", got, 1, 3, 3)
		if v := got.Rows[1][5]; !v.Null { // a noisy variance may be below 0, and has no root then
			near(t, "spread of the south", got, 1, 5, 2)
		}
		if !got.Rows[0][4].Null {
			t.Errorf("a condition that nobody meets gave %v", got.Rows[0][4])
		}
		var text, csv bytes.Buffer
		if err := got.Text(&text); err != nil || !strings.Contains(text.String(), " ± ") || !strings.Contains(text.String(), "Differentially private: epsilon 10, delta 0.00001; discrete") {
			t.Errorf("%v\n%s", err, text.String())
		}
		if err := got.CSV(&csv); err != nil || !strings.HasPrefix(csv.String(), "grp,n,n ±,total,total ±,mean,mean ±,late,late ±,spread,spread ±\n") {
			t.Errorf("%v\n%s", err, csv.String())
		}
	}
	// The shop's groups are not declared: how many there are is not stated to
	// the agency.
	got := tableOf(t, agency, id, `SELECT orders.grp, COUNT(*) AS n`+from+` GROUP BY orders.grp`)
	if len(got.Rows) != 1 || got.Rows[0][0].Text != "new" || got.Withheld != (release.Withheld{Is: release.NotStated}) {
		t.Errorf("%+v", got)
	}
	near(t, "count of new", got, 0, 1, 1200)
}

// TestNoisyOneOwner asks about one owner's data, by the owner and by another.
func TestNoisyOneOwner(t *testing.T) {
	t.Parallel()
	agency, shop, id := noisyPair(t, little)
	for _, m := range []*cleanroomtest.Member{agency, shop} {
		got := tableOf(t, m, id, `SELECT grp, COUNT(*) AS n, SUM(amount) AS total, AVG(amount) AS mean FROM orders GROUP BY grp`)
		// Of old there are 3 units, below k.
		if len(got.Rows) != 1 || got.Withheld.Is != release.NotStated {
			t.Fatalf("%s: %+v", m.Org(), got)
		}
		near(t, "orders", got, 0, 1, 1500)
		near(t, "their sum", got, 0, 2, 1500*3)
		near(t, "their mean", got, 0, 3, 3)

		got = tableOf(t, m, id, `SELECT COUNT(*) AS n, COUNT(DISTINCT email) AS people FROM ads`)
		near(t, "rows, one a unit", got, 0, 0, 1200)
		near(t, "units", got, 0, 1, 1200)
	}
}

// TestR15NoiseOnEveryNumber: the same number asked in other words comes out with
// other noise, in integers.
func TestR15NoiseOnEveryNumber(t *testing.T) {
	t.Parallel()
	agency, _, id := noisyPair(t, agreements.DP{Epsilon: "0.5", Delta: "0.00001", BudgetEpsilon: "1000", BudgetDelta: "0.9"})
	for column, name := range []string{"count", "units", "sum"} {
		seen := map[string]bool{}
		for i := range 6 { // each has noise of scale 6 or more: all alike once in 10^5 runs
			got := tableOf(t, agency, id, fmt.Sprintf(`SELECT COUNT(*) AS n, COUNT(DISTINCT email) AS people, SUM(amount) AS total FROM ads WHERE wave > %d`, -i-10*column))
			seen[got.Rows[0][column].Text] = true
			if strings.ContainsAny(got.Rows[0][column].Text, ".eE") {
				t.Errorf("%s: %s is not an integer", name, got.Rows[0][column].Text)
			}
		}
		if len(seen) < 2 {
			t.Errorf("%s: no noise: %v", name, seen)
		}
	}
}

// TestNoiseTooLarge: a demand that no number could meet is refused by its
// declared bounds, before anything is computed.
func TestNoiseTooLarge(t *testing.T) {
	t.Parallel()
	agency, _, id := noisyPair(t, agreements.DP{Epsilon: "0.0000000000000001", Delta: "0.00001", BudgetEpsilon: "1", BudgetDelta: "0.9"})
	for _, sql := range []string{`SELECT SUM(amount) AS total FROM ads`, bySegment} {
		v, err := submitNoisy(t, agency, id, sql)
		if err != nil || cleanroomtest.Succeeded(v) || !strings.Contains(v.Error, "noise") {
			t.Errorf("%s: %v, %+v", sql, err, v)
		}
	}
}

// amounts is a dataset of people with amounts at scale 2.
func amounts(rows ...string) timed {
	return timed{name: "orders", maxRows: 4, rows: rows}
}

// TestR16ValuesThatAreNone: what is not a number of the declared scale and
// bounds does not get in, in no spelling: then no sum can be driven to
// infinity, to NaN or beyond its bounds by one row.
func TestR16ValuesThatAreNone(t *testing.T) {
	t.Parallel()
	shop := cleanroomtest.Start(t, "shop")
	var good []string
	for i := range 1200 {
		good = append(good, dayRow(fmt.Sprintf("p%d", i), i%30, "new", i))
	}
	for _, bad := range []string{"1e308", "-1e308", "NaN", "nan", "Infinity", "-inf", "1e19", "99999999999999999999", "100.01", "0x10"} {
		d := amounts(append(good[:len(good):len(good)], "odd@example.com,2024-01-01,new,"+bad)...)
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "orders.csv"), []byte("email,day,grp,amount\n"+strings.Join(d.rows, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := shop.AddDataset(t.Context(), []byte(d.contract()), dir)
		if err == nil {
			t.Errorf("an amount of %s was imported", bad)
		} else if strings.Contains(err.Error(), bad) {
			t.Errorf("the refusal of %s quotes it: %v", bad, err)
		}
	}
}

// TestR16RowOrder: the order of rows in a file changes no answer, since nothing
// is added up in floating point.
func TestR16RowOrder(t *testing.T) {
	t.Parallel()
	var rows []string
	for i := range 3000 {
		rows = append(rows, dayRow(fmt.Sprintf("p%d", i%1500), i%30, []string{"new", "old"}[i%2], i*37%10_000))
	}
	const sql = `SELECT grp, COUNT(*) AS n, SUM(amount) AS total, AVG(amount * 1.37) AS mean, STDDEV(amount) AS d FROM orders GROUP BY grp ORDER BY grp`
	var first string
	for turn := range 3 {
		shop := cleanroomtest.Start(t, "shop")
		partner := cleanroomtest.Start(t, "agency")
		smallAds.add(t, partner)
		amounts(rows...).add(t, shop)
		v := ask(t, shop, cleanroomtest.Agree(t, 10, shop, partner), sql)
		if turn == 0 {
			first = string(v.Result)
		} else if string(v.Result) != first {
			t.Errorf("in another order:\n%s\nbefore:\n%s", v.Result, first)
		}
		if turn == 0 {
			slices.Reverse(rows)
		} else {
			slices.Sort(rows)
		}
	}
}

// TestR16OneRowOfMany: a unit of the largest values and the most rows that its
// owner allows moves a noisy sum by no more than its clip.
func TestR16OneRowOfMany(t *testing.T) {
	t.Parallel()
	totals := map[bool]float64{}
	for _, with := range []bool{false, true} {
		var rows []string
		for i := range 1500 {
			rows = append(rows, dayRow(fmt.Sprintf("p%d", i), i%30, "new", 100))
		}
		if with {
			for range 4 {
				for i := range 100 {
					rows = append(rows, dayRow(fmt.Sprintf("q%d", i), 3, "new", 10_000))
				}
			}
		}
		shop, partner := cleanroomtest.Start(t, "shop"), cleanroomtest.Start(t, "agency")
		smallAds.add(t, partner)
		amounts(rows...).add(t, shop)
		dp := little
		got := tableOf(t, shop, cleanroomtest.AgreeNoisy(t, 10, &dp, shop, partner), `SELECT SUM(amount) AS total FROM orders`)
		x, w := numberAt(t, got, 0, 0)
		if w > 120 {
			t.Fatalf("± %v is too wide for this test", w)
		}
		totals[with] = x
	}
	// 100 units of four rows of 100.00 count as 100.00 each, the column's maximum.
	if moved := totals[true] - totals[false]; moved < 5000 || moved > 15_000 {
		t.Errorf("100 units moved the sum by %v; their share is cut off at 100 each", moved)
	}
}
