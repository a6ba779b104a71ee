package release_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"parley/agreements"
	"parley/analysis/plan"
	"parley/analysis/release"
)

func text(s string) release.Text { return release.Text{Value: s} }

func ints(vs ...int64) []release.Int {
	out := make([]release.Int, 0, len(vs))
	for _, v := range vs {
		out = append(out, release.Int{Value: v})
	}
	return out
}

// oneOwner is the plan of SELECT region, COUNT(*), COUNT(DISTINCT unit),
// SUM(amount), AVG(items) … GROUP BY region with k = 10; items is nullable.
func oneOwner() *plan.Plan {
	none := plan.Aggregate{Type: agreements.Integer, Measure: -1, Total: -1, Rows: -1, Guard: -1}
	rows, units, sum, avg := none, none, none, none
	rows.Func, units.Func = plan.CountRows, plan.CountUnits
	sum.Func, sum.Type, sum.Scale, sum.Measure = plan.SumOf, agreements.Decimal, 2, 0
	avg.Func, avg.Type, avg.Measure, avg.Nullable = plan.AvgOf, agreements.Decimal, 1, true
	return &plan.Plan{
		Kind: plan.OneOwner, MinGroupSize: 10,
		Locals: []plan.Local{{
			Member: "client", MaxRowsPerUnit: 5,
			Groups: []plan.Group{{Column: "region", Type: agreements.Text}},
			Measures: []plan.Measure{
				{Column: "amount", Type: agreements.Decimal, Scale: 2}, {Column: "items", Nullable: true},
			},
		}},
		Output: plan.Output{Columns: []plan.OutputColumn{
			{Name: "region", Group: &plan.GroupRef{}}, {Name: "n", Aggregate: &rows}, {Name: "units", Aggregate: &units},
			{Name: "sales", Aggregate: &sum}, {Name: "items", Aggregate: &avg},
		}},
	}
}

// row is a line of the engine, each measure a sum and two counts; no unit has a
// row without a value.
func row(label string, units int64, rest ...int64) release.Row {
	all := []int64{units, rest[0]}
	for triple := range slices.Chunk(rest[1:], 3) {
		all = append(append(all, triple...), 0)
	}
	return release.Row{Groups: []release.Text{text(label)}, Ints: ints(all...)}
}

func release1(t *testing.T, p *plan.Plan, rows ...release.Row) *release.Table {
	t.Helper()
	out, err := release.OneOwner(p, rows)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func show(t *testing.T, table *release.Table) string {
	t.Helper()
	var b bytes.Buffer
	if err := table.CSV(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestOneOwner(t *testing.T) {
	// units, rows, then sum, count, units of amount and of items.
	table := release1(t, oneOwner(),
		row("west", 10, 12, -1250, 12, 10, 30, 12, 10),
		row("small", 9, 500, 1, 500, 9, 1, 500, 9),
		row("east", 20, 25, 5, 25, 20, 7, 12, 9), // only 9 units have items
	)
	want := "region,n,units,sales,items\neast,25,20,0.05,\nwest,12,10,-12.50,2.5\n"
	if got := show(t, table); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestThresholdCountsUnits(t *testing.T) {
	p := oneOwner()
	for units := int64(0); units <= 20; units++ {
		table := release1(t, p, row("x", units, 1000, 1, 1000, units, 1, 1000, units))
		if got, want := len(table.Rows) == 1, units >= 10; got != want {
			t.Errorf("%d units: released %v", units, got)
		}
	}
}

// TestWithheldTellsNothing is R23: with undeclared groups, a group that is too
// small and no group at all give the same bytes, also among many small groups
// that an asker adds so that one more seems to tell of nobody.
func TestWithheldTellsNothing(t *testing.T) {
	p := oneOwner()
	answer := func(rows ...release.Row) []byte {
		b, err := release1(t, p, rows...).Canonical()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	rows := []release.Row{row("big", 30, 30, 1, 30, 30, 1, 30, 30)}
	for range 500 {
		some, none := answer(append(rows, row("rare", 1, 1, 1, 1, 1, 1, 1, 1))...), answer(rows...)
		if !bytes.Equal(some, none) {
			t.Fatalf("a small group shows:\n%s\n%s", some, none)
		}
		rows = append(rows, row("small", 9, 9, 1, 9, 9, 1, 9, 9))
	}
}

// TestTooLarge is R08: a sum beyond 64 bits (NULL, with a count) fails only
// where it could be released.
func TestTooLarge(t *testing.T) {
	wide := func(units, withItems int64) []release.Row {
		r := row("x", units, 12, 0, 12, units, 0, 12, withItems)
		r.Ints[6].Null = true // the sum of items
		return []release.Row{r}
	}
	for _, withheld := range [][]release.Row{wide(9, 9), wide(12, 9)} {
		if _, err := release.OneOwner(oneOwner(), withheld); err != nil {
			t.Errorf("%v units: %v", withheld[0].Ints[0], err)
		}
	}
	if _, err := release.OneOwner(oneOwner(), wide(10, 10)); !errors.Is(err, release.ErrTooLarge) {
		t.Errorf("a released sum: %v", err)
	}
}

func TestWithheld(t *testing.T) {
	small := func(units ...int64) []release.Row {
		var out []release.Row
		for _, u := range units {
			out = append(out, row("s", u, u, 1, u, u, 1, u, u))
		}
		return out
	}
	for _, c := range []struct {
		name   string
		change func(*plan.Plan)
		rows   []release.Row
		want   release.Withheld
	}{
		{"none", func(*plan.Plan) {}, nil, release.Withheld{Is: release.NotStated}},
		{"few", func(*plan.Plan) {}, small(9, 9), release.Withheld{Is: release.NotStated}},
		{"many", func(*plan.Plan) {}, small(slices.Repeat([]int64{9}, 500)...), release.Withheld{Is: release.NotStated}},
		{"public", func(p *plan.Plan) { p.PublicData = true }, small(1), release.Withheld{Is: release.Exactly, Count: 1}},
		{"declared", func(p *plan.Plan) {
			p.Locals[0].Groups[0].Domain = []string{"a", "b", "s"}
		}, append(small(1), row("a", 10, 10, 1, 10, 10, 1, 10, 10)), release.Withheld{Is: release.Exactly, Count: 2}},
		{"declared and NULL", func(p *plan.Plan) {
			p.Locals[0].Groups[0].Domain, p.Locals[0].Groups[0].Nullable = []string{"a", "b", "s"}, true
		}, nil, release.Withheld{Is: release.Exactly, Count: 4}},
	} {
		p := oneOwner()
		c.change(p)
		if got := release1(t, p, c.rows...).Withheld; got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestShapes(t *testing.T) {
	if _, err := release.OneOwner(oneOwner(), []release.Row{{Groups: nil, Ints: ints(99, 1)}}); !errors.Is(err, release.ErrShape) {
		t.Errorf("short row: %v", err)
	}
	if _, err := release.Join(oneOwner(), "client", nil); !errors.Is(err, release.ErrShape) {
		t.Errorf("wrong kind: %v", err)
	}
	p := oneOwner()
	p.Output.OrderBy = []plan.Order{{Column: 5}}
	if _, err := release.OneOwner(p, nil); !errors.Is(err, release.ErrShape) {
		t.Errorf("order by nothing: %v", err)
	}
}

// join is the plan of SELECT segment, campaign, AVG(items) … of W = agency
// (campaign) and V = client (segment).
func join() *plan.Plan {
	avg := plan.Aggregate{Func: plan.AvgOf, Type: agreements.Decimal, Scale: 1, Measure: -1, Total: 1, Rows: 2, Guard: 3}
	return &plan.Plan{
		Kind: plan.Join, MinGroupSize: 10,
		Locals: []plan.Local{
			{Member: "agency", Groups: []plan.Group{{Column: "campaign", Type: agreements.Text}}},
			{Member: "client", Groups: []plan.Group{{Column: "segment", Type: agreements.Integer}}},
		},
		Secure: &plan.Secure{W: 0, V: 1, Products: make([]plan.Product, 4)},
		Output: plan.Output{Columns: []plan.OutputColumn{
			{Name: "segment", Group: &plan.GroupRef{Local: 1}}, {Name: "campaign", Group: &plan.GroupRef{Local: 0}},
			{Name: "mean", Aggregate: &avg},
		}},
	}
}

func cell(t *testing.T, p *plan.Plan, w, v string, total int64, met bool) release.Cell {
	t.Helper()
	c, err := release.NewCell(p, []release.Text{text(w)}, []release.Text{text(v)}, true,
		[]int64{30, total, 4, 12}, []bool{true, false, false, met})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestJoin(t *testing.T) {
	p := join()
	cells := []release.Cell{
		cell(t, p, "spring", "10", 10, true), cell(t, p, "autumn", "9", 99, false),
		{Groups: []release.Text{text("secret")}}, {}, {Padding: true},
	}
	table, err := release.Join(p, "agency", cells)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := show(t, table), "segment,campaign,mean\n9,autumn,\n10,spring,0.25\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if want := (release.Withheld{Is: release.AtMost, Count: 2}); table.Withheld != want {
		t.Errorf("withheld %+v, want %+v", table.Withheld, want)
	}
	p.Locals[1].Groups[0].Domain = []string{"9", "10"}
	if table, err = release.Join(p, "agency", cells); err != nil || table.Withheld.Is != release.Exactly {
		t.Errorf("declared: %+v, %v", table.Withheld, err)
	}
	if _, err := release.NewCell(p, nil, nil, true, []int64{1}, []bool{true}); !errors.Is(err, release.ErrShape) {
		t.Errorf("missing products: %v", err)
	}
}

func TestOrderAndLimit(t *testing.T) {
	labels := func(change func(*plan.Output)) string {
		p := join()
		change(&p.Output)
		cells := []release.Cell{
			cell(t, p, "b", "10", 10, true), cell(t, p, "a", "9", 10, true), cell(t, p, "c", "-2", 30, true), cell(t, p, "d", "9", 0, false),
		}
		table, err := release.Join(p, "agency", cells)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, r := range table.Rows {
			out = append(out, r[1].Text)
		}
		return strings.Join(out, "")
	}
	for _, c := range []struct {
		want  string
		order []plan.Order
		limit int
	}{
		{"cadb", nil, 0}, // numbers by value, ties by the next column
		{"badc", []plan.Order{{Column: 0, Desc: true}}, 0},
		{"abcd", []plan.Order{{Column: 2}, {Column: 1}}, 0},
		{"cabd", []plan.Order{{Column: 2, Desc: true}}, 0}, // NULL last either way
		{"dca", []plan.Order{{Column: 2, Desc: true, NullsFirst: true}}, 3},
	} {
		if got := labels(func(o *plan.Output) { o.OrderBy, o.Limit = c.order, c.limit }); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.order, got, c.want)
		}
	}
}

func TestExactNumbers(t *testing.T) {
	p := oneOwner()
	table := release1(t, p, row("x", 10, math.MaxInt64, math.MinInt64, 1, 10, math.MaxInt64, 1, 10))
	want := "x,9223372036854775807,10,-92233720368547758.08,9223372036854776000\n"
	if got := strings.SplitN(show(t, table), "\n", 2)[1]; got != strings.Replace(want, "9223372036854776000", "9.223372036854776e+18", 1) {
		t.Errorf("got %s", got)
	}
	canonical, err := table.Canonical()
	if err != nil || !bytes.Contains(canonical, []byte(`"-92233720368547758.08"`)) {
		t.Errorf("canonical: %s %v", canonical, err)
	}
	var b bytes.Buffer
	if err := table.JSON(&b); err != nil || !strings.Contains(b.String(), `"sales": -92233720368547758.08`) {
		t.Errorf("json: %s %v", b.String(), err)
	}
}

// TestFormulas is R63 for CSV.
func TestFormulas(t *testing.T) {
	p := oneOwner()
	p.Output.Columns = slices.Clone(p.Output.Columns[:2])
	p.Output.Columns[0].Name = "=cmd"
	for label, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", " =x": "' =x", "＝x": "'＝x",
		"plain": "plain", "a,\"b": `"a,""b"`, "": "",
	} {
		table := release1(t, p, row(label, 10, -5, 0, 0, 0, 0, 0, 0))
		got := strings.Split(show(t, table), "\n")
		if got[0] != "'=cmd,n" || strings.Trim(strings.TrimSuffix(got[1], ",-5"), `"`) != strings.Trim(want, `"`) {
			t.Errorf("%q: got %q, want %q", label, got, want)
		}
	}
}

func TestText(t *testing.T) {
	table := release1(t, oneOwner(), row("no\x1b[31mrth", 30, 31, -5, 31, 30, 1, 31, 9))
	var b bytes.Buffer
	if err := table.Text(&b); err != nil {
		t.Fatal(err)
	}
	want := `region       n  units  sales  items
----------  --  -----  -----  -----
no?[31mrth  31     30  -0.05   NULL
Groups of fewer than 10 people or things are withheld; how many there are is not stated.
NULL: there is no value, or fewer than 10 people or things are behind it.
Threshold only, not differentially private.
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestNotes(t *testing.T) {
	for want, table := range map[string]release.Table{
		"Withheld: 1 group (minimum group size 10); it may be empty.":                    {MinGroupSize: 10, Withheld: release.Withheld{Is: release.Exactly, Count: 1}},
		"Withheld: 9 groups (minimum group size 10); empty groups may be among them.":    {MinGroupSize: 10, Withheld: release.Withheld{Is: release.Exactly, Count: 9}},
		"Withheld: 0 groups (minimum group size 10).":                                    {MinGroupSize: 10, Withheld: release.Withheld{Is: release.Exactly}},
		"Withheld: at most 7 groups (minimum group size 2); some of them may not exist.": {MinGroupSize: 2, PublicData: true, Withheld: release.Withheld{Is: release.AtMost, Count: 7}},
	} {
		notes := table.Notes()
		if notes[0] != want || (len(notes) == 3) != table.PublicData {
			t.Errorf("got %q, want %q", notes, want)
		}
	}
}

func TestCanonicalReadsBack(t *testing.T) {
	table := release1(t, oneOwner(), row("a", 10, 11, math.MaxInt64, 11, 10, 1, 1, 1))
	raw, err := table.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"columns":[{"name":"region","scale":0,"type":"text"},{"name":"n","scale":0,"type":"integer"},` +
		`{"name":"units","scale":0,"type":"integer"},{"name":"sales","scale":2,"type":"decimal"},{"name":"items","scale":0,"type":"double"}],` +
		`"minGroupSize":10,"publicData":false,"rows":[["a","11","10","92233720368547758.07",null]],"withheld":{"count":0,"is":"not stated"}}`
	if string(raw) != want {
		t.Errorf("got  %s\nwant %s", raw, want)
	}
	var back release.Table
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	first, err := table.Hash()
	if err != nil {
		t.Fatal(err)
	}
	if second, err := back.Hash(); err != nil || first != second {
		t.Errorf("read back, it has another hash (%v)", err)
	}
}
