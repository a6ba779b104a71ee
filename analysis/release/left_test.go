package release_test

import (
	"errors"
	"testing"

	"parley/analysis/plan"
	"parley/analysis/release"
)

// What an aggregate leaves out of its group is nothing or rows of k units,
// whatever the number of units that meet its condition: here 30 of 30 do.
func TestLeftOutIsJudgedByRows(t *testing.T) {
	const k, left = 10, plan.MeasuresAt + plan.PerMeasure + plan.MeasureLeft
	p := oneOwner()
	p.Output.Columns[4].Aggregate.Left = []plan.Left{{AtLeast: []int{left}, Nothing: []int{left}}}
	for units, want := range map[int64]bool{0: false, 1: true, k - 1: true, k: false, 30: false} {
		r := row("a", 30, 40, 1250, 30, 30, 90, 35, 30)
		r.Ints[left].Value = units
		if got := release1(t, p, r).Rows[0][4].Null; got != want {
			t.Errorf("rows of %d units left out: NULL %v", units, got)
		}
	}
	// All tests must hold.
	p.Output.Columns[4].Aggregate.Left = append(p.Output.Columns[4].Aggregate.Left, plan.Left{AtLeast: []int{0}, Nothing: []int{left}})
	r := row("a", 30, 40, 1250, 30, 30, 90, 35, 30)
	if release1(t, p, r).Rows[0][4].Null {
		t.Error("nothing is left out, and it is NULL")
	}
	for _, wrong := range []plan.Left{{AtLeast: []int{99}, Nothing: []int{0}}, {AtLeast: []int{0}, Nothing: []int{-1}}} {
		p.Output.Columns[4].Aggregate.Left = []plan.Left{wrong}
		if _, err := release.OneOwner(p, []release.Row{r}); !errors.Is(err, release.ErrShape) {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	p.Output.Columns[4].Aggregate.Left = []plan.Left{{}} // it says nothing, so nothing is released
	if !release1(t, p, r).Rows[0][4].Null {
		t.Error("a test without counts passed")
	}
}
