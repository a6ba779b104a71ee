package catalog

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"parley/agreements"
)

var update = flag.Bool("update", false, "write the golden files")

// edit is a change to the example contract.
type edit struct{ name, old, new string }

func (e edit) apply(t *testing.T) []byte {
	t.Helper()
	if e.old == "" {
		return []byte(e.new)
	}
	if strings.Count(Example(), e.old) == 0 {
		t.Fatalf("%s: the example has no %q", e.name, e.old)
	}
	return []byte(strings.Replace(Example(), e.old, e.new, 1))
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	g, w := strings.Split(got, "\n== "), strings.Split(string(want), "\n== ")
	for i := range max(len(g), len(w)) {
		if i >= len(g) || i >= len(w) || g[i] != w[i] {
			t.Fatalf("%s differs:\ngot\n%s\nwant\n%s", file, at(g, i), at(w, i))
		}
	}
}

func at(s []string, i int) string {
	if i < len(s) {
		return s[i]
	}
	return "(nothing)"
}

const role = "value: [dimension, filter]\n"

var good = []edit{
	{"example", "\n", "\n"},
	{"parquet elsewhere", "path: orders.csv            # relative to this file, or absolute\n    format: csv", "path: /srv/data/o.parquet\n    format: parquet"},
	{"duckdb table", "format: csv                 # csv, parquet, json or duckdb\nschema:\n  - name: orders                # the table's name in SQL", "format: duckdb\nschema:\n  - name: orders\n    physicalName: Orders 2024"},
	{"phone with region", "value: email/v1 ", "value: phone-e164/v1\n          - property: region\n            value: DE #"},
	{"phone without region", "value: email/v1 ", "value: phone-e164/v1 #"},
	{"hashed key", "value: email/v1 ", "value: sha256/v1 #"},
	{"public data", Example()[strings.Index(Example(), "\ncustomProperties:"):], "\ncustomProperties: [{property: minGroupSize, value: 2}, {property: publicData, value: true}, {property: minSetSize, value: 5}, {property: x-note, value: 1}]\n"},
	{"defaults", Example()[strings.Index(Example(), "\ncustomProperties:"):], "\n"},
	{"terms on the table", "    properties:\n", "    customProperties:\n      - {property: somethingElse, value: kept}\n    properties:\n"},
	{"fractional bounds", "minimum: 0\n          maximum: 5000", "minimum: -12.5\n          maximum: 99.99"},
	{"integer measure", "      - name: ordered_on\n", "      - name: pieces\n        logicalType: integer\n        logicalTypeOptions: {minimum: -5, maximum: 20}\n        customProperties: [{property: roomRole, value: [measure, filter]}]\n      - name: ordered_on\n"},
	{"optional column", "        required: true          # empty values refuse the import\n", ""},
	{"date bounds", "logicalType: date\n", "logicalType: date\n        logicalTypeOptions: {minimum: 2024-01-01, maximum: 2024-12-31}\n"},
	{"quality and more", "servers:\n", "support:\n  - {channel: mail, url: 'mailto:a@b.c'}\nteam: {name: data, members: [{username: ann, dateIn: 2024-01-31}]}\nroles: [{role: reader}]\nslaProperties: [{property: frequency, value: 1, unit: d}]\nprice: {priceAmount: 0, priceCurrency: EUR}\ntags: [a]\nservers:\n"},
	{"quality rules", "    properties:\n", "    quality:\n      - {metric: rowCount, mustBeGreaterThan: 10}\n      - {type: sql, query: SELECT 1, mustBe: 1}\n      - {type: text, description: clean}\n      - {type: custom, engine: soda, implementation: x}\n    properties:\n"},
	{"noise", "  - property: runsPerDay ", "  - property: dp\n    value: {epsilon: 0.5, delta: 0.000001, budgetEpsilon: 10, budgetDelta: '0.00001', periodDays: 90, adHocOnly: true}\n  - property: runsPerDay #"},
	{"noise of none", "  - property: runsPerDay ", "  - {property: dp, value: none}\n  - property: runsPerDay #"},
	{"receivers", "  - property: runsPerDay ", "  - {property: receivers, value: [Client, Bank of X]}\n  - property: runsPerDay #"},
	{"clip in quotes", "            value: 400\n", "            value: '999.50'\n"},
	{"approval", "property: approveRuns       # true: each run waits until one of you approves it\n    value: false", "property: approveRuns\n    value: true"},
	{"references", "      - name: category\n", "      - name: category\n        relationships: [{to: categories.id}]\n"},
}

func TestGood(t *testing.T) {
	var b strings.Builder
	for _, e := range good {
		yaml := e.apply(t)
		c, err := Load(yaml)
		if err != nil {
			t.Errorf("%s: %v", e.name, err)
			continue
		}
		rules, err := c.Rules()
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.MarshalIndent(rules, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		path, format, table := c.Source()
		fmt.Fprintf(&b, "\n== %s\n%s %s from %s (%s, %s)\n%s\n%s\n", e.name, c.Name(), c.Version(), path, format, table, c.Hash(), text)
	}
	golden(t, "testdata/good.golden", b.String())
}

func TestBad(t *testing.T) {
	var b strings.Builder
	for _, e := range bad {
		_, err := Load(e.apply(t))
		if err == nil {
			t.Errorf("%s was accepted", e.name)
			continue
		}
		fmt.Fprintf(&b, "\n== %s\n%v\n", e.name, err)
	}
	golden(t, "testdata/bad.golden", b.String())
}

// TestHash: layout and comments do not count, every value does.
func TestHash(t *testing.T) {
	load := func(yaml string) string {
		c, err := Load([]byte(yaml))
		if err != nil {
			t.Fatal(err)
		}
		return c.Hash()
	}
	base := load(Example())
	if got := load(strings.ReplaceAll(Example(), "  # ", "      # more ")); got != base {
		t.Error("a comment changed the hash")
	}
	c, _ := Load([]byte(Example()))
	if got := load(string(c.Canonical())); got != base {
		t.Error("the canonical form hashes differently")
	}
	if got := load(strings.Replace(Example(), "maximum: 5000", "maximum: 5000.0", 1)); got != base {
		t.Error("5000.0 and 5000 are the same number and hash differently")
	}
	for _, e := range []edit{{"", "maximum: 5000", "maximum: 5001"}, {"", "No orders", "Orders"}, {"", "value: false", "value: true"}, {"", "games", "Games"}} {
		if load(string(e.apply(t))) == base {
			t.Errorf("%q did not change the hash", e.new)
		}
	}
}

func TestRulesAreCopies(t *testing.T) {
	c, err := Load([]byte(Example()))
	if err != nil {
		t.Fatal(err)
	}
	r, _ := c.Rules()
	r.Columns[0].Uses[0], r.Columns[0].Domain[0] = agreements.Measure, "x"
	if again, _ := c.Rules(); again.Columns[0].Uses[0] != agreements.Dimension || again.Columns[0].Domain[0] != "books" {
		t.Error("a caller changed the contract's rules")
	}
	if got := c.SourcePath("/srv/contracts"); got != "/srv/contracts/orders.csv" {
		t.Errorf("source path %q", got)
	}
	if _, err := new(Contract).Rules(); err == nil {
		t.Error("rules of an empty contract")
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(Example()))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, yaml []byte) {
		if c, err := Load(yaml); err == nil {
			if _, err := Load(c.Canonical()); err != nil {
				t.Errorf("the canonical form is refused: %v", err)
			}
		}
	})
}
