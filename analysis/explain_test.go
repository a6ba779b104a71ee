package analysis_test

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"parley/analysis"
	"parley/analysis/sql/sqltest"
)

// update rewrites the golden texts: go test ./analysis -update
var update = flag.Bool("update", false, "rewrite testdata")

func TestExplain(t *testing.T) {
	db := open(t)
	for file, c := range map[string]struct{ asker, text string }{
		"join.txt":      {"client", join},
		"one-owner.txt": {"agency", "SELECT region, COUNT(*) AS n FROM orders WHERE region LIKE 'n%' GROUP BY region ORDER BY n DESC"},
		"expressions.txt": {"client", "SELECT extract(month FROM e.day) AS month, CASE WHEN e.campaign = 'spring' THEN 'spring' ELSE 'rest' END AS c, " +
			"SUM(o.amount * o.items) FILTER (WHERE o.score > 3 AND e.video = TRUE) AS sales, COUNT(DISTINCT o.mail) AS n " +
			"FROM exposures e JOIN orders o ON e.email = o.mail WHERE o.placed + 7 > DATE '2024-02-01' GROUP BY 1, 2 HAVING n > 100"},
		"days.txt": {"client", "SELECT campaign, AVG(o.items) AS items FROM exposures e JOIN orders o ON e.email = o.mail AND o.placed BETWEEN e.day AND e.day + 14 " +
			"WHERE o.placed BETWEEN DATE '2024-01-01' AND DATE '2024-01-31' GROUP BY campaign"},
		"left.txt": {"client", "SELECT e.campaign, 100.0 * COUNT(DISTINCT o.mail) / COUNT(DISTINCT e.email) AS rate, VAR_SAMP(COALESCE(o.amount, 0)) AS v, " +
			"COUNT(DISTINCT e.email) FILTER (WHERE o.mail IS NULL AND e.impressions > 3) AS without " +
			"FROM exposures e LEFT JOIN orders o ON e.email = o.mail AND o.score > 3 GROUP BY e.campaign HAVING SUM(o.items) > 7"},
		"own-public.txt": {"client", "SELECT state, COUNT(*) FROM airports GROUP BY state"},
	} {
		compiled, err := compile(db, c.asker, c.text)
		if err != nil {
			t.Fatal(err)
		}
		e := analysis.Explain(compiled, sqltest.Agreement())
		got := e.Text()
		if *update {
			if err := os.WriteFile("testdata/"+file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
		}
		if _, err := json.Marshal(e); err != nil {
			t.Error(err)
		}
	}
}

// TestExplainPrintsSafely: a question's literals cannot move the cursor of
// whoever reads the explanation, even if one was compiled with an escape.
func TestExplainPrintsSafely(t *testing.T) {
	compiled, err := compile(open(t), "client", "SELECT COUNT(*) FROM orders WHERE region = 'a__\nb'")
	if err != nil {
		t.Fatal(err)
	}
	compiled.Plan.SQL = strings.Replace(compiled.Plan.SQL, "__", "\x1b[2J", 1)
	got := analysis.Explain(compiled, sqltest.Agreement()).Text()
	if strings.Contains(got, "\x1b") || !strings.Contains(got, "'a?[2J?b'") {
		t.Errorf("got %q", got)
	}
}
