package garble

import "testing"

// outer is the specification of a left join "members, their sales, those of
// the young and how many have none". Products: 0 the cell's own units, 1 those
// that are matched, 2 the matched under a condition, 3 a sum, 4 the units that
// meet the condition, matched or not, 5 the matched with a row that it leaves
// out.
func outer() Spec {
	return Spec{
		K: 10, Shared: [2]int{1, 1}, Products: []int{23, 23, 23, 64, 23, 23}, Guard: 0,
		Aggregates: []Aggregate{
			{Values: []int{0}, Guard: -1},
			{Values: []int{3}, Guard: 1, Complement: true},
			{Values: []int{3}, Guard: 2, Complement: true, Parts: []Part{{Count: 2, Whole: 4}}, Left: []Left{{AtLeast: []int{5}, Nothing: []int{5}}}},
			{Values: []int{3}, Guard: 4, Complement: true},
		},
		LabelBytes: 4,
	}
}

// TestOuterRules: what an aggregate of an outer join rests on, rule by rule,
// with the cell itself released whatever the other side has.
func TestOuterRules(t *testing.T) {
	const otherUnits = 100
	for _, c := range []struct {
		name                            string
		own, matched, met, meeting, out int64
		other                           uint64
		cell, sum, part                 bool
	}{
		{"all pass", 100, 50, 40, 60, 10, otherUnits, true, true, true},
		{"condition leaves out nobody matched", 100, 50, 50, 60, 0, otherUnits, true, true, true},
		{"own units below k", 9, 0, 0, 0, 0, otherUnits, false, false, false},
		{"nobody matched", 100, 0, 0, 50, 0, otherUnits, true, false, false},
		{"k-1 matched", 100, 9, 9, 50, 0, otherUnits, true, false, false},
		{"all matched (R02)", 60, 60, 30, 45, 30, otherUnits, true, false, false},
		{"k-1 not matched (R02)", 60, 51, 30, 45, 21, otherUnits, true, false, false},
		{"k not matched", 60, 50, 30, 45, 20, otherUnits, true, true, true},
		{"the other side in full", 100, 50, 40, 60, 10, 59, true, false, false},
		{"the other side, k left", 100, 50, 40, 60, 10, 60, true, true, true},
		{"fewer than k meet the condition", 100, 50, 9, 60, 41, otherUnits, true, true, false},
		{"condition leaves out one matched", 100, 50, 49, 90, 1, otherUnits, true, true, false},
		{"all matched meet it, and one has a row that does not", 100, 50, 50, 90, 1, otherUnits, true, true, false},
		{"all matched meet it, and k have such rows", 100, 50, 50, 90, 10, otherUnits, true, true, true},
		{"condition leaves out k matched", 100, 50, 40, 90, 10, otherUnits, true, true, true},
		{"who meets the condition is matched in full", 100, 50, 40, 40, 10, otherUnits, true, true, false},
		{"who meets it, k-1 not matched", 100, 50, 40, 49, 10, otherUnits, true, true, false},
		{"fewer than k meet it at all", 100, 50, 0, 9, 50, otherUnits, true, true, false},
		{"a negative whole", 100, -1, 40, 60, 0, otherUnits, true, false, false},
	} {
		b := &both{spec: outer()}
		b.add(newRNG(60), []int64{c.own, c.matched, c.met, 7, c.meeting, c.out}, uint64(max(c.own, 0)), c.other)
		got := b.clear(t, releaseCircuit(b.spec), 0)
		if !same(got, b.oracle(0)) {
			t.Fatalf("%s: got %+v, want %+v", c.name, got, b.oracle(0))
		}
		if meet := c.cell && c.meeting >= 10 && c.matched >= 0 && c.own-c.matched >= 10 && int64(c.other)-c.matched >= 10; got.Aggregates[3].Pass != meet {
			t.Errorf("%s: those who meet the condition: %v", c.name, !meet)
		}
		if got.Pass != c.cell || got.Aggregates[1].Pass != c.sum || got.Aggregates[2].Pass != c.part {
			t.Errorf("%s: cell %v, sum %v, part %v", c.name, got.Pass, got.Aggregates[1].Pass, got.Aggregates[2].Pass)
		}
	}
}

// TestOuterEndToEnd runs the protocol; a spec that differs in a part alone
// ends in a failed run.
func TestOuterEndToEnd(t *testing.T) {
	b := mixed(newRNG(61), outer(), 40).run(t, 62).must(t)
	for i, r := range b.released {
		if !same(r, b.oracle(i)) {
			t.Fatalf("cell %d: got %+v, want %+v", i, r, b.oracle(i))
		}
	}
	b.checkWireBytes(t)
	for name, change := range map[string]func(*Aggregate){
		"left":       func(a *Aggregate) { a.Left[0].Nothing[0] = 2 },
		"at least":   func(a *Aggregate) { a.Left[0].AtLeast = []int{5, 2} },
		"whole":      func(a *Aggregate) { a.Parts[0].Whole = 0 },
		"complement": func(a *Aggregate) { a.Complement = false },
	} {
		g, e := mixed(newRNG(61), outer(), 3), mixed(newRNG(61), outer(), 3)
		change(&e.spec.Aggregates[2])
		if g.spec.bind([32]byte{}) == e.spec.bind([32]byte{}) {
			t.Errorf("%s: both are bound alike", name)
		}
		runApart(t, g, e)
		if g.errG == nil || g.errE == nil {
			t.Errorf("%s: garbler %v, evaluator %v", name, g.errG, g.errE)
		}
	}
}

// TestOuterCheck: parts that could not be computed are refused.
func TestOuterCheck(t *testing.T) {
	for name, change := range map[string]func(*Spec){
		"count":  func(s *Spec) { s.Aggregates[2].Parts[0].Count = 6 },
		"left":   func(s *Spec) { s.Aggregates[2].Left[0].Nothing[0] = 6 },
		"empty":  func(s *Spec) { s.Aggregates[2].Left[0].AtLeast = nil },
		"whole":  func(s *Spec) { s.Aggregates[2].Parts[0].Whole = -1 },
		"many":   func(s *Spec) { s.Aggregates[2].Parts = make([]Part, maxParts+1) },
		"shared": func(s *Spec) { s.Shared[1] = 9 },
		"noise":  func(s *Spec) { s.Noise = []Noisy{{Product: 0, Threshold: 20}} },
	} {
		s := outer()
		s.Cells = 1
		if err := s.Check(); err != nil {
			t.Fatal(err)
		}
		change(&s)
		if s.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
