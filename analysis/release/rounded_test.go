package release

import (
	"strings"
	"testing"

	"parley/agreements"
)

// The table rounds what has sixteen digits, and nothing else does.
func TestRounded(t *testing.T) {
	for _, c := range []struct{ given, want []string }{
		{[]string{"76022.2839563492", "67285.00815873015"}, []string{"76022.28", "67285.01"}},
		{[]string{"7.033350125944584", "12.5"}, []string{" 7.033", "12.500"}},
		{[]string{"0.0574324", "-2.5", "0"}, []string{" 0.05743", "-2.50000", " 0.00000"}},
		{[]string{"1234.5", "0.00000049"}, []string{"1234.500000", " 0.00000049"}},
		{[]string{"1e-9", "2e+20"}, []string{" 1e-9", "2e+20"}},
	} {
		table := &Table{Columns: []Column{{Name: "x", Type: Double}}, MinGroupSize: 50}
		for _, s := range c.given {
			table.Rows = append(table.Rows, []Value{{Text: s}})
		}
		text, csv := rendered(t, table)
		lines := strings.Split(text, "\n")[2:]
		for i, want := range c.want {
			if strings.TrimSpace(lines[i]) != strings.TrimSpace(want) {
				t.Errorf("%v: line %d is %q, want %q", c.given, i, lines[i], want)
			}
			if bare := c.given[i]; !strings.Contains(csv, bare) {
				t.Errorf("CSV lost digits of %s:\n%s", bare, csv)
			}
		}
	}
	table := &Table{Columns: []Column{{Name: "s", Type: agreements.Decimal, Scale: 2}, {Name: "m", Type: Double, Noisy: true}}, MinGroupSize: 50, Noise: "noise",
		Rows: [][]Value{{{Text: "128181.33"}, {Text: "48.465381178441774", PlusMinus: "1.9569564613183934"}}}}
	if text, csv := rendered(t, table); !strings.Contains(text, "128181.33  48.47 ± 1.96\n") || !strings.Contains(csv, "48.465381178441774,1.9569564613183934") {
		t.Errorf("text:\n%s\ncsv:\n%s", text, csv)
	}
}

// What NULL stands for is said where there is one.
func TestNullIsExplained(t *testing.T) {
	const note = "NULL: there is no value, or fewer than 50 people or things are behind it."
	table := &Table{Columns: []Column{{Name: "x", Type: Double}}, MinGroupSize: 50, Rows: [][]Value{{{Null: true}}}}
	if text, _ := rendered(t, table); !strings.Contains(text, note) {
		t.Errorf("not explained:\n%s", text)
	}
	table.Rows[0][0] = Value{Text: "1"}
	if text, _ := rendered(t, table); strings.Contains(text, "NULL") {
		t.Errorf("explained without need:\n%s", text)
	}
}

func rendered(t *testing.T, table *Table) (text, csv string) {
	t.Helper()
	var a, b strings.Builder
	if err := table.Text(&a); err != nil {
		t.Fatal(err)
	}
	if err := table.CSV(&b); err != nil {
		t.Fatal(err)
	}
	return a.String(), b.String()
}
