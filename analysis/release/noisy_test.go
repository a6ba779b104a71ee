package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"parley/agreements"
	"parley/analysis/noise"
	"parley/analysis/plan"
)

// noisy is a one-owner plan by a group: rows, a sum at scale 2 and its average
// and variance, a count under a condition, and a number computed from two.
func noisy(epsilon, delta string) *plan.Plan {
	p := &plan.Plan{Kind: plan.OneOwner, MinGroupSize: 10,
		Locals: []plan.Local{{RowsPerUnit: 1, GroupsPerUnit: 1, Groups: []plan.Group{{Column: "g", Type: agreements.Text}},
			Measures: []plan.Measure{{Clip: 500, Scale: 2}, {Clip: 1, Nullable: true}, {Clip: 250_000, Scale: 4}}}},
		Output: plan.Output{Columns: []plan.OutputColumn{{Name: "g", Group: &plan.GroupRef{}}}}}
	for _, a := range []plan.Aggregate{
		{Func: plan.CountRows, Type: agreements.Integer, Measure: -1},
		{Func: plan.SumOf, Type: agreements.Decimal, Scale: 2},
		{Func: plan.AvgOf, Type: agreements.Decimal, Scale: 2},
		{Func: plan.CountRows, Type: agreements.Integer, Measure: 1, Nullable: true},
		{Func: plan.StddevPop, Type: agreements.Decimal, Scale: 2, Squares: 2},
	} {
		p.Output.Columns = append(p.Output.Columns, plan.OutputColumn{Name: string(a.Func), Aggregate: &a})
	}
	item := func(i int) plan.Calc { return plan.Calc{Op: "item", Column: i} }
	p.Output.Columns = append(p.Output.Columns, plan.OutputColumn{Name: "each",
		Calc: &plan.Calc{Op: "/", Type: Double, Kids: []plan.Calc{item(2), item(1)}}})
	p.DP = plan.Noise(p, &agreements.DP{Epsilon: epsilon, Delta: delta})
	return p
}

// noisyInput has n units of values around 3.00, a standard deviation of 1.00,
// and some under the condition.
func noisyInput(label string, n, some int64) Row {
	r := Row{Groups: []Text{{Value: label}}}
	for _, x := range []int64{n, n, 300 * n, n, n, 0, some, some, some, n - some, 100_000 * n, n, n, 0} {
		r.Ints = append(r.Ints, Int{Value: x})
	}
	return r
}

// TestIntervalsHold: the numbers without noise are within ± in at least 95 of
// 100 cases; with 4,000 answers, 94 % would come up by chance once in 500.
func TestIntervalsHold(t *testing.T) {
	for _, p := range []*plan.Plan{noisy("1", "0.000001"), noisy("8", "0.01")} {
		const answers = 4000
		want := map[int]float64{1: 2000, 2: 6000, 3: 3, 4: 700, 5: 1, 6: 3}
		within, in := map[int]int{}, rand.NewChaCha8([32]byte{4})
		for range answers {
			table, err := Noisy(p, []Row{noisyInput("a", 2000, 700)}, in)
			if err != nil || len(table.Rows) != 1 {
				t.Fatal(err, table)
			}
			for c, x := range want {
				v := table.Rows[0][c]
				got, _ := strconv.ParseFloat(v.Text, 64)
				width, err := strconv.ParseFloat(v.PlusMinus, 64)
				if err != nil {
					t.Fatalf("column %d: %+v", c, v)
				}
				if math.Abs(got-x) <= width+1e-9 {
					within[c]++
				}
			}
		}
		for c := range want {
			if share := float64(within[c]) / answers; share < 0.94 {
				t.Errorf("%s, column %d: the interval holds the number in %.1f %%", p.DP.Mechanism, c, 100*share)
			}
		}
	}
}

// TestNoisyThresholds: what is below k, and what is above k with a noisy count
// below the threshold, looks like what is not there; so does an aggregate.
func TestNoisyThresholds(t *testing.T) {
	p := noisy("1", "0.000001")
	tau := p.DP.Value(plan.UnitsAt).Threshold
	if tau < 60 {
		t.Fatalf("the threshold is %d; the test wants it well above k", tau)
	}
	in := rand.NewChaCha8([32]byte{5})
	rows := []Row{noisyInput("above", 4000, tau*3), noisyInput("at nine", 9, 0), noisyInput("at k", 10, 0), noisyInput("none under it", 4000, 0)}
	table, err := Noisy(p, rows, in)
	if err != nil {
		t.Fatal(err)
	}
	if len(table.Rows) != 2 || table.Rows[0][0].Text != "above" || table.Rows[1][0].Text != "none under it" {
		t.Fatalf("%v", table.Rows)
	}
	if table.Rows[0][4].Null || !table.Rows[1][4].Null {
		t.Errorf("the condition's counts are %v and %v", table.Rows[0][4], table.Rows[1][4])
	}
	if table.Withheld != (Withheld{Is: NotStated}) { // R23
		t.Errorf("withheld: %+v", table.Withheld)
	}
	// With noise of next to nothing the exact test still holds at k − 1.
	for i := range p.DP.Values {
		p.DP.Values[i].Scale = "1/1000"
		p.DP.Values[i].Threshold = min(p.DP.Values[i].Threshold, 1)
	}
	if table, err = Noisy(p, rows, in); err != nil || len(table.Rows) != 3 {
		t.Errorf("%v, %v", err, table.Rows)
	}
}

// TestNoNoiseNoAnswer: a plan with a number that has no noise gives nothing.
func TestNoNoiseNoAnswer(t *testing.T) {
	rows := []Row{noisyInput("a", 4000, 900)}
	for i := range noisy("1", "0.000001").DP.Values {
		p := noisy("1", "0.000001")
		p.DP.Values = append(p.DP.Values[:i:i], p.DP.Values[i+1:]...)
		table, err := Noisy(p, rows, rand.NewChaCha8([32]byte{6}))
		if !errors.Is(err, ErrShape) && (err != nil || len(table.Rows) > 0 && !table.Rows[0][4].Null) {
			t.Errorf("without noise on value %d: %v, %v", i, err, table)
		}
	}
	p := noisy("1", "0.000001")
	if _, err := OneOwner(p, rows); !errors.Is(err, ErrShape) {
		t.Errorf("the exact release took a noisy plan: %v", err)
	}
	if _, err := Noisy(p, rows, bytes.NewReader(make([]byte, 100))); err == nil {
		t.Error("an answer without randomness")
	}
}

// TestFitsNoise refuses by declared bounds what could exceed 64 bits.
func TestFitsNoise(t *testing.T) {
	if err := FitsNoise(noisy("1", "0.000001"), 1<<28); err != nil {
		t.Error(err)
	}
	if err := FitsNoise(noisy("0.000000000000001", "0.000001"), 1); !errors.Is(err, ErrNoise) {
		t.Error(err)
	}
	p := noisy("1", "0.000001")
	p.DP.Values[0].Sensitivity = math.MaxInt64
	if err := FitsNoise(p, 2); !errors.Is(err, ErrNoise) {
		t.Error(err)
	}
}

// TestDrawIsCutOff: nothing drawn exceeds its bound.
func TestDrawIsCutOff(t *testing.T) {
	p := noisy("1", "0.000001")
	for i := range p.DP.Values {
		p.DP.Values[i].Bound = "3"
	}
	in, cut := noise.NewSource(rand.NewChaCha8([32]byte{7})), 0
	for range 200 {
		drawn, err := Draw(p.DP, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range drawn {
			if x < -3 || x > 3 {
				t.Fatalf("noise of %d", x)
			}
			if x == 3 || x == -3 {
				cut++
			}
		}
	}
	if cut < 100 {
		t.Errorf("only %d of 200 draws met the bound: the test shows too little", cut)
	}
}

// TestNoisyForms: canonical JSON reads back as it was, and every form has the
// intervals.
func TestNoisyForms(t *testing.T) {
	p := noisy("1", "0.000001")
	table, err := Noisy(p, []Row{noisyInput("a", 4000, 900)}, rand.NewChaCha8([32]byte{8}))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := table.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	var back Table
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	again, err := back.Canonical()
	if err != nil || !bytes.Equal(raw, again) || back.Rows[0][1].PlusMinus == "" {
		t.Errorf("%v\n%s\n%s", err, raw, again)
	}
	var csv, doc, text bytes.Buffer
	for _, err := range []error{table.CSV(&csv), table.JSON(&doc), table.Text(&text)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	v := table.Rows[0][2]
	for form, want := range map[string][2]string{
		"csv":  {csv.String(), "," + v.Text + "," + v.PlusMinus + ","},
		"json": {doc.String(), v.PlusMinus},
		"text": {text.String(), v.Text + " ± " + v.PlusMinus},
	} {
		if !strings.Contains(want[0], want[1]) {
			t.Errorf("%s lacks %q:\n%s", form, want[1], want[0])
		}
	}
	if strings.Contains(text.String(), "Threshold only") || !strings.Contains(text.String(), p.DP.String()) {
		t.Errorf("notes:\n%s", text.String())
	}
}

// TestClaim computes the claimed δ from the plan's own numbers, with tails
// summed up in the clear.
func TestClaim(t *testing.T) {
	for _, demand := range [][2]string{{"1", "0.000001"}, {"0.1", "0.0000000001"}, {"8", "0.01"}} {
		p := noisy(demand[0], demand[1])
		epsilon, _ := strconv.ParseFloat(demand[0], 64)
		delta, _ := strconv.ParseFloat(demand[1], 64)
		spent, slip := 0.0, 0.0
		for _, v := range p.DP.Values {
			r, _ := new(big.Rat).SetString(v.Scale)
			scale, _ := r.Float64()
			tail := func(from int64) float64 { // Pr[X ≥ from], from ≥ 1
				r := math.Exp(-1 / scale)
				return math.Pow(r, float64(from)) / (1 + r)
			}
			if p.DP.Mechanism == plan.Gaussian {
				tail = func(from int64) float64 { return math.Erfc(float64(from-1)/math.Sqrt(2*scale)) / 2 }
				spent += float64(v.Sensitivity) * float64(v.Sensitivity) / (2 * scale)
			} else {
				spent += float64(v.Sensitivity) / scale
			}
			bound, _ := strconv.ParseInt(v.Bound, 10, 64)
			slip += 2 * tail(bound+1)
			if v.Threshold > 0 {
				slip += tail(v.Threshold - int64(p.MinGroupSize) + 1)
			}
		}
		if p.DP.Mechanism == plan.Gaussian {
			spent += 2 * math.Sqrt(spent*math.Log(2/delta)) // at δ/2
			delta /= 2
		}
		if spent > epsilon*(1+1e-9) || spent < epsilon*0.999 {
			t.Errorf("%v: ε of %v is spent", demand, spent)
		}
		if claimed := (1 + math.Exp(epsilon)) * slip; claimed > delta || claimed < delta/50 {
			t.Errorf("%v, %s: a δ of %v is claimed beside the noise, of %v", demand, p.DP.Mechanism, claimed, delta)
		}
	}
}
