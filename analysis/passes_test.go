package analysis

import (
	"context"
	"strings"
	"testing"

	"parley/analysis/sql/sqltest"
)

// TestPasses: every pass of a question can be printed, and says what it should.
func TestPasses(t *testing.T) {
	db, err := sqltest.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	c, err := Compile(context.Background(), db, sqltest.Agreement(), "sha256:00", "client", Question{
		SQL: "SELECT region, COUNT(*) AS n FROM (SELECT mail, region, SUM(amount) AS spent FROM orders GROUP BY mail, region) o WHERE spent > 5 GROUP BY region"})
	if err != nil {
		t.Fatal(err)
	}
	for pass, want := range map[string]string{
		"parse": `{"at":"1:140","name":"region","node":"Column"}`,
		"check": `"column":"amount","use":"filter","clause":"datasets.orders.rules.columns.amount.uses"`,
		"plan":  `"format":"parley.plan/v1"`,
	} {
		p, err := c.Pass(pass)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(p.Tree), want) || p.Text == "" {
			t.Errorf("%s: %s", pass, p.Tree)
		}
	}
	if p, err := c.Pass("else"); p != nil || err != nil {
		t.Errorf("%v, %v", p, err)
	}
}
