package noise

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func seeded(t *testing.T, seed byte) *Source {
	t.Helper()
	return NewSource(rand.NewChaCha8([32]byte{seed}))
}

// weights is the distribution's mass at 0 … n−1, and of all, in floating point.
func weights(n Noise, size int) (at []float64, all float64) {
	at = make([]float64, size)
	for x := range at {
		switch d := n.(type) {
		case laplace:
			s, _ := d.scale.Float64()
			at[x] = math.Exp(-float64(x) / s)
		case gaussian:
			v, _ := d.variance.Float64()
			at[x] = math.Exp(-float64(x*x) / (2 * v))
		}
	}
	for x := len(at) - 1; x > 0; x-- {
		all += 2 * at[x]
	}
	return at, all + at[0]
}

var cases = map[string]Noise{
	"laplace 1/20":   NewLaplace(big.NewRat(1, 20)),
	"laplace 3/4":    NewLaplace(big.NewRat(3, 4)),
	"laplace 2":      NewLaplace(big.NewRat(2, 1)),
	"laplace 25/3":   NewLaplace(big.NewRat(25, 3)),
	"laplace 1000":   NewLaplace(big.NewRat(1000, 1)),
	"gaussian 1/9":   NewGaussian(big.NewRat(1, 9)),
	"gaussian 1":     NewGaussian(big.NewRat(1, 1)),
	"gaussian 22/7":  NewGaussian(big.NewRat(22, 7)),
	"gaussian 40000": NewGaussian(big.NewRat(40_000, 1)),
}

// TestSamples compares with the exact distribution by chi-squared. Each of the
// cases fails by luck once in a million seeds (Wilson–Hilferty at 4.75 σ); the
// seeds are fixed.
func TestSamples(t *testing.T) {
	const draws = 40_000
	for name, n := range cases {
		in := seeded(t, 1)
		mass, all := weights(n, 200_000)
		seen := map[int64]int{}
		for range draws {
			x, err := n.Sample(in)
			if err != nil {
				t.Fatal(err)
			}
			seen[x.Int64()]++
		}
		chi, bins := 0.0, 0
		add := func(have, want float64) {
			if want > 0 {
				chi += (have - want) * (have - want) / want
				bins++
			}
		}
		// Neighbouring numbers share a bin until it holds 50.
		var have, want float64
		for x := int64(-100_000); x <= 100_000; x++ {
			have += float64(seen[x])
			want += draws * mass[max(x, -x)] / all
			delete(seen, x)
			if want >= 50 {
				add(have, want)
				have, want = 0, 0
			}
		}
		for range seen {
			t.Errorf("%s: a sample beyond 100,000", name)
		}
		if want > 1 {
			add(have, want)
		} else if have > 20 {
			t.Errorf("%s: %v samples where %v are expected", name, have, want)
		}
		if k := float64(bins - 1); k > 0 {
			z := (math.Cbrt(chi/k) - (1 - 2/(9*k))) / math.Sqrt(2/(9*k))
			if z > 4.75 {
				t.Errorf("%s: chi-squared %.1f over %d bins, %.1f σ", name, chi, bins, z)
			}
		}
	}
}

// TestBounds compares with the tails, summed up. Bounds must hold, and may not
// be far off.
func TestBounds(t *testing.T) {
	for name, n := range cases {
		mass, all := weights(n, 200_000)
		tail := func(from int64) (p float64) {
			for x := len(mass) - 1; x >= int(from); x-- {
				p += mass[x] / all
			}
			return p
		}
		deviation, _ := n.Variance().Float64()
		deviation = math.Sqrt(deviation)
		for _, p := range []float64{0.3, 0.025, 1e-3, 1e-6, 1e-9} {
			q := new(big.Rat).SetFloat64(p)
			at := n.Beyond(q).Int64()
			if at < 1 || tail(at) > p {
				t.Errorf("%s: Pr[X ≥ %d] = %g, above %g", name, at, tail(at), p)
			}
			if slack := at - int64(deviation) - 2; slack > 0 && tail(slack) <= p {
				t.Errorf("%s: Pr[X ≥ %d] = %g is already below %g", name, slack, tail(slack), p)
			}
		}
		w := n.HalfWidth().Int64()
		if inside := 1 - 2*tail(w+1); inside < 0.95 {
			t.Errorf("%s: ±%d holds %g", name, w, inside)
		}
		if w > 2 {
			if inside := 1 - 2*tail(w-1-int64(deviation/20)); inside > 0.95 {
				t.Errorf("%s: ±%d is too wide: a narrower one holds %g", name, w, inside)
			}
		}
	}
}

func TestLogAndExp(t *testing.T) {
	for _, x := range []float64{1, 1.0000001, 1.5, 2, 3, 1e6, 1e18, 1e300} {
		got, _ := logAbove(new(big.Rat).SetFloat64(x)).Float64()
		if math.Abs(got-math.Log(x)) > 1e-14*math.Max(1, math.Log(x)) {
			t.Errorf("ln %g = %v, got %v", x, math.Log(x), got)
		}
	}
	// ln 2 to 40 digits, from above.
	ln2, _ := new(big.Rat).SetString("0.6931471805599453094172321214581765680755")
	off := new(big.Rat).Sub(logAbove(big.NewRat(2, 1)), ln2)
	if off.Sign() < 0 || off.Cmp(big.NewRat(1, 1<<62)) > 0 {
		t.Errorf("ln 2 is off by %s", off.FloatString(45))
	}
	for _, x := range []float64{0, 0.1, 1, 5, 20, 700} {
		r := new(big.Rat).SetFloat64(x)
		got, _ := ExpAbove(r).Float64()
		if got < math.Exp(x)*(1-1e-12) || got > math.Exp(x)*(1+1e-12) {
			t.Errorf("exp %g = %v, got %v", x, math.Exp(x), got)
		}
	}
}

func TestRho(t *testing.T) {
	for _, c := range [][2]float64{{1, 1e-6}, {0.01, 1e-9}, {20, 0.1}} {
		e, d := new(big.Rat).SetFloat64(c[0]), new(big.Rat).SetFloat64(c[1])
		rho, _ := Rho(e, d).Float64()
		log := math.Log(1 / c[1])
		want := math.Pow(math.Sqrt(log+c[0])-math.Sqrt(log), 2)
		if rho > want+1e-15 || rho < want-1e-11 {
			t.Errorf("(%g, %g): ρ = %v, want a little below %v", c[0], c[1], rho, want)
		}
	}
}

func TestClip(t *testing.T) {
	for x, want := range map[int64]int64{-9: -5, -5: -5, 0: 0, 5: 5, 6: 5} {
		if got := Clip(big.NewInt(x), big.NewInt(5)); got.Int64() != want {
			t.Errorf("%d became %s", x, got)
		}
	}
}
