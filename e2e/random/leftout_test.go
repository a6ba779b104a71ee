package random

import (
	"fmt"
	"strings"
	"testing"

	ct "parley/cleanroom/cleanroomtest"
)

// What an aggregate leaves out of its group is judged by its rows: none, or
// those of k units. A unit that meets a condition with one row may have others
// that do not. Rows that the conditions leave out and rows without a value are
// judged apart, as each are the difference of two answers.

// leftOut counts the units with rows that an aggregate leaves out:
//
//	__u  there is a value, and the first owner's part of the condition is not true
//	__v  the same for the second owner's
//	__w  the condition is true, and there is no value
func (q *question) leftOut(s style, it numbered) []string {
	name := func(f field) string { return q.column(s, f) }
	var present, some string
	if it.fn != "count" && it.fn != "units" {
		some = "(" + q.argument(s, it.item) + ") IS NOT NULL"
		present = some + " AND "
	}
	partner := ""
	if q.left && q.depends(it.item) {
		partner = q.unit(s, 1) + " IS NOT NULL AND "
	}
	count := func(letter, cond string) string {
		return fmt.Sprintf("COUNT(DISTINCT CASE WHEN %s%s THEN %s END) AS __%s%s", partner, cond, q.unit(s, 0), letter, it.id)
	}
	var out []string
	for t, letter := range []string{"u", "v"} {
		var own []condition
		for _, c := range it.only {
			if c.table == t {
				own = append(own, c)
			}
		}
		cond := "false"
		if len(own) > 0 {
			cond = present + "NOT coalesce(" + conjunction(own, name) + ", false)"
		}
		out = append(out, count(letter, cond))
	}
	cond := "false"
	if it.fn != "sum" && some != "" && !it.zero {
		cond = "NOT (" + some + ")"
		if len(it.only) > 0 {
			cond += " AND " + conjunction(it.only, name)
		}
	}
	return append(out, count("w", cond))
}

// enoughLeftOut is none, or k units of either owner's part.
func enoughLeftOut(it numbered, k int) string {
	return strings.NewReplacer("U", "b.__u"+it.id, "V", "b.__v"+it.id, "W", "b.__w"+it.id, "K", fmt.Sprint(k)).Replace(
		" AND (U + V = 0 OR U >= K OR V >= K) AND (W = 0 OR W >= K)")
}

// strays is a world whose k is 10. Of n0's groups, each of 30 units with a row of
// kind rare of which 18 are shared,
//
//	stray     one shared unit has a further row, of kind usual
//	strays    ten shared units have
//	hole      ten shared units have further rows without an amount, of kind
//	          usual, and one has such a row with an amount
//	gap       one has a further row of kind rare without an amount, and ten
//	          have usual rows
//
// At s0, one shared unit of far has a further row of town.
func strays(t *testing.T) *stage {
	north := crowded("north", "n0", []*column{label("grp", "stray", "strays", "hole", "gap", "far", "rest"), label("kind", "rare", "usual"), number("amount")},
		crowd{1000, 30, 1, []string{"stray", "rare", "5"}}, crowd{1007, 1, 1, []string{"stray", "usual", "77"}},
		crowd{1100, 30, 1, []string{"strays", "rare", "5"}}, crowd{1107, 10, 1, []string{"strays", "usual", "77"}},
		crowd{1200, 30, 1, []string{"hole", "rare", "5"}}, crowd{1207, 10, 1, []string{"hole", "usual", "-"}}, crowd{1207, 1, 1, []string{"hole", "usual", "77"}},
		crowd{1300, 30, 1, []string{"gap", "rare", "5"}}, crowd{1307, 10, 1, []string{"gap", "usual", "77"}}, crowd{1307, 1, 1, []string{"gap", "rare", "-"}},
		crowd{1400, 30, 1, []string{"far", "rare", "5"}},
		crowd{2000, 1200, 1, []string{"rest", "usual", "1"}})
	south := crowded("south", "s0", []*column{label("shop", "web", "town"), number("spent")},
		crowd{1000, 18, 1, []string{"web", "7"}}, crowd{1100, 18, 1, []string{"web", "7"}},
		crowd{1200, 18, 1, []string{"web", "7"}}, crowd{1300, 18, 1, []string{"web", "7"}},
		crowd{1400, 18, 1, []string{"web", "7"}}, crowd{1407, 1, 1, []string{"town", "77"}},
		crowd{5000, 1200, 1, []string{"web", "7"}})
	return setUp(t, ct.Engine(), &world{k: 10, tables: []*table{north, south}})
}

// R01 within a question: a number of a group less that of those that meet a
// condition is never that of the rows of fewer than k units, though all units
// of the group may meet it.
func TestLeftOutIsJudgedByRows(t *testing.T) {
	s := strays(t)
	const (
		join = " FROM n0 JOIN s0 ON n0.id = s0.id"
		left = " FROM n0 LEFT JOIN s0 ON n0.id = s0.id"
	)
	for _, c := range []struct{ sql, want string }{
		{"SELECT COUNT(*) AS a, COUNT(*) FILTER (WHERE kind = 'rare') AS b FROM n0 WHERE grp = 'stray'", "31 NULL"},
		{"SELECT COUNT(*) AS a, COUNT(*) FILTER (WHERE kind = 'rare') AS b FROM n0 WHERE grp = 'strays'", "40 30"},
		{"SELECT SUM(amount) AS a, SUM(CASE WHEN kind = 'rare' THEN amount ELSE 0 END) AS b FROM n0 WHERE grp = 'stray'", "227 NULL"},
		{"SELECT SUM(amount) AS a, SUM(amount) FILTER (WHERE kind = 'rare') AS b FROM n0 WHERE grp = 'strays'", "920 150"},
		{"SELECT SUM(amount) AS a, SUM(amount) FILTER (WHERE kind = 'rare') AS b FROM n0 WHERE grp = 'hole'", "227 NULL"},
		{"SELECT COUNT(*) AS a, COUNT(amount) AS b FROM n0 WHERE grp = 'gap'", "41 NULL"},
		{"SELECT COUNT(*) FILTER (WHERE kind = 'rare') AS a, COUNT(amount) FILTER (WHERE kind = 'rare') AS b FROM n0 WHERE grp = 'gap'", "31 NULL"},
		{"SELECT SUM(amount) AS a, SUM(amount) FILTER (WHERE kind = 'rare') AS b FROM n0 WHERE grp = 'gap'", "920 150"},

		{"SELECT COUNT(*) AS a, COUNT(*) FILTER (WHERE kind = 'rare') AS b" + join + " WHERE grp = 'stray'", "19 NULL"},
		{"SELECT COUNT(*) AS a, COUNT(*) FILTER (WHERE kind = 'rare') AS b" + join + " WHERE grp = 'strays'", "28 18"},
		{"SELECT SUM(amount) AS a, SUM(amount) FILTER (WHERE kind = 'rare') AS b" + join + " WHERE grp = 'hole'", "167 NULL"},
		{"SELECT SUM(amount) AS a, SUM(amount) FILTER (WHERE kind = 'rare') AS b" + join + " WHERE grp = 'gap'", "860 90"},
		{"SELECT SUM(spent) AS a, SUM(spent) FILTER (WHERE kind = 'rare') AS b" + join + " WHERE grp = 'stray'", "133 NULL"},
		{"SELECT SUM(spent) AS a, SUM(spent) FILTER (WHERE shop = 'web') AS b" + join + " WHERE grp = 'far'", "203 NULL"},
		{"SELECT SUM(amount) AS a, SUM(amount) FILTER (WHERE shop = 'web') AS b" + join + " WHERE grp = 'far'", "95 NULL"},
		{"SELECT grp, AVG(amount) AS b" + join + " WHERE grp IN ('gap', 'strays') GROUP BY grp ORDER BY grp", "gap NULL; strays 30.714285714285715"},

		{"SELECT COUNT(*) AS a, COUNT(*) FILTER (WHERE kind = 'rare') AS b" + left + " WHERE grp = 'stray'", "31 NULL"},
		{"SELECT COUNT(*) AS a, COUNT(*) FILTER (WHERE kind = 'rare') AS b" + left + " WHERE grp = 'strays'", "40 30"},
		{"SELECT SUM(spent) AS a, SUM(spent) FILTER (WHERE shop = 'web') AS b" + left + " WHERE grp = 'far'", "203 NULL"},
		{"SELECT SUM(spent) AS a, SUM(spent) FILTER (WHERE kind = 'rare') AS b" + left + " WHERE grp = 'stray'", "133 NULL"},
		{"SELECT SUM(spent) AS a, SUM(spent) FILTER (WHERE kind = 'rare') AS b" + left + " WHERE grp = 'strays'", "196 126"},
	} {
		t.Run(c.sql, func(t *testing.T) {
			for _, asker := range []string{"north", "south"} {
				got, err := s.ask(t, asker, c.sql)
				if err != nil {
					t.Fatalf("%s asks: %v", asker, err)
				}
				if have := plainly(got); have != c.want {
					t.Errorf("%s asks\ngot  %q\nwant %q", asker, have, c.want)
				}
			}
		})
	}
}
