package cleanroom_test

import (
	"fmt"
	"strings"
	"testing"

	"parley/cleanroom"
	"parley/cleanroom/cleanroomtest"
)

// TestEstimatedBytes compares what explain says with what runs take: within
// the factor 2 that is promised.
func TestEstimatedBytes(t *testing.T) {
	t.Parallel()
	agency, shop := cleanroomtest.Start(t, "agency"), cleanroomtest.Start(t, "shop")
	west, east := table{name: "west", public: true, domain: []string{"a", "b", "c"}}, table{name: "east", public: true}
	for i := range 1500 {
		west.rows = append(west.rows, fmt.Sprintf("p%d@example.com,%c,1,%d", i, 'a'+i%3, i%7))
		east.rows = append(east.rows, fmt.Sprintf("p%d@example.com,g%d,1,%d", i+500, i%13, i%5))
	}
	west.add(t, agency)
	east.add(t, shop)
	id := cleanroomtest.Agree(t, 2, agency, shop)
	from := " FROM west JOIN east ON west.email = east.email "
	for i, q := range []struct{ first, again string }{
		{"SELECT COUNT(*) AS n" + from, "SELECT COUNT(*) AS n" + from + "WHERE east.wave < 5"},
		{"SELECT west.grp, COUNT(DISTINCT west.email) AS n, SUM(east.amount) AS s" + from + "GROUP BY west.grp",
			"SELECT west.grp, COUNT(DISTINCT west.email) AS n, SUM(east.amount) AS s" + from + "WHERE east.wave < 5 GROUP BY west.grp"},
		{"SELECT east.grp, AVG(east.amount) AS a" + from + "GROUP BY east.grp", ""},
		{"SELECT west.grp AS a, east.grp AS b, SUM(east.amount) AS total" + from + "GROUP BY west.grp, east.grp", ""},
	} {
		for again, sql := range []string{q.first, q.again} {
			if sql == "" {
				continue
			}
			e, err := agency.Explain(t.Context(), cleanroom.Question{Agreement: id, SQL: sql})
			if err != nil {
				t.Fatal(err)
			}
			c := e.Cost
			if c == nil || (c.Alignment == nil) != (i+again > 0) {
				t.Fatalf("%s: cost %+v", sql, c)
			}
			said := c.First.Bytes
			if again == 1 {
				said = c.Again.Bytes
			}
			if c.Alignment != nil {
				said += c.Alignment.Bytes
			}
			v := ask(t, agency, id, sql)
			took := v.Figures.Sent + v.Figures.Received
			t.Logf("%s: said %d, took %d, %.2f s said, %.2f s took", sql, said, took, c.First.Seconds, v.Figures.Wall.Seconds())
			if said > 2*took || took > 2*said {
				t.Errorf("%s\n%d bytes were estimated, %d were sent", sql, said, took)
			}
			if text := e.Text(); !strings.Contains(text, "Estimated cost") {
				t.Errorf("the text has no cost:\n%s", text)
			}
		}
	}
	// Of one owner's data nothing is estimated.
	if e, err := agency.Explain(t.Context(), cleanroom.Question{Agreement: id, SQL: "SELECT COUNT(*) AS n FROM west"}); err != nil || e.Cost != nil {
		t.Errorf("cost %+v, %v", e, err)
	}
}
