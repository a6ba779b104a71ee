package cleanroom

import (
	"slices"
	"testing"

	"parley/analysis/check"
	"parley/analysis/plan"
	"parley/cleanroom/engine"
)

// TestWithinDays refuses what would be too large, in words for the asker.
func TestWithinDays(t *testing.T) {
	t.Parallel()
	if err := withinDays(31, 2_000_000); err != nil {
		t.Error(err)
	}
	err := withinDays(31, 3_000_000)
	const want = "the question needs a number for each of 31 days and about 3000000 units, and one run sends at most 67108864; ask about at most 22 days at a time"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

// TestCutDay takes the day from what an engine calls a group, and refuses what
// is none: the engine's child met hostile input.
func TestCutDay(t *testing.T) {
	t.Parallel()
	l := plan.Local{Groups: []plan.Group{free}, Days: &plan.Days{}}
	texts, day, err := cutDay(l, []engine.Text{{Value: "a"}, {Value: "-3"}})
	if err != nil || day != -3 || len(texts) != 1 || texts[0].Value != "a" {
		t.Errorf("%v %d %v", texts, day, err)
	}
	if _, day, err := cutDay(l, []engine.Text{{Value: "a"}, {Null: true}}); err != nil || day != noDay {
		t.Errorf("%d %v", day, err)
	}
	for _, bad := range [][]engine.Text{{{Value: "a"}}, {{Value: "a"}, {Value: "x"}}, {{Value: "a"}, {Value: "16777217"}}, {{Value: "a"}, {Value: ""}}} {
		if _, _, err := cutDay(l, bad); err == nil {
			t.Errorf("%v was accepted", bad)
		}
	}
}

// TestDaySpread spreads the rows of one unit over the days that they hold for,
// or marks its first day.
func TestDaySpread(t *testing.T) {
	t.Parallel()
	own := &reduced{units: []uint32{7, 7, 7}, group: []uint32{0, 1, 0}, days: []int32{-1, 2, 2}, ints: [][]int64{{1, 2, 3}}}
	state := &plan.Days{State: true, Count: 5, Lo: 0, Hi: 2, Rule: check.EveryRow}
	open := &plan.Days{State: true, Count: 5, Lo: 1, Hi: check.Open, Rule: check.EveryRow}
	events := &plan.Days{Count: 5}
	each := func(of plan.VectorKind, most int64) plan.Vector {
		return plan.Vector{Of: of, MaxAbs: most, Day: plan.EachDay}
	}
	for name, c := range map[string]struct {
		days *plan.Days
		vec  plan.Vector
		want []dayCell
	}{
		"rows":      {state, each(plan.Rows, 9), []dayCell{{0, 0, 1}, {0, 1, 1}, {0, 2, 3}, {0, 3, 3}, {0, 4, 3}, {1, 2, 2}, {1, 3, 2}, {1, 4, 2}}},
		"units":     {state, each(plan.Units, 1), []dayCell{{0, 0, 1}, {0, 1, 1}, {0, 2, 1}, {0, 3, 1}, {0, 4, 1}, {1, 2, 1}, {1, 3, 1}, {1, 4, 1}}},
		"open":      {open, each(plan.Rows, 9), []dayCell{{0, 0, 1}, {0, 1, 1}, {0, 2, 1}, {0, 3, 4}, {0, 4, 4}, {1, 3, 2}, {1, 4, 2}}},
		"shares":    {state, each(plan.Share, 7), []dayCell{{0, 0, 7}, {0, 1, 7}, {0, 2, 4}, {0, 3, 4}, {0, 4, 4}, {1, 2, 3}, {1, 3, 3}, {1, 4, 3}}},
		"no day":    {state, plan.Vector{Of: plan.Units, MaxAbs: 1}, []dayCell{{0, 0, 1}, {1, 0, 1}}},
		"any":       {state, plan.Vector{Of: plan.Units, MaxAbs: 1, Any: true}, []dayCell{{0, 0, 1}}},
		"events":    {events, each(plan.Rows, 9), []dayCell{{0, 2, 3}, {1, 2, 2}}},
		"first day": {events, plan.Vector{Of: plan.Units, MaxAbs: 1, Day: plan.FirstDay}, []dayCell{{0, 2, 1}, {1, 2, 1}}},
	} {
		s := &daySpread{own: own, days: c.days, vec: c.vec}
		if err := s.unit(0, 3); err != nil || !slices.Equal(s.cells, c.want) {
			t.Errorf("%s: got %v, want %v, %v", name, s.cells, c.want, err)
		}
	}
	// The first of a unit's days is the earliest, not the first row's.
	twice := &reduced{units: []uint32{7, 7}, group: []uint32{0, 0}, days: []int32{3, 1}, ints: [][]int64{{1, 2}}}
	first := &daySpread{own: twice, days: events, vec: plan.Vector{Of: plan.Units, MaxAbs: 1, Day: plan.FirstDay}}
	if err := first.unit(0, 2); err != nil || !slices.Equal(first.cells, []dayCell{{0, 1, 1}}) {
		t.Errorf("first day: got %v, %v", first.cells, err)
	}
	// Two days of a unit that add up to more than was declared.
	s := &daySpread{own: own, days: open, vec: each(plan.Rows, 3)}
	if err := s.unit(0, 3); err == nil || err.Error() != "a unit's rows exceeds the bound 3 that the contract declares" {
		t.Errorf("got %v", err)
	}
	// The latest row: group 1 wins the tie on day 2, and ends the first.
	s = &daySpread{own: own, days: &plan.Days{State: true, Count: 5, Lo: 0, Hi: check.Open, Rule: check.LatestRow}, vec: each(plan.Rows, 9), rank: []int{0, 1}}
	if err := s.unit(0, 3); err != nil || !slices.Equal(s.cells, []dayCell{{0, 0, 1}, {0, 1, 1}, {1, 2, 1}, {1, 3, 1}, {1, 4, 1}}) {
		t.Errorf("latest: got %v, %v", s.cells, err)
	}
}
