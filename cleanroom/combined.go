package cleanroom

import (
	"crypto/rand"
	"io"
	mathrand "math/rand/v2"

	"parley/analysis/plan"
	"parley/cleanroom/history"
	"parley/internal/weak"
)

// released is a number of an answer: what of this owner's rows it adds up, and
// what kind of number of the other owner's that is multiplied with, if any. Two
// numbers can only be subtracted from each other if that is the same for both.
type released struct {
	vector plan.Vector
	times  string
}

// releasedBy are the numbers that a plan's answer is made of, of one owner.
func releasedBy(p *plan.Plan, owner int) []released {
	var out []released
	seen := map[released]bool{}
	add := func(v plan.Vector, times string) {
		r := released{plan.Vector{Of: v.Of, Measure: v.Measure}, times}
		if !seen[r] {
			seen[r] = true
			out = append(out, r)
		}
	}
	for _, c := range p.Output.Columns {
		a := c.Aggregate
		switch {
		case a == nil:
		case p.Secure == nil:
			for _, v := range ownerNumbers(a) {
				add(v, "")
			}
		default:
			products := []int{a.Total}
			if a.Rows >= 0 {
				products = append(products, a.Rows)
			}
			if a.Squares > 0 {
				products = append(products, a.Squares)
			}
			for _, product := range products {
				mine, theirs := vectorsIn(p.Secure, p.Secure.Products[product], owner)
				if mine != nil {
					add(*mine, timesOf(theirs))
				}
			}
		}
	}
	return out
}

// ownerNumbers are the numbers behind an aggregate of a one-owner plan.
func ownerNumbers(a *plan.Aggregate) []plan.Vector {
	units, rows := plan.Vector{Of: plan.Units}, plan.Vector{Of: plan.Rows}
	if a.Measure >= 0 {
		units, rows = plan.Vector{Of: plan.HasValue, Measure: a.Measure}, plan.Vector{Of: plan.Count, Measure: a.Measure}
	}
	sum := plan.Vector{Of: plan.Sum, Measure: a.Measure}
	switch {
	case a.Func == plan.CountUnits:
		return []plan.Vector{units}
	case a.Func == plan.CountRows:
		return []plan.Vector{rows}
	case a.Func == plan.AvgOf:
		return []plan.Vector{sum, rows}
	case a.Func.Spread():
		return []plan.Vector{sum, rows, {Of: plan.Sum, Measure: a.Squares}}
	}
	return []plan.Vector{sum}
}

// vectorsIn are this owner's and the other's vector of a product, nil for none.
func vectorsIn(s *plan.Secure, p plan.Product, owner int) (mine, theirs *plan.Vector) {
	var w, v *plan.Vector
	if p.Weight != plan.Own {
		w = &s.Weights[p.Weight]
	}
	if p.Value != plan.Own {
		v = &s.Values[p.Value]
	}
	if owner == s.W {
		return w, v
	}
	return v, w
}

func timesOf(v *plan.Vector) string {
	switch {
	case v == nil:
		return ""
	case kindOf(*v) == history.Units:
		return "units"
	case v.Of == plan.Sum:
		return "sums"
	}
	return "rows"
}

// combinedFew tells whether an answer's numbers can be added and subtracted, in
// a group, into one about fewer than k units (R01, R02). What the release
// withholds is left out of that. decided is false where it was not found out.
func combinedFew(own *reduced, local *plan.Local, numbers []released, k int) (few, decided bool, err error) {
	if len(numbers) < 2 || weak.Off("R01") {
		return false, true, nil
	}
	var key [32]byte
	if _, err := io.ReadFull(rand.Reader, key[:]); err != nil {
		return false, false, err
	}
	rnd := mathrand.New(mathrand.NewChaCha8(key))
	scopes, err := scopesOf(own, local, numbers, k)
	if err != nil {
		return false, false, err
	}
	decided = true
	for _, of := range alike(local, numbers) {
		for g := range scopes.entries {
			entries, columns := scopes.entries[g], scopes.withinAnswer(g, of)
			close, sure := history.Combined(history.Numbers{Entries: len(entries), Columns: len(columns),
				Unit:  func(e int) uint32 { return own.units[entries[e]] },
				Value: func(e, c int) int64 { return scopes.columns[columns[c]][entries[e]] }}, k, rnd)
			if close {
				return true, true, nil
			}
			decided = decided && sure
		}
	}
	return false, decided, nil
}

// alike puts together the numbers that can be subtracted from each other. A sum
// of what is 1 at most is a count of rows.
func alike(local *plan.Local, numbers []released) [][]released {
	type key struct {
		kind  history.Kind
		times string
	}
	at := map[key]int{}
	var out [][]released
	add := func(k key, r released) {
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k], out = i, append(out, nil)
		}
		out[i] = append(out[i], r)
	}
	for _, r := range numbers {
		add(key{kindOf(r.vector), r.times}, r)
		if r.vector.Of == plan.Sum && local.Measures[r.vector.Measure].MaxAbs == 1 {
			add(key{history.Rows, r.times}, r)
		}
	}
	return out
}

// scopes are the groups that can be released, each with its entries, and the
// vectors that matter, entry by entry.
type scopes struct {
	k       uint64
	local   *plan.Local
	sizes   []uint64
	entries [][]uint32
	columns map[plan.Vector][]int64
	support map[plan.Vector][]uint64 // by group: units that are not 0
}

func scopesOf(own *reduced, local *plan.Local, numbers []released, k int) (*scopes, error) {
	s := &scopes{k: uint64(k), local: local, sizes: own.sizes, entries: make([][]uint32, len(own.sizes)),
		columns: map[plan.Vector][]int64{}, support: map[plan.Vector][]uint64{}}
	for e, g := range own.group {
		if own.sizes[g] >= s.k {
			s.entries[g] = append(s.entries[g], uint32(e))
		}
	}
	for _, r := range numbers {
		for _, v := range append(s.tests(r.vector), r.vector) {
			if err := s.read(own, v); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// tests are the vectors that decide whether a number is withheld: who has a
// value at all, and whom a condition leaves out.
func (s *scopes) tests(v plan.Vector) []plan.Vector {
	if v.Of == plan.Units || v.Of == plan.Rows || v.Of == plan.Share || v.Of == plan.NoRow {
		return nil
	}
	out := []plan.Vector{{Of: plan.HasValue, Measure: v.Measure}}
	switch m := &s.local.Measures[v.Measure]; {
	case m.Conditional && m.Unmet > 0:
		return append(out, plan.Vector{Of: plan.HasValue, Measure: m.Unmet - 1})
	case m.Conditional && m.Unmet == 0, !m.Conditional && v.Of != plan.Sum:
		return append(out, plan.Vector{Of: plan.Lacks, Measure: v.Measure})
	}
	return out
}

func (s *scopes) read(own *reduced, v plan.Vector) error {
	if s.columns[v] != nil {
		return nil
	}
	bounded := v
	bounded.MaxAbs = 1<<63 - 1 // bounds were tested
	column, support, last := make([]int64, len(own.units)), make([]uint64, len(s.sizes)), make([]int64, len(s.sizes))
	for e := range column {
		x, err := own.entry(e, bounded)
		if err != nil {
			return err
		}
		column[e] = x
		if g, unit := own.group[e], int64(own.units[e])+1; x != 0 && last[g] != unit {
			support[g]++
			last[g] = unit
		}
	}
	s.columns[v], s.support[v] = column, support
	return nil
}

// withinAnswer are those of the numbers that the release does not withhold from
// a group.
func (s *scopes) withinAnswer(g int, numbers []released) []plan.Vector {
	var out []plan.Vector
	for _, r := range numbers {
		if !s.withheld(g, r.vector) {
			out = append(out, r.vector)
		}
	}
	return out
}

// withheld tells of a number that the release withholds from a group. Where the
// other owner's rows decide that as well, what is withheld here is withheld
// there, or leaves nothing out there.
func (s *scopes) withheld(g int, v plan.Vector) bool {
	for i, test := range s.tests(v) {
		n := s.support[test][g]
		if i == 0 && n < s.k || i > 0 && n > 0 && n < s.k {
			return true
		}
	}
	return false
}

// markWithheld marks what an answer withholds: nobody can subtract it from a
// later answer. That of all groups is marked if there is but one.
func markWithheld(own *reduced, local *plan.Local, adders []*adder, k int) error {
	var numbers []released
	for _, a := range adders {
		if !a.counts() {
			continue
		}
		numbers = append(numbers, released{vector: plan.Vector{Of: a.vector.Of, Measure: a.vector.Measure}})
	}
	s, err := scopesOf(own, local, numbers, k)
	if err != nil {
		return err
	}
	for _, a := range adders {
		for g, v := range a.groups {
			is := a.counts() && s.withheld(g, plan.Vector{Of: a.vector.Of, Measure: a.vector.Measure})
			if v != nil {
				v.Withheld = is
			}
			if is && !a.grouped {
				a.total.Withheld = true
				if a.byDay != nil {
					a.byDay.Withheld = true
				}
			}
		}
	}
	return nil
}

// counts tells of a vector under a condition.
func (a *adder) counts() bool {
	switch a.vector.Of {
	case plan.HasValue, plan.Count, plan.Sum:
		return a.local.Measures[a.vector.Measure].Conditional
	}
	return false
}
