package cleanroom

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/big"
	mathrand "math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"parley/agreements"
	"parley/analysis/noise"
	"parley/analysis/plan"
	"parley/analysis/release"
	"parley/crypto/garble"
	"parley/crypto/wire/wiretest"
)

// These tests compare what comes out of neighbouring inputs: all of a unit's
// rows are in the one and not in the other. For every event E
//
//	Pr[E | with] ≤ e^ε·Pr[E | without] + δ     and the other way round
//
// must hold. An event counts as a breach if the estimates say so by 4.75
// standard deviations, so a right mechanism fails an event by chance less than
// once in 900,000 times, and a run of 60 events, both ways, once in 7,500.

const (
	claimedEpsilon = 2.0
	claimedDelta   = 1e-6
	sigmas         = 4.75
	baseUnits      = 130 // of each group; far above the noisy threshold
	baseValue      = 3
	clipAt         = 20
	groupsOfTest   = 3
)

// noisyPlan is COUNT(*), COUNT(DISTINCT unit), SUM(x) and AVG(x) by a group,
// whose units count in one group, with so many rows of at most clipAt of x each.
func noisyPlan(rows int64) *plan.Plan {
	p := &plan.Plan{Kind: plan.OneOwner, MinGroupSize: 10,
		Locals: []plan.Local{{MaxRowsPerUnit: 50, RowsPerUnit: rows, GroupsPerUnit: 1, Groups: []plan.Group{{Column: "g", Type: agreements.Text}},
			Measures: []plan.Measure{{Column: "x", Type: agreements.Integer, MaxAbs: clipAt, Clip: rows * clipAt}}}},
		Output: plan.Output{Columns: []plan.OutputColumn{{Name: "g", Group: &plan.GroupRef{}}}}}
	for _, a := range []plan.Aggregate{
		{Func: plan.CountRows, Type: agreements.Integer, Measure: -1},
		{Func: plan.CountUnits, Type: agreements.Integer, Measure: -1},
		{Func: plan.SumOf, Type: agreements.Integer},
		{Func: plan.AvgOf, Type: agreements.Decimal},
	} {
		p.Output.Columns = append(p.Output.Columns, plan.OutputColumn{Name: string(a.Func), Aggregate: &a})
	}
	p.DP = plan.Noise(p, &agreements.DP{Epsilon: "2", Delta: "0.000001"})
	return p
}

// input is what the engine gives: the base units, and with it the one unit that
// makes the difference, with so many rows and such a sum in its groups.
func input(with bool, groups int, rows, sum int64) *reduced {
	r := &reduced{ints: make([][]int64, 3)}
	add := func(unit uint32, group int, rows, sum int64) {
		r.units, r.group = append(r.units, unit), append(r.group, uint32(group))
		for i, x := range []int64{rows, sum, rows} {
			r.ints[i] = append(r.ints[i], x)
		}
	}
	for i := range groupsOfTest * baseUnits {
		add(uint32(i), i%groupsOfTest, 1, baseValue)
	}
	for g := range groups {
		if with {
			add(groupsOfTest*baseUnits, g, rows, sum)
		}
	}
	return r
}

func (r *reduced) copied() *reduced {
	c := &reduced{units: slices.Clone(r.units), group: slices.Clone(r.group)}
	for _, x := range r.ints {
		c.ints = append(c.ints, slices.Clone(x))
	}
	return c
}

// sampled is one answer: by group the noisy rows, units, sum, and the noisy
// count that the average was divided by.
type sampled [groupsOfTest][4]float64

// mechanism is all that lies between the engine's entries and the answer.
type mechanism struct {
	plan           *plan.Plan
	noClip, noDraw bool // what a mistake would leave out
}

func (m mechanism) run(t testing.TB, in *reduced, rnd io.Reader) (s sampled) {
	t.Helper()
	l := &m.plan.Locals[0]
	r := in.copied()
	var key [32]byte
	if _, err := io.ReadFull(rnd, key[:]); err != nil {
		t.Fatal(err)
	}
	draw := mathrand.New(mathrand.NewChaCha8(key))
	if !m.noDraw {
		r.bound(l.GroupsPerUnit, draw)
	}
	if !m.noClip {
		r.thin(l, draw)
		r.clip(l)
	}
	labels := make([][]release.Text, groupsOfTest)
	for g := range labels {
		labels[g] = []release.Text{{Value: strconv.Itoa(g)}}
	}
	table, err := release.Noisy(m.plan, r.totals(l, labels), rnd)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range table.Rows {
		g, _ := strconv.Atoi(row[0].Text)
		for i := range 3 {
			s[g][i], _ = strconv.ParseFloat(row[i+1].Text, 64)
		}
		mean, _ := strconv.ParseFloat(row[4].Text, 64)
		s[g][3] = math.Round(s[g][2] / mean)
	}
	return s
}

// event is a set of answers. Those that would show a breach are half-lines from
// where the unit's presence moves the numbers to, of several numbers at once.
type event struct {
	name string
	in   func(s sampled) bool
}

func events() []event {
	rows, sum := float64(baseUnits), float64(baseUnits*baseValue)
	var out []event
	add := func(name string, in func(s sampled) bool) { out = append(out, event{name, in}) }
	for _, at := range []float64{-4, 0, 1, 2, 5} {
		add(fmt.Sprintf("count %+v", at), func(s sampled) bool { return s[0][0] >= rows+at })
		add(fmt.Sprintf("units %+v", at), func(s sampled) bool { return s[0][1] >= rows+at })
		add(fmt.Sprintf("sum %+v", at*clipAt), func(s sampled) bool { return s[0][2] >= sum+at*clipAt })
		add(fmt.Sprintf("average's count %+v", at), func(s sampled) bool { return s[0][3] >= rows+at })
		add(fmt.Sprintf("average %+v", at/10), func(s sampled) bool { return s[0][2]/s[0][3] >= baseValue+at/10 })
		add(fmt.Sprintf("all of a group %+v", at), func(s sampled) bool {
			return s[0][0] >= rows+at && s[0][1] >= rows+at && s[0][2] >= sum+at*clipAt && s[0][3] >= rows+at
		})
		add(fmt.Sprintf("counts of all groups %+v", at), func(s sampled) bool {
			for g := range s {
				if s[g][0] < rows+at || s[g][1] < rows+at {
					return false
				}
			}
			return true
		})
	}
	for _, far := range []float64{100, 400} {
		add(fmt.Sprintf("sum %+v", far), func(s sampled) bool { return s[0][2] >= sum+far })
	}
	return out
}

// breaches names the events by which the two inputs can be told apart better
// than claimed.
func breaches(with, without []sampled) (out []string) {
	for _, e := range events() {
		share := func(list []sampled) float64 {
			n := 0
			for _, s := range list {
				if e.in(s) {
					n++
				}
			}
			return float64(n) / float64(len(list))
		}
		p, q := share(with), share(without)
		for _, flip := range []bool{false, true} { // the event, and that it does not happen
			if flip {
				p, q = 1-p, 1-q
			}
			if apart(p, q, len(with)) || apart(q, p, len(with)) {
				out = append(out, fmt.Sprintf("%s (%.4f and %.4f)", e.name, p, q))
			}
		}
	}
	return out
}

// apart tells whether p exceeds e^ε·q + δ by more than chance. Probabilities of
// 0 get the deviation of one hit.
func apart(p, q float64, n int) bool {
	factor := math.Exp(claimedEpsilon)
	spread := func(x float64) float64 { return math.Max(x*(1-x), 1/float64(n)) / float64(n) }
	return p-factor*q-claimedDelta > sigmas*math.Sqrt(spread(p)+factor*factor*spread(q))
}

// scaled is the plan with its noise made smaller, as a mistake might.
func scaled(p *plan.Plan, by *big.Rat) *plan.Plan {
	out, dp := *p, *p.DP
	dp.Values = slices.Clone(dp.Values)
	for i := range dp.Values {
		s, _ := new(big.Rat).SetString(dp.Values[i].Scale)
		dp.Values[i].Scale = s.Mul(s, by).RatString()
		dp.Values[i].Threshold = min(dp.Values[i].Threshold, 1<<40)
	}
	out.DP = &dp
	return &out
}

// lessNoise is a plan with the noise of another.
func lessNoise(p, other *plan.Plan) *plan.Plan {
	out := *p
	out.DP = other.DP
	return &out
}

// neighbours are the inputs that are compared: a unit that uses all it may, and
// one with more groups, more rows and larger values than count.
var neighbours = map[string]struct {
	groups    int
	rows, sum int64
}{"within its bounds": {1, 1, clipAt}, "beyond them": {groupsOfTest, 5, 40 * clipAt},
	"of three rows": {1, 3, 3 * clipAt}, "of ten rows": {1, 10, 10 * clipAt}, "of ten rows with a value in one": {1, 10, clipAt}}

// privacy runs the mechanism, and mistaken ones as controls.
func privacy(t *testing.T, samples int, seed uint64) {
	t.Helper()
	p, three := noisyPlan(1), noisyPlan(3)
	if p.DP.Mechanism != plan.Laplace || three.DP.Mechanism != plan.Laplace {
		t.Fatalf("the events are made for Laplace noise, not %s and %s", p.DP.Mechanism, three.DP.Mechanism)
	}
	for _, c := range []struct {
		name, of string
		m        mechanism
		breaks   bool
	}{
		{"right", "within its bounds", mechanism{plan: p}, false},
		{"right", "beyond them", mechanism{plan: p}, false},
		{"noise of 0.7 times the scale", "within its bounds", mechanism{plan: scaled(p, big.NewRat(7, 10))}, true},
		{"values and rows not clipped", "beyond them", mechanism{plan: p, noClip: true}, true},
		{"groups not bounded", "beyond them", mechanism{plan: p, noDraw: true}, true},
		// Three rows of a unit count, and ten are scaled down to three.
		{"right for three rows", "of three rows", mechanism{plan: three}, false},
		{"right for three rows", "of ten rows", mechanism{plan: three}, false},
		{"right for three rows", "of ten rows with a value in one", mechanism{plan: three}, false},
		{"right for three rows", "beyond them", mechanism{plan: three}, false},
		{"noise made for one row", "of three rows", mechanism{plan: lessNoise(three, p)}, true},
		{"rows not scaled down", "of ten rows", mechanism{plan: three, noClip: true}, true},
	} {
		t.Run(c.name+", unit "+c.of, func(t *testing.T) {
			t.Parallel()
			var key [32]byte
			key[0], key[1], key[2], key[3] = byte(seed), byte(seed>>8), byte(seed>>16), byte(seed>>24)
			rnd := mathrand.NewChaCha8(key)
			n := neighbours[c.of]
			draw := func(with bool) []sampled {
				in, out := input(with, n.groups, n.rows, n.sum), make([]sampled, samples)
				for i := range out {
					out[i] = c.m.run(t, in, rnd)
				}
				return out
			}
			got := breaches(draw(true), draw(false))
			if c.breaks && len(got) == 0 {
				t.Error("the mistake was not found")
			}
			if !c.breaks && len(got) > 0 {
				t.Errorf("told apart by %d events, the first %s", len(got), got[0])
			}
		})
	}
}

// TestPrivacy takes a share of the million samples of TestLongPrivacy.
func TestPrivacy(t *testing.T) {
	t.Parallel()
	privacy(t, 8_000, 1)
}

// circuitSpec is a cell with a count of units and a sum.
func circuitSpec(d *plan.DP, cells int) garble.Spec {
	return garble.Spec{K: 10, Products: []int{23, 64}, Cells: cells, Noise: noiseSpec(d),
		Aggregates: []garble.Aggregate{{Values: []int{0}, Guard: -1}, {Values: []int{1}, Guard: -1}}}
}

// opened runs the garbled release over copies of one cell.
func opened(t *testing.T, d *plan.DP, cells int, count, sum int64, rnd *mathrand.ChaCha8) []garble.Released {
	t.Helper()
	s := circuitSpec(d, cells)
	r := mathrand.New(rnd)
	in := noise.NewSource(rnd)
	own, theirs := make([]garble.Cell, cells), make([]garble.Cell, cells)
	for i := range own {
		drawn, err := release.Draw(d, in)
		if err != nil {
			t.Fatal(err)
		}
		own[i].Noise = drawn
		for n, x := range []int64{count, sum} {
			width := uint(s.Products[n] + 3)
			mod := new(big.Int).Lsh(big.NewInt(1), width)
			first := new(big.Int).SetUint64(r.Uint64())
			first.Mod(first, mod)
			second := new(big.Int).Sub(big.NewInt(8*x), first)
			second.Mod(second, mod)
			own[i].Shares, theirs[i].Shares = append(own[i].Shares, shareOf(first)), append(theirs[i].Shares, shareOf(second))
		}
	}
	g, e := wiretest.Pair()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error, 1)
	go func() { done <- garble.Garble(ctx, g, [32]byte{1}, s, own, nil, nil, mathrand.NewChaCha8([32]byte{2})) }()
	out, err := garble.Evaluate(ctx, e, [32]byte{1}, s, theirs, nil, mathrand.NewChaCha8([32]byte{3}))
	if err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return out
}

func shareOf(x *big.Int) garble.Share {
	low := new(big.Int).And(x, new(big.Int).SetUint64(math.MaxUint64))
	return garble.Share{Lo: low.Uint64(), Hi: new(big.Int).Rsh(x, 64).Uint64()}
}

// joinPlan is the plan of such a cell.
func joinPlan() *plan.Plan {
	p := &plan.Plan{Kind: plan.Join, MinGroupSize: 10, Locals: make([]plan.Local, 2), Secure: &plan.Secure{
		Weights: []plan.Vector{{Of: plan.Units, MaxAbs: 1}}, Values: []plan.Vector{{Of: plan.Units, MaxAbs: 1}, {Of: plan.Sum, MaxAbs: clipAt}},
		Products: []plan.Product{{}, {Value: 1}}}}
	for product, f := range []plan.Func{plan.CountUnits, plan.SumOf} {
		p.Output.Columns = append(p.Output.Columns, plan.OutputColumn{Aggregate: &plan.Aggregate{Func: f, Total: product, Rows: -1, Guard: -1}})
	}
	p.DP = plan.Noise(p, &agreements.DP{Epsilon: "2", Delta: "0.000001"})
	return p
}

// TestPrivacyOfCircuit takes 1,000 noisy cells out of the garbled circuit for
// each of two neighbouring inputs. Beside the events, the noise itself is
// compared with its distribution: over 2,000 numbers the mean of |noise|/scale
// is within 5 standard deviations, and that of noise at 0.7 times the scale is
// 13 away.
func TestPrivacyOfCircuit(t *testing.T) {
	t.Parallel()
	const cells = 1000
	p := joinPlan()
	right, small := p.DP, scaled(p, big.NewRat(7, 10)).DP
	run := func(d *plan.DP, count, sum int64, seed byte) (list []sampled, size float64) {
		for _, r := range opened(t, d, cells, count, sum, mathrand.NewChaCha8([32]byte{9, seed})) {
			if !r.Pass || !r.Aggregates[0].Pass || !r.Aggregates[1].Pass {
				t.Fatal("a cell far above the threshold did not pass")
			}
			x, y := r.Aggregates[0].Numbers[0], r.Aggregates[1].Numbers[0]
			var s sampled
			for g := range s { // the events are about more numbers than this cell has
				s[g] = [4]float64{float64(x), float64(x), float64(y), float64(x)}
			}
			list = append(list, s)
			size += math.Abs(float64(x-count)) + math.Abs(float64(y-sum))/clipAt
		}
		return list, size / (2 * cells) // of scale 1 for both numbers
	}
	const units, total = baseUnits, baseUnits * baseValue
	without, size := run(right, units, total, 1)
	with, _ := run(right, units+1, total+clipAt, 2)
	if got := breaches(with, without); len(got) > 0 {
		t.Errorf("told apart by %d events, the first %s", len(got), got[0])
	}
	// Of the discrete Laplace distribution of scale 1, E|X| = 0.851; of the sum's
	// noise, which is nearly continuous, 1. Their standard deviations are about 1.
	want, off := (0.851+1)/2, 5/math.Sqrt(2*cells)
	if math.Abs(size-want) > off {
		t.Errorf("the noise is %.3f on average, not %.3f", size, want)
	}
	if _, size := run(small, units, total, 3); math.Abs(size-want) <= off {
		t.Errorf("noise of 0.7 times the scale was not found: %.3f", size)
	}
	unclipped, _ := run(right, units+1, total+40*clipAt, 4)
	if len(breaches(unclipped, without)) == 0 {
		t.Error("a value that was not clipped was not found")
	}
}

// TestGaussianOfCircuit takes discrete Gaussian noise out of the garbled
// circuit: over 2,000 numbers its mean square over its variance is within 5
// standard deviations of 1 (of which one is sqrt(2/2000)), that of noise at 0.7
// times the scale is not, and no noise exceeds its bound.
func TestGaussianOfCircuit(t *testing.T) {
	t.Parallel()
	const cells = 1000
	p := joinPlan()
	// Many groups a unit make Gaussian noise the smaller one.
	p.Locals[0].GroupsPerUnit = 40
	p.DP = plan.Noise(p, &agreements.DP{Epsilon: "2", Delta: "0.000001"})
	if p.DP.Mechanism != plan.Gaussian {
		t.Fatalf("the plan has %s noise", p.DP.Mechanism)
	}
	const units, total = 4000, 4000 * baseValue
	spread := func(d *plan.DP, seed byte) float64 {
		var sum float64
		for _, r := range opened(t, d, cells, units, total, mathrand.NewChaCha8([32]byte{5, seed})) {
			if !r.Pass || !r.Aggregates[0].Pass || !r.Aggregates[1].Pass {
				t.Fatal("a cell far above the threshold did not pass")
			}
			for i, want := range []float64{units, total} {
				v := &p.DP.Values[i]
				off := float64(r.Aggregates[i].Numbers[0]) - want
				if bound, _ := strconv.ParseFloat(v.Bound, 64); math.Abs(off) > bound {
					t.Errorf("noise of %v is beyond its bound %v", off, bound)
				}
				variance, _ := p.DP.Noise(v).Variance().Float64()
				sum += off * off / variance
			}
		}
		return sum / (2 * cells)
	}
	off := 5 * math.Sqrt(2.0/(2*cells))
	if got := spread(p.DP, 1); math.Abs(got-1) > off {
		t.Errorf("the noise has %.3f times its variance", got)
	}
	// Of a Gaussian the plan states the variance: 0.7 times the scale is 0.49 times that.
	if got := spread(scaled(p, big.NewRat(49, 100)).DP, 2); math.Abs(got-1) <= off {
		t.Errorf("noise of 0.7 times the scale was not found: %.3f", got)
	}
}
