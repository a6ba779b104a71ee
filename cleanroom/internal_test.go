package cleanroom

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"parley/agreements"
	"parley/analysis"
	"parley/analysis/plan"
	"parley/cleanroom/engine"
	"parley/cleanroom/peer"
	"parley/cleanroom/store"
)

// TestNarrowerLooksAtEverything widens each field of the rules in turn. A
// field that is added later and forgotten in narrower fails here.
func TestNarrowerLooksAtEverything(t *testing.T) {
	t.Parallel()
	rules := func() agreements.Rules {
		return agreements.Rules{Unit: agreements.Unit{Column: "email", Normalisation: agreements.NormEmail, Region: "DE"},
			MinGroupSize: 50, MinSetSize: 2000, MaxRowsPerUnit: 10, Columns: []agreements.Column{{Name: "grp", Type: agreements.Text,
				Uses: []agreements.Use{agreements.Filter, agreements.Measure}, Scale: 1, Min: "0", Max: "9", Domain: []string{"a"},
				Operators: []string{"="}, Clip: "5"}},
			DP:            &agreements.DP{Epsilon: "1", Delta: "0.001", BudgetEpsilon: "10", BudgetDelta: "0.01"},
			GroupsPerUnit: 2, RowsPerUnit: 3, RunsPerDay: 4, ApproveRuns: true, Receivers: []string{"a"}, Functions: []string{"lower"}}
	}
	contract, err := json.Marshal(rules())
	if err != nil {
		t.Fatal(err)
	}
	same := rules()
	if err := narrower(&same, contract); err != nil {
		t.Fatalf("equal rules: %v", err)
	}
	stricter := rules()
	stricter.MinGroupSize, stricter.MinSetSize, stricter.Columns = 60, 3000, nil
	if err := narrower(&stricter, contract); err != nil {
		t.Errorf("stricter rules: %v", err)
	}
	stricter = rules()
	stricter.DP, stricter.GroupsPerUnit, stricter.RowsPerUnit, stricter.RunsPerDay = &agreements.DP{Epsilon: "0.5", Delta: "0.001", BudgetEpsilon: "1", BudgetDelta: "0.001"}, 0, 1, 3
	stricter.Columns[0].Clip = "4.5"
	if err := narrower(&stricter, contract); err != nil {
		t.Errorf("stricter finer rules: %v", err)
	}
	for at, loosen := range map[string]func(*agreements.Rules){
		"no runs a day":      func(r *agreements.Rules) { r.RunsPerDay = 0 },
		"all receivers":      func(r *agreements.Rules) { r.Receivers = nil },
		"all functions":      func(r *agreements.Rules) { r.Functions = nil },
		"all operators":      func(r *agreements.Rules) { r.Columns[0].Operators = nil },
		"no clip":            func(r *agreements.Rules) { r.Columns[0].Clip = "" },
		"clip as a fraction": func(r *agreements.Rules) { r.Columns[0].Clip = "5.01" },
		"dp of none":         func(r *agreements.Rules) { r.DP = agreements.NoDP() },
		"more epsilon":       func(r *agreements.Rules) { r.DP.Epsilon = "1.5" },
	} {
		r := rules()
		if loosen(&r); !errors.Is(narrower(&r, contract), ErrRulesDiffer) {
			t.Errorf("%s: accepted", at)
		}
	}
	widen := func(at string, v reflect.Value, r *agreements.Rules) {
		widenField(v)
		if err := narrower(r, contract); !errors.Is(err, ErrRulesDiffer) {
			t.Errorf("%s was widened: %v", at, err)
		}
	}
	for i := range reflect.TypeFor[agreements.Rules]().NumField() {
		r := rules()
		name := reflect.TypeFor[agreements.Rules]().Field(i).Name
		if name != "Unit" && name != "Columns" {
			field := reflect.ValueOf(&r).Elem().Field(i)
			switch name {
			case "GroupsPerUnit", "RowsPerUnit", "RunsPerDay":
				field.SetInt(field.Int() + 2) // of these, more is wider
			}
			widen(name, field, &r)
		}
	}
	for i := range reflect.TypeFor[agreements.Unit]().NumField() {
		r := rules()
		widen("Unit."+reflect.TypeFor[agreements.Unit]().Field(i).Name, reflect.ValueOf(&r.Unit).Elem().Field(i), &r)
	}
	for i := range reflect.TypeFor[agreements.Column]().NumField() {
		r := rules()
		widen("Column."+reflect.TypeFor[agreements.Column]().Field(i).Name, reflect.ValueOf(&r.Columns[0]).Elem().Field(i), &r)
	}
}

// widenField changes a field to what allows more, or to something else.
func widenField(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() - 1)
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Slice:
		more := reflect.New(v.Type().Elem()).Elem()
		more.SetString("dimension")
		v.Set(reflect.Append(v, more))
	case reflect.Pointer:
		v.SetZero()
	default:
		panic("a field of a kind this test does not know: " + v.Kind().String())
	}
}

var (
	free     = plan.Group{Column: "free", Nullable: true}
	declares = plan.Group{Column: "declared", Domain: []string{"a", "bcd"}}
)

// TestLabels encodes group labels and refuses every other spelling of them.
func TestLabels(t *testing.T) {
	t.Parallel()
	columns := []plan.Group{free, declares}
	for _, v := range [][]engine.Text{
		{{Value: ""}, {Value: "a"}}, {{Null: true}, {Value: "bcd"}}, {{Value: strings.Repeat("ü", 48)}, {Value: "a"}},
	} {
		b, err := encodeLabel(columns, v)
		if err != nil || len(b) != labelSize(columns) {
			t.Fatalf("%d bytes of %d: %v", len(b), labelSize(columns), err)
		}
		got, err := decodeLabel(columns, b)
		if err != nil || !slices.Equal(got, v) {
			t.Errorf("%v became %v: %v", v, got, err)
		}
	}
	if _, err := encodeLabel(columns, []engine.Text{{Value: strings.Repeat("secret", 20)}, {Value: "a"}}); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a long value: %v", err)
	}
	good, err := encodeLabel(columns, []engine.Text{{Value: "x"}, {Value: "a"}})
	if err != nil {
		t.Fatal(err)
	}
	second := 3 + maxLabel
	for name, spoil := range map[string]func([]byte){
		"presence":             func(b []byte) { b[0] = 2 },
		"length":               func(b []byte) { b[1] = 0xff },
		"NULL with text":       func(b []byte) { b[0] = 0 },
		"padding":              func(b []byte) { b[second-1] = 1 },
		"not UTF-8":            func(b []byte) { b[3] = 0xff },
		"outside the domain":   func(b []byte) { b[second+3] = 'z' },
		"NULL where none is":   func(b []byte) { b[second], b[second+2], b[second+3] = 0, 0, 0 },
		"empty, not in domain": func(b []byte) { b[second+2], b[second+3] = 0, 0 },
	} {
		b := slices.Clone(good)
		spoil(b)
		if _, err := decodeLabel(columns, b); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := decodeLabel(columns, good[1:]); err == nil {
		t.Error("a short label was accepted")
	}
}

// TestGroupTable numbers groups: padded to a power of two unless declared, and
// permuted, with every label kept at its number.
func TestGroupTable(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{0: 1, 1: 1, 2: 2, 3: 4, 5: 8, 8: 8, 9: 16} {
		table, err := newGroupTable([]plan.Group{free}, 4096)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if got := table.add(label(t, i)); got != i {
				t.Errorf("label %d got number %d", i, got)
			}
			table.add(label(t, i)) // a second time: no new number
		}
		order, err := table.finish(16)
		if err != nil || len(table.labels) != want {
			t.Fatalf("%d groups became %d, want %d: %v", n, len(table.labels), want, err)
		}
		for old := range n {
			if !bytes.Equal(table.labels[order[old]], label(t, old)) {
				t.Errorf("label %d is not at its new number", old)
			}
		}
		for i, l := range table.labels {
			if got, err := table.text(i); (l == nil) != (err != nil) || (l != nil && got[0].Null) {
				t.Errorf("text of %d: %v %v", i, got, err)
			}
			if len(table.bytes(i)) != labelSize(table.columns) {
				t.Errorf("label %d has another length", i)
			}
		}
		if err := checkGroupCount(table.columns, len(table.labels), 16); err != nil {
			t.Errorf("the partner refuses %d groups: %v", len(table.labels), err)
		}
	}
	nine, _ := newGroupTable([]plan.Group{free}, 4096)
	for i := range 9 {
		nine.add(label(t, i))
	}
	if _, err := nine.finish(15); !errors.Is(err, errTooManyGroups) {
		t.Errorf("16 groups of at most 15: %v", err)
	}
	for _, c := range []struct {
		columns []plan.Group
		n       int
	}{{[]plan.Group{free}, 0}, {[]plan.Group{free}, 3}, {[]plan.Group{free}, 32}, {[]plan.Group{declares}, 1}, {[]plan.Group{declares}, 4}, {nil, 2}} {
		if checkGroupCount(c.columns, c.n, 16) == nil {
			t.Errorf("%d groups were accepted of %v", c.n, c.columns)
		}
	}
}

func label(t *testing.T, i int) []byte {
	t.Helper()
	b, err := encodeLabel([]plan.Group{free}, []engine.Text{{Value: fmt.Sprint("g", i)}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestPermutation draws permutations of four. Each of the 24 comes up in
// 2,400 draws between 40 and 180 times; a fair draw fails that with a
// probability below 10^-6 (binomial, mean 100, deviation 9.8).
func TestPermutation(t *testing.T) {
	t.Parallel()
	count := map[string]int{}
	for range 2400 {
		p, err := permutation(4)
		if err != nil {
			t.Fatal(err)
		}
		count[fmt.Sprint(p)]++
	}
	if len(count) != 24 {
		t.Fatalf("%d permutations of 24", len(count))
	}
	for p, n := range count {
		if n < 40 || n > 180 {
			t.Errorf("%s came up %d times", p, n)
		}
	}
}

// TestEntryBound refuses a number that the cryptography was not sized for,
// without telling it.
func TestEntryBound(t *testing.T) {
	t.Parallel()
	r := &reduced{ints: [][]int64{{3}, {-41}, {2}}}
	for _, c := range []struct {
		of   plan.VectorKind
		want int64
	}{{plan.Units, 1}, {plan.Rows, 3}, {plan.Sum, -41}, {plan.Count, 2}, {plan.HasValue, 1}} {
		v := plan.Vector{Of: c.of, MaxAbs: 41}
		if x, err := r.entry(0, v); err != nil || x != c.want {
			t.Errorf("%s: %d %v", c.of, x, err)
		}
	}
	_, err := r.entry(0, plan.Vector{Of: plan.Sum, MaxAbs: 40})
	if err == nil || err.Error() != "a unit's sum exceeds the bound 40 that the contract declares" {
		t.Errorf("got %v", err)
	}
}

// TestSlotsFile reads back an alignment and refuses damaged ones.
func TestSlotsFile(t *testing.T) {
	t.Parallel()
	a := &alignment{total: 9, slots: []uint32{8, 0}}
	b := encodeSlots(nil, a)
	got, err := decodeSlots(b)
	if err != nil || got.total != 9 || !slices.Equal(got.slots, a.slots) {
		t.Fatalf("%+v %v", got, err)
	}
	for name, bad := range map[string][]byte{"short": b[:len(b)-1], "empty": nil, "other": append([]byte("x"), b[1:]...),
		"slot outside": encodeSlots(nil, &alignment{total: 8, slots: a.slots})} {
		if _, err := decodeSlots(bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestLogged keeps the words of a question out of the log, and the value of a
// panic out of every error.
func TestLogged(t *testing.T) {
	t.Parallel()
	r := &analysis.Refusal{Code: "unknown-column", What: "There is no column `jane@example.com`.", Line: 1, Column: 8}
	if got := logged(errors.Join(fmt.Errorf("x: %w", r), errors.New("y"))); got != "refused: unknown-column at 1:8" {
		t.Errorf("got %s", got)
	}
	err := safely(func() error { panic("jane@example.com") })
	if !errors.Is(err, errPanic) || err.Error() != "this node failed in an unforeseen way; its log says where" {
		t.Errorf("got %v", err)
	}
	if text := logged(err); !strings.HasPrefix(text, "panic (string): ") || strings.Contains(text, "jane") || !strings.Contains(text, "TestLogged") {
		t.Errorf("got %s", text)
	}
}

// TestWordFor maps errors to the words a partner may know: never more.
func TestWordFor(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]string{
		errors.Join(errNotYours, agreements.ErrExpired): peer.RefusedAgreement,
		&analysis.Refusal{}:                             peer.RefusedQuestion,
		&analysis.Refusal{Code: "not-a-receiver"}:       peer.RefusedAgreement,
		fmt.Errorf("%w: x", ErrTooFewUnits):             peer.RefusedDataset,
		ErrContractChanged:                              peer.RefusedDataset,
		ErrNoDataset:                                    peer.RefusedDataset,
		wider("columns"):                                peer.RefusedDataset,
		replaced("orders"):                              peer.RefusedDataset,
		ErrBusy:                                         peer.RefusedBusy,
		ErrPlanDiffers:                                  peer.RefusedPlan,
		ErrNormaliser:                                   peer.RefusedNormaliser,
		store.ErrExists:                                 peer.Failed,
		errors.New("anything else"):                     peer.Failed,
	} {
		if got := wordFor(err); got != want {
			t.Errorf("%v: %s, want %s", err, got, want)
		}
	}
}

// TestOneSignature offers two envelopes at once: one is signed, whichever came
// first, and none after the run has ended. (R45)
func TestOneSignature(t *testing.T) {
	t.Parallel()
	r := &Run{changed: make(chan struct{}), expected: &expectation{}}
	done := make(chan error, 2)
	for _, e := range []string{"first", "second"} {
		go func() { done <- r.sign([]byte(e), nil, nil) }()
	}
	a, b := <-done, <-done
	if (a == nil) == (b == nil) {
		t.Errorf("two receipts: %v, %v", a, b)
	}
	if err := r.sign(r.expected.signed, nil, nil); err != nil {
		t.Errorf("the same again: %v", err)
	}
	if r.signsNoMore() {
		t.Error("a signed run counts as unsigned")
	}
	r = &Run{changed: make(chan struct{}), expected: &expectation{}}
	if !r.signsNoMore() || r.sign([]byte("late"), nil, nil) == nil {
		t.Error("signed after the end")
	}
}
