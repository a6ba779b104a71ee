package plan

import (
	"math/big"
	"slices"

	"parley/agreements"
	"parley/analysis/check"
	"parley/analysis/noise"
)

// Places of the numbers of a OneOwner plan in release.Row.Ints.
const (
	UnitsAt      = 0
	RowsAt       = 1
	MeasuresAt   = 2
	PerMeasure   = 4 // sum, count, units, left
	MeasureSum   = 0
	MeasureCount = 1
	MeasureUnits = 2
	MeasureLeft  = 3
)

// Noise computes the noise of a plan that is otherwise complete.
//
// One unit, with all its rows in all datasets, is in one of two neighbouring
// inputs and not in the other. It adds to at most L0 cells, and at most L∞ to
// each of the m numbers of a cell, because its owner bounds that. The budget is
// split evenly over all of them:
//
//	Laplace   scale    = L0·m·L∞/ε        ε over the L0·m numbers of a unit
//	Gaussian  variance = L0·m·L∞²/(2·ρ)   ρ over them, where ρ gives (ε, δ/2)
//
// The kind with the smaller variance is taken.
//
// A cell is released if its exact count is at least k and the noisy one at
// least τ = k−1+q, where Pr[noise ≥ q] ≤ δ_k. The exact test alone would not
// be private, so the claim rests on the noisy one: a mechanism without the
// exact tests and without cutting off noise is (ε, δ_m) private, and what it
// gives for the cells of one unit differs from what this one gives with a
// probability of at most
//
//	slip = L0·(G·δ_k + m·p)
//
// where G is the number of tested counts of a cell and p the probability that
// noise is cut off. So this one is (ε, δ_m + (1+e^ε)·slip) private; δ_k and p
// are chosen so that this is at most δ. (Design: Canonne, Kamath, Steinke 2020
// for the noise; Wilson et al. 2020, "Differentially Private SQL with Bounded
// User Contribution", section 4, for thresholds of undeclared groups.)
func Noise(p *Plan, demand *agreements.DP) *DP {
	if demand.None() {
		return nil
	}
	epsilon, okE := rational(demand.Epsilon)
	delta, okD := rational(demand.Delta)
	if !okE || !okD || epsilon.Sign() <= 0 || delta.Sign() <= 0 {
		panic("plan: a demand that package agreements refuses")
	}
	d := &DP{Epsilon: demand.Epsilon, Delta: demand.Delta, Mechanism: Laplace, GroupsPerUnit: cellsPerUnit(p), Values: noisyValues(p),
		Cost: Cost{Epsilon: epsilon.RatString(), Delta: delta.RatString(), Rho: "0"}}
	m := int64(len(d.Values))
	cells := new(big.Rat).SetInt64(int64(d.GroupsPerUnit))
	numbers := new(big.Rat).Mul(cells, big.NewRat(m, 1))

	scale := new(big.Rat).Quo(numbers, epsilon) // of a number with L∞ = 1
	half := new(big.Rat).Mul(delta, big.NewRat(1, 2))
	forTests := delta
	if rho := noise.Rho(epsilon, half); rho.Sign() > 0 {
		variance := new(big.Rat).Quo(numbers, new(big.Rat).Add(rho, rho))
		if variance.Cmp(noise.NewLaplace(scale).Variance()) < 0 {
			d.Mechanism, d.Cost.Rho = Gaussian, rho.RatString()
			scale, forTests = variance, half
		}
	}
	slip := slipFor(epsilon, forTests)
	d.Slip = slip.RatString()
	cut := cutOff(slip, numbers)
	least := tested(slip, cut, cells, m, d.Values)
	for i := range d.Values {
		d.fill(&d.Values[i], scale, cut, least, int64(p.MinGroupSize))
	}
	return d
}

// slipFor is the slip that a delta allows: delta = (1+e^epsilon)·slip.
func slipFor(epsilon, delta *big.Rat) *big.Rat {
	factor := noise.ExpAbove(epsilon)
	return new(big.Rat).Quo(delta, factor.Add(factor, big.NewRat(1, 1)))
}

// MostSlip is the largest DP.Slip of a plan under a demand, as text.
func MostSlip(demand *agreements.DP) string {
	epsilon, okE := rational(demand.Epsilon)
	delta, okD := rational(demand.Delta)
	if !okE || !okD || epsilon.Sign() <= 0 || delta.Sign() <= 0 {
		return ""
	}
	return slipFor(epsilon, delta).RatString()
}

// cutOff is the probability at which noise is cut off: 2^-60, or less if the
// numbers of a unit would use up more than a quarter of slip.
func cutOff(slip, numbers *big.Rat) *big.Rat {
	cut := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Lsh(big.NewInt(1), 60))
	quarter := new(big.Rat).Quo(slip, new(big.Rat).Mul(numbers, big.NewRat(4, 1)))
	if quarter.Cmp(cut) < 0 {
		return quarter
	}
	return cut
}

// tested is δ_k: slip less what cutting off takes, over all tests of a unit's cells.
func tested(slip, cut, cells *big.Rat, m int64, values []NoisyValue) *big.Rat {
	tests := int64(0)
	for _, v := range values {
		if v.Threshold != 0 {
			tests++
		}
	}
	each := new(big.Rat).Quo(slip, cells)
	each.Sub(each, new(big.Rat).Mul(cut, big.NewRat(m, 1)))
	return each.Quo(each, big.NewRat(tests, 1))
}

// fill computes a number's noise from that of a number with L∞ = 1.
func (d *DP) fill(v *NoisyValue, scale, cut, least *big.Rat, k int64) {
	by := big.NewRat(v.Sensitivity, 1)
	own := new(big.Rat).Mul(scale, by)
	if d.Mechanism == Gaussian {
		own.Mul(own, by)
	}
	v.Scale = own.RatString()
	n := d.Noise(v)
	oneSide := new(big.Rat).Mul(cut, big.NewRat(1, 2))
	bound := n.Beyond(oneSide)
	v.Bound = bound.Sub(bound, big.NewInt(1)).String()
	v.HalfWidth = n.HalfWidth().String()
	if v.Threshold != 0 {
		v.Threshold = OutOfReach
		if q := n.Beyond(least); q.IsInt64() && q.Int64() < OutOfReach-k {
			v.Threshold = k - 1 + q.Int64()
		}
	}
}

// OutOfReach is the threshold under noise so large that no count passes.
const OutOfReach = 1 << 62

// noisyValues lists the numbers of a cell that are tested (with a Threshold
// other than 0) or released.
func noisyValues(p *Plan) []NoisyValue {
	var out []NoisyValue
	add := func(product int, test bool) {
		if product < 0 {
			return
		}
		at := slices.IndexFunc(out, func(v NoisyValue) bool { return v.Product == product })
		if at < 0 {
			at, out = len(out), append(out, NoisyValue{Product: product, Sensitivity: max(1, sensitivity(p, product))})
		}
		if test {
			out[at].Threshold = 1
		}
	}
	guard := UnitsAt
	if p.Secure != nil {
		guard = p.Secure.CellGuard
	}
	add(guard, true)
	for _, c := range p.Output.Columns {
		if c.Aggregate == nil {
			continue
		}
		add(GuardOf(p, c.Aggregate), true)
		for _, n := range NumbersOf(p, c.Aggregate) {
			add(n, false)
		}
	}
	slices.SortFunc(out, func(a, b NoisyValue) int { return a.Product - b.Product })
	return out
}

// GuardOf is the number that counts the units an aggregate rests on, -1 if it
// is the cell's own.
func GuardOf(p *Plan, a *Aggregate) int {
	switch {
	case p.Secure != nil:
		return a.Guard
	case a.Nullable:
		return MeasuresAt + PerMeasure*a.Measure + MeasureUnits
	}
	return -1
}

// NumbersOf are the numbers that an aggregate is made of: those of a quotient
// in the order numerator, denominator, and those of a variance with the sum of
// squares last.
func NumbersOf(p *Plan, a *Aggregate) []int {
	if p.Secure != nil {
		switch {
		case a.Func.Spread():
			return []int{a.Total, a.Rows, a.Squares}
		case a.Rows >= 0:
			return []int{a.Total, a.Rows}
		}
		return []int{a.Total}
	}
	switch first := MeasuresAt + PerMeasure*a.Measure; {
	case a.Measure < 0 && a.Func == CountUnits:
		return []int{UnitsAt}
	case a.Measure < 0:
		return []int{RowsAt}
	case a.Func == CountRows:
		return []int{first + MeasureCount}
	case a.Func == CountUnits:
		return []int{first + MeasureUnits}
	case a.Func.Spread():
		return []int{first + MeasureSum, first + MeasureCount, MeasuresAt + PerMeasure*a.Squares + MeasureSum}
	case a.Func == AvgOf:
		return []int{first + MeasureSum, first + MeasureCount}
	default:
		return []int{first + MeasureSum}
	}
}

// sensitivity is L∞ of a number.
func sensitivity(p *Plan, product int) int64 {
	if s := p.Secure; s != nil {
		w, v := s.Weights[s.Products[product].Weight].MaxAbs, s.Values[s.Products[product].Value].MaxAbs
		return w * v // within 64 bits: package check has seen to that
	}
	return p.Locals[0].MaxAbs(product)
}

// MaxAbs is how much one unit adds at most to a number of a noisy OneOwner
// plan, in one group.
func (l *Local) MaxAbs(at int) int64 {
	switch {
	case at == UnitsAt:
		return 1
	case at == RowsAt:
		return l.RowsPerUnit
	}
	switch (at - MeasuresAt) % PerMeasure {
	case MeasureSum:
		return l.Measures[(at-MeasuresAt)/PerMeasure].Clip
	case MeasureCount:
		return l.RowsPerUnit
	}
	return 1
}

// cellsPerUnit is L0: a unit's groups on the one side times those on the other.
func cellsPerUnit(p *Plan) int {
	cells := 1
	for i := range p.Locals {
		if n := p.Locals[i].GroupsPerUnit; n > 0 {
			cells *= n
		}
	}
	return cells
}

// bounded fills in what one unit may add under a demand for noise.
func (b *localBuilder) bounded(q *check.Query) {
	if q.DP.None() {
		return
	}
	rules := &q.Tables[b.table].Dataset.Rules
	b.local.RowsPerUnit = min(max(rules.RowsPerUnit, 1), max(b.local.MaxRowsPerUnit, 1))
	if len(b.local.Groups) > 0 {
		b.local.GroupsPerUnit = min(max(rules.GroupsPerUnit, 1), declaredGroups(b.local.Groups))
	}
}

// declaredGroups is how many groups there can be, MaxCells if that is not known.
func declaredGroups(groups []Group) int {
	n := 1
	for _, g := range groups {
		values := len(g.Domain)
		if g.Nullable {
			values++
		}
		if len(g.Domain) == 0 || n*values > MaxCells {
			return MaxCells
		}
		n *= values
	}
	return n
}

// Drawn tells whether what a unit adds is drawn at random for every run: which
// of its groups count, or how its rows beyond RowsPerUnit are scaled down.
func (l *Local) Drawn() bool {
	return l.GroupsPerUnit > 0 || l.RowsPerUnit > 0 && l.RowsPerUnit < l.MaxRowsPerUnit
}

// clip bounds what one unit adds to the noisy sum of a measure in one group: as
// much as the rows that count can hold, or a column's own clip if that is less.
func (b *localBuilder) clip(q *check.Query, x *check.Expr, maxAbs int64) int64 {
	if q.DP.None() {
		return 0
	}
	if x.Op == "case" && len(x.Kids) == 3 { // a condition around the measure
		x = x.Kids[1]
	}
	most := big.NewInt(maxAbs)
	most.Mul(most, big.NewInt(b.local.RowsPerUnit)) // within 64 bits, by check
	if x.Plain() && x.Column.Clip != "" {
		if c, ok := check.AtScale(x.Column.Clip, x.Column); ok && c.CmpAbs(most) < 0 {
			most = c.Abs(c)
		}
	}
	return max(most.Int64(), 1)
}

// rational reads a decimal or a quotient.
func rational(s string) (*big.Rat, bool) { return new(big.Rat).SetString(s) }
