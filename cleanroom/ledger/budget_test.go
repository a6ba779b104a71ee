package ledger

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func cost(t *testing.T, epsilon, delta, rho, slip string) Cost {
	t.Helper()
	c, err := ParseCost(epsilon, delta, rho, slip)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func budget(epsilon, delta string) Budget {
	e, _ := new(big.Rat).SetString(epsilon)
	d, _ := new(big.Rat).SetString(delta)
	return Budget{Epsilon: e, Delta: d}
}

func TestBasicComposition(t *testing.T) {
	b, one := budget("1", "0.001"), cost(t, "0.1", "0.0001", "0", "")
	if n := b.More(NoCost(), one); n != 10 {
		t.Errorf("a budget of ten runs holds %d", n)
	}
	// A float64 sum of ten tenths is below 1, of which an eleventh must not
	// make use; rationals have no such gap.
	if b.Holds(one.plus(one, 10)) {
		t.Error("eleven runs are held by a budget for ten")
	}
	if n := b.More(one.plus(one, 8), one); n != 1 {
		t.Errorf("after nine of ten, %d are left", n)
	}
	// Delta alone can be what is spent.
	if n := budget("100", "0.0003").More(NoCost(), one); n != 3 {
		t.Errorf("delta holds %d runs, want 3", n)
	}
}

// With zCDP, 400 runs of epsilon 0.1 make epsilon 13.6 instead of 40.
func TestConcentrated(t *testing.T) {
	b := budget("15", "0.000001")
	tenth := cost(t, "0.1", "0", "0.005", "")
	n := b.More(NoCost(), tenth)
	rho := 0.005 * float64(n)
	spends := func(rho float64) float64 { return rho + 2*math.Sqrt(rho*math.Log(1e6)) }
	if n <= 150 || spends(rho) > 15 || spends(rho+0.005) < 15 {
		t.Errorf("epsilon 15 at delta 1e-6 holds %d runs of rho 0.005, which is %v and one more %v", n, spends(rho), spends(rho+0.005))
	}
	// What is not known cannot be counted.
	if m := b.More(NoCost(), cost(t, "0.1", "0.00000000001", "0.005", "")); m != 150 {
		t.Errorf("%d runs of an unknown slip are held, want those of epsilon alone", m)
	}
}

// Slips take their sum times 1+e^epsilon of the budget from its delta, not the
// sum of what each run would take by itself.
func TestSlips(t *testing.T) {
	// A run of epsilon 0.1 with a slip of 1e-10: its own delta is 1e-10 and
	// (1+e^0.1)·1e-10. 200 runs add up to epsilon 20, and to delta 4.2e-8.
	one := cost(t, "0.1", "0.00000000031052", "0.0001", "0.0000000001")
	all := NoCost().plus(one, 200)
	// The deltas are within 1e-6, and rho is: epsilon 15 would be too much by
	// far. But (1+e^15)·2e-8 is 0.065.
	if budget("15", "0.000001").Holds(all) {
		t.Error("slips are multiplied by the epsilon of a run")
	}
	// In a budget of epsilon 2 the factor is 8.4, and 1.7e-7 of delta is taken.
	small := budget("2", "0.000001")
	if !small.Holds(all) {
		t.Error("200 small runs are not held by epsilon 2")
	}
	if n := small.More(NoCost(), one); n <= 200 {
		t.Errorf("epsilon 2 holds %d runs of rho 0.0001, want more than ten times those of basic composition", n)
	}
	// The boundary: slips that take all of delta leave nothing.
	over := NoCost()
	over.Epsilon, over.Rho = big.NewRat(3, 1), big.NewRat(1, 1_000_000)
	factor := 1 + math.Exp(2)
	over.Slip, _ = new(big.Rat).SetString("0.000001")
	over.Slip.Quo(over.Slip, new(big.Rat).SetFloat64(factor*(1-1e-9)))
	if small.Holds(over) {
		t.Error("delta is used up by slips, and the rest is held")
	}
	over.Slip.Mul(over.Slip, big.NewRat(99, 100))
	if !small.Holds(over) {
		t.Error("a hundredth of delta does not hold rho 1e-6")
	}
	// Basic composition asks for no slip.
	if n := budget("1", "0.001").More(NoCost(), cost(t, "0.25", "0.0001", "0", "0.00001")); n != 4 {
		t.Errorf("basic composition holds %d runs, want 4", n)
	}
}

// The conversion is rounded up: never is a total held that exact arithmetic
// does not hold. big.Float at 300 bits stands for exact.
func TestRoundedOutward(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		rho, delta := big.NewRat(1+r.Int64N(1e6), 1e5), big.NewRat(1+r.Int64N(1e6), 1e12)
		ln := new(big.Float).SetPrec(300).SetFloat64(math.Log(invert(delta))) // within 1e-15
		x := new(big.Float).SetPrec(300).SetRat(rho)
		x.Mul(x, ln).Sqrt(x).Mul(x, big.NewFloat(2)).Add(x, new(big.Float).SetRat(rho))
		exact, _ := x.Rat(nil)
		// A budget smaller by a hundred millionth of a per cent must not hold it.
		less := new(big.Rat).Mul(exact, big.NewRat(9_999_999_990, 10_000_000_000))
		more := new(big.Rat).Mul(exact, big.NewRat(10_000_000_020, 10_000_000_000))
		total := Cost{Epsilon: big.NewRat(1e9, 1), Delta: new(big.Rat), Rho: rho, Slip: new(big.Rat)}
		if (Budget{Epsilon: less, Delta: delta}).Holds(total) || !(Budget{Epsilon: more, Delta: delta}).Holds(total) {
			t.Fatalf("rho %v at delta %v is judged wrongly about epsilon %v", rho, delta, x)
		}
	}
}

func invert(r *big.Rat) float64 { f, _ := new(big.Rat).Inv(r).Float64(); return f }

func TestParseCostRefuses(t *testing.T) {
	for _, c := range [][4]string{{"x", "0", "0"}, {"1", "", "0"}, {"-1", "0", "0"}, {"1", "-1", "0"}, {"1", "0", "-1"}, {"1", "0", "x"}, {"NaN", "0", "0"}, {"1", "0", "0", "-1"}, {"1", "0", "0", "x"}} {
		if _, err := ParseCost(c[0], c[1], c[2], c[3]); err == nil {
			t.Errorf("%v is taken for a cost", c)
		}
	}
}
