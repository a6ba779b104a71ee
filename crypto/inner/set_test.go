package inner

import (
	"math"
	"math/big"
	"testing"
)

// The primes are the largest below 2^bits that are 1 mod 2N: nobody chose
// them.
func TestPrimesAreTheLargest(t *testing.T) {
	if len(Sets()) != 3 {
		t.Fatal("three parameter sets expected")
	}
	for _, s := range Sets() {
		step := big.NewInt(int64(2 * s.N()))
		p := new(big.Int).Lsh(big.NewInt(1), uint(s.qBits))
		p.Add(p, big.NewInt(1))
		for _, q := range s.Primes() {
			for p.Sub(p, step); !p.ProbablyPrime(40); p.Sub(p, step) {
			}
			if p.Uint64() != q {
				t.Errorf("%s: prime %d, expected %v", s.Name(), q, p)
			}
		}
	}
}

// 128-bit classical security for ternary secrets: Security Guidelines for
// Implementing Homomorphic Encryption (2024), and κ wide enough for a share.
func TestSetsAreSecureAndWide(t *testing.T) {
	largest := map[int]int{2048: 53, 4096: 106, 8192: 214}
	for _, s := range Sets() {
		if s.LogQ() > largest[s.N()] {
			t.Errorf("%s: log Q = %d for N = %d", s.Name(), s.LogQ(), s.N())
		}
		if s.Kappa() < s.ShareBits() || s.Kappa() > 120 || s.Kappa()%8 != 0 {
			t.Errorf("%s: κ = %d for shares of %d bits", s.Name(), s.Kappa(), s.ShareBits())
		}
	}
}

// The budgets that the documentation names hold with the written formula, and
// one more unit of weight breaks it.
func TestBudget(t *testing.T) {
	for name, bits := range map[string]uint{"narrow": 24, "wide": 34, "large": 94} {
		s := setNamed(t, name)
		if s.MaxWeight().Cmp(new(big.Int).Lsh(big.NewInt(1), bits)) < 0 {
			t.Errorf("%s holds ‖w‖₁ ≤ %v only", name, s.MaxWeight())
		}
		more := new(big.Int).Add(s.MaxWeight(), big.NewInt(1))
		if s.noiseBound(s.MaxWeight()).Cmp(s.noiseLimit()) >= 0 || s.noiseBound(more).Cmp(s.noiseLimit()) < 0 {
			t.Errorf("%s: %v is not the largest weight", name, s.MaxWeight())
		}
		log, _ := new(big.Float).SetInt(s.MaxWeight()).Float64()
		t.Logf("%s: N %d, log Q %d, κ %d, ‖w‖₁ ≤ 2^%.2f, a cell %d and %d bytes", name, s.N(), s.LogQ(), s.Kappa(), math.Log2(log), s.HintSize(), s.AnswerSize())
	}
}

// R43: bounds under which a sum could wrap or the noise could reach the answer
// are refused before a run.
func TestChoose(t *testing.T) {
	pow := func(n uint) *big.Int { return new(big.Int).Lsh(big.NewInt(1), n) }
	less := func(n uint) *big.Int { return new(big.Int).Sub(pow(n), big.NewInt(1)) }
	cases := []struct {
		slots     int
		maxW, sum *big.Int
		want      string
	}{
		{1 << 24, pow(0), less(22), "narrow"},
		{1 << 24, pow(0), pow(22), "wide"},
		{1 << 24, pow(1), less(22), "wide"},
		{1 << 24, pow(10), less(63), "wide"},
		{1 << 24, pow(20), less(63), "large"},
		{1 << 30, pow(63), less(63), "large"},
		{1 << 24, pow(0), pow(63), "inner: sums declared up to 9223372036854775808 would wrap: set large holds |sum| ≤ 9223372036854775807"},
		{1 << 30, pow(70), pow(9), "inner: slots times largest weight is declared as 1267650600228229401496703205376: set large holds at most 40215377636842780694540735523"},
		{0, pow(0), pow(0), "inner: number of slots must be from 1 to 1073741824"},
		{1<<30 + 1, pow(0), pow(0), "inner: number of slots must be from 1 to 1073741824"},
		{1, big.NewInt(-1), pow(0), "inner: declared bounds must not be negative"},
		{1, nil, pow(0), "inner: declared bounds must not be negative"},
	}
	for _, c := range cases {
		s, err := Choose(c.slots, c.maxW, c.sum)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = s.Name()
		}
		if got != c.want {
			t.Errorf("%d slots, w ≤ %v, sum ≤ %v: %q, want %q", c.slots, c.maxW, c.sum, got, c.want)
		}
	}
}

// The sampler's table is the discrete Gaussian with σ = 3.2, to 1e-14, and its output
// has that shape: mean, variance and both tails.
func TestGaussian(t *testing.T) {
	rho := func(k int) float64 { return math.Exp(-float64(k*k) / (2 * 3.2 * 3.2)) }
	total := rho(0)
	for k := 1; k <= tailBound; k++ {
		total += 2 * rho(k)
	}
	sum := 0.0
	for k, limit := range gaussianCDF {
		sum += rho(k) / total * map[bool]float64{true: 1, false: 2}[k == 0]
		if math.Abs(sum-math.Ldexp(float64(limit), -63)) > 1e-14 {
			t.Errorf("threshold %d is off", k)
		}
	}

	x := newXOF([32]byte{7})
	const n = 1 << 20
	var mean, square, largest float64
	for range n {
		e := float64(x.gaussian())
		mean += e / n
		square += e * e / n
		largest = max(largest, math.Abs(e))
	}
	// Standard errors 3.2/2^10 and 10.24·√2/2^10; 7 of them: 3e-12 by luck, and
	// the key is fixed.
	if math.Abs(mean) > 7*3.2/1024 || math.Abs(square-10.24) > 7*10.24*math.Sqrt2/1024 || largest > tailBound || largest < 13 {
		t.Errorf("mean %f, variance %f, largest %f", mean, square, largest)
	}
}

func TestTernary(t *testing.T) {
	const n = 1 << 18
	u := make([]int8, n)
	newXOF([32]byte{8}).ternary(u)
	var count [3]float64
	for _, v := range u {
		count[v+1]++
	}
	for _, c := range count { // 7 standard deviations: 8e-12 by luck, and the key is fixed
		if math.Abs(c-n/3.0) > 7*math.Sqrt(n*2.0/9) {
			t.Errorf("counts %v", count)
		}
	}
}
