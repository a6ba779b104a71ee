package analysis_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley/analysis"
	"parley/analysis/sql/sqltest"
)

// A value that the agreement does not list is most likely a mistake, which an
// empty answer would not show: explain says so, from the agreement alone.
func TestUnlistedValues(t *testing.T) {
	const lists = ": the agreement lists 'east', 'north', 'south' and 'west'."
	db := open(t)
	for condition, want := range map[string][]string{
		"region = 'north'":                                   {},
		"region = 'nroth'":                                   {"No row of orders has 'nroth' as region" + lists},
		"'nroth' = region":                                   {"No row of orders has 'nroth' as region" + lists},
		"region <> 'nroth'":                                  {"No row of orders has 'nroth' as region" + lists},
		"region IN ('north', 'o''n', 'up')":                  {"No row of orders has 'o''n' as region" + lists, "No row of orders has 'up' as region" + lists},
		"region NOT IN ('up') AND region = 'up'":             {"No row of orders has 'up' as region" + lists},
		"CASE region WHEN 'up' THEN 1 ELSE 0 END = 1":        {"No row of orders has 'up' as region" + lists},
		"region LIKE 'up%'":                                  {},
		"lower(region) = 'up'":                               {},
		"region IS NOT NULL AND amount = 20000":              {},
		"region IN ('" + strings.Join(letters, "','") + "')": nil, // see below
	} {
		c, err := compile(db, "client", "SELECT COUNT(*) AS n FROM orders WHERE "+condition)
		if err != nil {
			t.Errorf("%s: %v", condition, err)
			continue
		}
		if want == nil {
			if len(c.Warnings) != 10 {
				t.Errorf("%d warnings of one question", len(c.Warnings))
			}
			continue
		}
		if !slices.Equal(c.Warnings, want) {
			t.Errorf("%s: got %q, want %q", condition, c.Warnings, want)
		}
	}
}

var letters = strings.Split("abcdefghijklmnopqrstuvwxyz", "")

// Of a long list only the beginning is printed.
func TestUnlistedText(t *testing.T) {
	a := sqltest.Agreement()
	column := a.Dataset("orders").Rules.Column("region")
	column.Domain = nil
	for i := range 15 {
		column.Domain = append(column.Domain, fmt.Sprintf("r%02d", i))
	}
	c, err := analysis.Compile(t.Context(), open(t), a, "sha256:00", "client", analysis.Question{SQL: "SELECT region, COUNT(*) AS n FROM orders WHERE region = 'r15' GROUP BY region"})
	if err != nil {
		t.Fatal(err)
	}
	text := analysis.Explain(c, a).Text()
	want := `
Warning
  - No row of orders has 'r15' as region: the agreement lists 'r00', 'r01', 'r02', 'r03',
    'r04', 'r05', 'r06', 'r07', 'r08', 'r09', 'r10', 'r11' and 3 more.

What each owner runs on its own rows
`
	if !strings.Contains(text, want) {
		t.Errorf("got\n%s", text)
	}
}
