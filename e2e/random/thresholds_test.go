package random

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"parley/agreements"
	"parley/analysis/release"
	ct "parley/cleanroom/cleanroomtest"
)

// crowd writes rows of a table by hand: so many units from a number on, each
// with so many rows of the same values.
type crowd struct {
	from, units, rows int
	values            []string // "-" is NULL
}

func crowded(owner, name string, columns []*column, crowds ...crowd) *table {
	t := &table{name: name, owner: owner, format: "csv", unit: "id", norm: agreements.NormExact, minSet: 1000, maxRows: 8,
		keyType: "VARCHAR", columns: columns}
	for _, c := range crowds {
		for u := range c.units {
			for range c.rows {
				row := []*string{ptr(fmt.Sprintf("unit-%d", c.from+u))}
				for _, v := range c.values {
					if v == "-" {
						row = append(row, nil)
						continue
					}
					row = append(row, ptr(v))
				}
				t.rows = append(t.rows, row)
			}
		}
	}
	return t
}

func label(name string, domain ...string) *column {
	return &column{name: name, typ: agreements.Text, uses: []agreements.Use{agreements.Dimension, agreements.Filter}, domain: domain, pool: domain}
}

func number(name string) *column {
	return &column{name: name, typ: agreements.Integer, uses: []agreements.Use{agreements.Measure, agreements.Filter}, nullable: true, min: 0, max: 1000}
}

// threshold is the world of the tests of this file. k is 10. Of n0's groups,
//
//	few       3 units with 8 rows each, one of them with 8 rows at south's too
//	nine      9 units with 8 rows each, all shared
//	ten       10 units, all rows double; and 20 that are not shared
//	split     30 units, all shared but 12: of them 4 have 8 rows of kind rare
//	almost    30 units, all shared but 12: all but 4 of kind rare
//	full      30 units, all shared but 5
//	lonely    1 unit, shared
//	empty     nobody: declared only
func threshold(t *testing.T) *stage {
	groups := []string{"few", "nine", "ten", "split", "almost", "full", "lonely", "empty", "rest"}
	north := crowded("north", "n0", []*column{label("grp", groups...), label("kind", "rare", "usual"), number("amount")},
		crowd{1000, 3, 8, []string{"few", "usual", "5"}},
		crowd{1100, 9, 8, []string{"nine", "usual", "5"}},
		crowd{1200, 30, 2, []string{"ten", "usual", "5"}},
		crowd{1300, 4, 8, []string{"split", "rare", "5"}}, crowd{1304, 26, 1, []string{"split", "usual", "-"}},
		crowd{1400, 26, 1, []string{"almost", "rare", "5"}}, crowd{1426, 4, 8, []string{"almost", "usual", "-"}},
		crowd{1500, 30, 2, []string{"full", "usual", "5"}},
		crowd{1600, 1, 8, []string{"lonely", "usual", "5"}},
		crowd{2000, 1200, 1, []string{"rest", "usual", "1"}})
	south := crowded("south", "s0", []*column{label("shop", "web", "town"), number("spent")},
		crowd{1000, 3, 8, []string{"web", "7"}},
		crowd{1100, 9, 8, []string{"web", "7"}},
		crowd{1200, 10, 2, []string{"web", "7"}},
		crowd{1300, 18, 1, []string{"web", "7"}},
		crowd{1400, 14, 1, []string{"web", "7"}}, crowd{1426, 4, 8, []string{"web", "7"}},
		crowd{1500, 25, 8, []string{"town", "7"}},
		crowd{1600, 1, 8, []string{"town", "7"}},
		crowd{2000, 600, 1, []string{"town", "-"}},
		crowd{5000, 600, 1, []string{"web", "7"}}, crowd{6000, 100, 1, []string{"town", "7"}})
	return setUp(t, ct.Engine(), &world{k: 10, tables: []*table{north, south}})
}

// Thresholds count units on every shape of question: not rows (R03), not
// pairs of rows (R04), and what is too small looks like what is not there
// (R23). Every question is asked by both owners.
func TestThresholdsCountUnits(t *testing.T) {
	s := threshold(t)
	const join = " FROM n0 JOIN s0 ON n0.id = s0.id"
	for _, c := range []struct{ name, sql, want string }{
		{"R03 duplicates", "SELECT grp, COUNT(*) AS n FROM n0 GROUP BY grp ORDER BY grp",
			"almost 58; full 60; rest 1200; split 58; ten 60"},
		{"R03 duplicates in a sum", "SELECT grp, SUM(amount) AS n FROM n0 WHERE grp IN ('few', 'nine', 'ten') GROUP BY grp", "ten 300"},
		{"R03 ungrouped, 3 units in 24 rows", "SELECT COUNT(*) AS n, SUM(amount) AS a FROM n0 WHERE grp = 'few'", ""},
		{"R03 ungrouped, 9 units in 72 rows", "SELECT AVG(amount) AS a FROM n0 WHERE grp = 'nine'", ""},
		{"R18 one unit in 8 rows", "SELECT COUNT(*) AS n FROM n0 WHERE grp = 'lonely'", ""},
		{"R18 a group of one unit", "SELECT grp, kind, COUNT(*) AS n FROM n0 WHERE grp IN ('lonely', 'ten') GROUP BY grp, kind", "ten usual 60"},
		{"R03 few units with a value", "SELECT grp, COUNT(*) AS n, AVG(amount) AS a, COUNT(amount) AS v FROM n0 WHERE grp = 'split' GROUP BY grp", "split 58 NULL NULL"},
		{"R03 few units under a condition", "SELECT grp, COUNT(*) AS n, COUNT(*) FILTER (WHERE kind = 'rare') AS c FROM n0 WHERE grp = 'split' GROUP BY grp", "split 58 NULL"},
		{"R03 few units under CASE", "SELECT grp, SUM(CASE WHEN kind = 'rare' THEN amount END) AS c FROM n0 WHERE grp = 'split' GROUP BY grp", "split NULL"},
		{"R02 few units left out", "SELECT grp, COUNT(*) AS n, COUNT(*) FILTER (WHERE kind = 'rare') AS c FROM n0 WHERE grp = 'almost' GROUP BY grp", "almost 58 NULL"},
		{"R02 few units without a value", "SELECT grp, COUNT(amount) AS c, SUM(amount) AS s FROM n0 WHERE grp = 'almost' GROUP BY grp", "almost NULL 130"},

		{"R03 duplicates on one side of a join", "SELECT grp, COUNT(*) AS n" + join + " GROUP BY grp ORDER BY grp", "almost 270; rest 600; split 46; ten 40"},
		{"R04 fan-out of both sides", "SELECT grp, COUNT(*) AS n" + join + " WHERE grp IN ('few', 'nine', 'lonely') GROUP BY grp", ""},
		{"R04 fan-out without groups", "SELECT COUNT(*) AS n, SUM(spent) AS s" + join + " WHERE grp = 'nine'", ""},
		{"R04 one unit, 64 pairs", "SELECT COUNT(*) AS n" + join + " WHERE grp = 'lonely'", ""},
		{"R02 all but five are shared", "SELECT grp, COUNT(DISTINCT n0.id) AS n" + join + " WHERE grp = 'full' GROUP BY grp", ""},
		{"R02 all but five, without groups", "SELECT COUNT(*) AS n" + join + " WHERE grp = 'full'", ""},
		{"R02 split by the other side", "SELECT grp, shop, COUNT(*) AS n" + join + " GROUP BY grp, shop ORDER BY grp", "almost web 270; rest town 600; split web 46; ten web 40"},
		{"R04 few units under a condition of a join", "SELECT grp, COUNT(*) AS n, SUM(spent) FILTER (WHERE kind = 'rare') AS c" + join + " WHERE grp = 'split' GROUP BY grp", "split 46 NULL"},
		{"R04 a condition of the other side", "SELECT grp, COUNT(*) AS n, COUNT(*) FILTER (WHERE shop = 'town') AS c" + join + " WHERE grp = 'ten' GROUP BY grp", "ten 40 NULL"},
		{"R03 few units with a value in a join", "SELECT grp, COUNT(DISTINCT n0.id) AS n, AVG(amount) AS a" + join + " WHERE grp = 'split' GROUP BY grp", "split 18 NULL"},
		{"R23 nobody", "SELECT grp, COUNT(*) AS n" + join + " WHERE grp = 'empty' GROUP BY grp", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, asker := range []string{"north", "south"} {
				got, err := s.ask(t, asker, c.sql)
				if err != nil {
					t.Fatalf("%s asks: %v", asker, err)
				}
				if have := plainly(got); have != c.want {
					t.Errorf("%s asks %s\ngot  %q\nwant %q", asker, c.sql, have, c.want)
				}
			}
		})
	}
}

func plainly(table *release.Table) string {
	var rows []string
	for _, row := range table.Rows {
		var cells []string
		for _, v := range row {
			if v.Null {
				v.Text = "NULL"
			}
			cells = append(cells, v.Text)
		}
		rows = append(rows, strings.Join(cells, " "))
	}
	return strings.Join(rows, "; ")
}

// R23: the answer about a group that is too small is the answer about one that
// is not there, byte for byte.
func TestSmallLooksEmpty(t *testing.T) {
	s := threshold(t)
	for _, shape := range []string{
		"SELECT grp, COUNT(*) AS n FROM n0 WHERE grp = '%s' GROUP BY grp",
		"SELECT COUNT(*) AS n FROM n0 WHERE grp = '%s'",
		"SELECT grp, COUNT(*) AS n FROM n0 JOIN s0 USING (id) WHERE grp = '%s' GROUP BY grp",
		"SELECT shop, SUM(amount) AS n FROM n0 JOIN s0 USING (id) WHERE grp = '%s' GROUP BY shop",
	} {
		for _, asker := range []string{"north", "south"} {
			m := s.north
			if asker == "south" {
				m = s.south
			}
			var first []byte
			for _, group := range []string{"empty", "lonely", "few", "nine"} {
				v, err := m.Ask(t.Context(), s.agreement, fmt.Sprintf(shape, group))
				if err != nil || !ct.Succeeded(v) {
					t.Fatalf("%s asks about %s: %v %v", asker, group, err, v)
				}
				if first == nil {
					first = v.Result
				}
				if !bytes.Equal(first, v.Result) {
					t.Errorf("%s asks %s\nabout %s: %s\nabout nobody: %s", asker, shape, group, v.Result, first)
				}
			}
		}
	}
}
