package random

import (
	"fmt"
	"testing"

	"parley/agreements"
	ct "parley/cleanroom/cleanroomtest"
)

// handMade is a public table of one row a person, with nothing but a key.
func handMade(owner, name, region string, keys ...string) *table {
	t := &table{name: name, owner: owner, format: "csv", unit: "phone", norm: agreements.NormPhone, region: region,
		public: true, minSet: 1, maxRows: 1, keyType: "VARCHAR",
		columns: []*column{{name: "city", typ: agreements.Text, uses: []agreements.Use{agreements.Dimension}, pool: []string{"x"}}}}
	for _, k := range keys {
		t.rows = append(t.rows, []*string{ptr(k), ptr("x")})
	}
	return t
}

// Two owners of two countries write numbers without a country code each in
// their own way. The units are the same E.164 numbers, so the join must go on;
// it was refused because the region was taken for a part of the rule.
func TestPhonesOfTwoRegionsMeet(t *testing.T) {
	w := &world{k: 2, tables: []*table{
		handMade("north", "n0", "DE", "0151 1000002", "+49 151 1000004", "001 212 500 0001", "0151 1000006"),
		handMade("south", "s0", "US", "011 49 151 1000002", "+491511000004", "(212) 500-0001", "212-500-0003"),
	}}
	s := setUp(t, ct.Engine(), w)
	q := &question{tables: w.tables, items: []item{{fn: "units", name: "both"}}}
	how := style{alias: []string{"n0", "s0"}, join: "on", innerWord: "JOIN", qualify: true}
	for _, q.asker = range []string{"north", "south"} {
		s.check(t, q, how, &coverage{})
	}
	if want := s.judge.expect(t, w, q, how); len(want.rows) != 1 || fmt.Sprint(*want.rows[0][0]) != "3" {
		t.Errorf("plain DuckDB has %s; three of four should meet", showRows(want.rows))
	}
}
