package agreements

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// A lawyer reads what changed; every edit shows, and nothing that is the same.
func TestDiff(t *testing.T) {
	a := edited(t)
	for _, c := range []struct {
		edit []string
		want string
	}{
		{nil, "The two say the same.\n"},
		{[]string{"minGroupSize: 50", "minGroupSize: 25"}, "Minimum group size: 50 → 25\n"},
		{[]string{"minGroupSize: 60", "minGroupSize: 70"}, "Dataset orders: its owner's minimum group size: 60 → 70\n"},
		{[]string{"dp: none", `dp: {epsilon: "1", delta: "0.5", budgetEpsilon: "1", budgetDelta: "0.5"}`}, "Differential privacy (noise): none → nothing\n" +
			"Delta of all runs together: nothing → 0.5\nEpsilon of all runs together: nothing → 1\nDelta of a run: nothing → 0.5\nEpsilon of a run: nothing → 1\n"},
		{[]string{"2027-01-01", "2028-01-01"}, "Ends: 2027-01-01T00:00:00Z → 2028-01-01T00:00:00Z\n"},
		{[]string{"uses: [measure, filter], min", "uses: [measure], min", `, operators: [">", ">=", between]`, ""},
			"Dataset orders, column amount: tests allowed: >, >=, between → nothing\nDataset orders, column amount: may be used for: measure, filter → measure\n"},
		{[]string{"  No other use is agreed.", "  Any use is agreed."}, "Purpose:\n  - Measure how many buyers each spring campaign reached, and what they bought.\n  - No other use is agreed.\n" +
			"  + Measure how many buyers each spring campaign reached, and what they bought.\n  + Any use is agreed.\n"},
		{[]string{"        - {name: returned, type: boolean, uses: [filter]}\n", ""},
			"Dataset orders, column returned: name: returned → nothing\nDataset orders, column returned: type: boolean → nothing\nDataset orders, column returned: may be used for: filter → nothing\n"},
		{[]string{"address: parley.agency.example:7400", "address: parley.agency.example:7401"}, "Member agency: address: parley.agency.example:7400 → parley.agency.example:7401\n"},
		{[]string{"min: \"2026-01-01\", max: \"2026-12-31\"}\n      - {name: least, type: decimal, values: [\"0.00\", \"50.00\"], default: \"0.00\"}",
			"min: \"2026-01-01\", max: \"2026-12-31\"}\n      - {name: least, type: decimal, values: [\"0.00\", \"50.00\"]}"},
			"Approved analysis sales, parameter least: value unless said otherwise: 0.00 → nothing\n"},
	} {
		d, err := Diff(a, edited(t, c.edit...))
		must(t, err)
		if got := DiffText(d); got != c.want {
			t.Errorf("%q:\ngot  %s\nwant %s", c.edit, got, c.want)
		}
	}
	b := edited(t)
	b.Members[0], b.Members[1] = b.Members[1], b.Members[0]
	d, err := Diff(a, b)
	must(t, err)
	if got, want := DiffText(d), "Order of the members: agency, client → client, agency\n"; got != want {
		t.Errorf("%s", got)
	}
}

// Every field of the format has words, so that one added later cannot change
// without a reader seeing what it is.
func TestFieldWords(t *testing.T) {
	var walk func(p string, ty reflect.Type)
	seen := map[string]bool{}
	leaf := func(p string) {
		seen[p] = true
		if fieldWords[p] == "" {
			t.Errorf("%s has no words", p)
		}
	}
	walk = func(p string, ty reflect.Type) {
		switch {
		case ty == reflect.TypeFor[time.Time]():
			leaf(p)
		case ty.Kind() == reflect.Pointer:
			if ty == reflect.TypeFor[*DP]() {
				leaf(p)
			}
			walk(p, ty.Elem())
		case ty.Kind() == reflect.Slice && ty.Elem().Kind() == reflect.Struct:
			if itemKinds[p].key == "" {
				t.Errorf("items of %s are not told apart", p)
			}
			leaf(p + ".order")
			walk(p, ty.Elem())
		case ty.Kind() == reflect.Struct:
			for i := range ty.NumField() {
				name, _, _ := strings.Cut(ty.Field(i).Tag.Get("json"), ",")
				walk(strings.TrimPrefix(p+"."+name, "."), ty.Field(i).Type)
			}
		default:
			leaf(p)
		}
	}
	walk("", reflect.TypeFor[Agreement]())
}
