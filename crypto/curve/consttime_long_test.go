//go:build long

// weight 2

package curve

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The goal of the long run, and what it takes for a leak: Welch's t at the bound
// in three runs in a row, with one sign.
const (
	timingSamples = 1_000_000
	timingBatch   = 10_000
	leakT         = 4.5
	leakRuns      = 3
)

// TestLongConstantTime compares the times of each engine on secrets with a
// pattern and on random ones, as dudect does (Reparaz, Balasch, Verbauwhede:
// "Dude, is my code constant time?", 2017). A kernel with a leak put in must be
// caught first. It takes all its samples whatever its share of a run: with fewer
// it would find less.
//
// The scalars of one class have one walked bit set, at the top, and the points
// and field elements of one class are below 2^128.
func TestLongConstantTime(t *testing.T) {
	seed := timingSeed(t)
	t.Logf("PARLEY_SEED=%d", seed)
	r := rand.New(rand.NewChaCha8([32]byte(binary.LittleEndian.AppendUint64(make([]byte, 24), seed))))
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	if f := examine(r, leaky(), 2*timingBatch); f.leak() == 0 {
		t.Fatalf("a ladder with a leak has t = %s: this test sees none", f)
	}
	var covered []string
	for _, k := range timedKernels() {
		covered = append(covered, fmt.Sprintf("%s %s", k.name, checkKernel(t, r, k)))
	}
	t.Logf("covered: t of %s", strings.Join(covered, "; "))
}

// checkKernel fails if each of three runs finds a leak in one direction.
func checkKernel(t *testing.T, r *rand.Rand, k kernel) finding {
	t.Helper()
	f := examine(r, k, timingSamples)
	leaks := 0 // slower for the pattern, less those that are faster
	for run := 1; math.Abs(f.t) >= leakT; run++ {
		t.Logf("covered: %s, run %d: t %s, means differ by %.4f %%", k.name, run, f, 100*f.share)
		leaks += f.leak()
		if run == leakRuns {
			break
		}
		f = examine(r, k, timingSamples)
	}
	if leaks == leakRuns || leaks == -leakRuns {
		t.Errorf("%s: its time depends on the secret", k.name)
	}
	return f
}

// A finding is the crop with the largest |t|, and by which share of the mean the
// classes differ there.
type finding struct {
	t, share float64
	samples  int
}

// leak returns 1 if a secret with the pattern takes longer, -1 if it takes less
// long, and 0 if nothing is found.
func (f finding) leak() int {
	switch {
	case f.t >= leakT:
		return 1
	case f.t <= -leakT:
		return -1
	}
	return 0
}

func (f finding) String() string {
	return fmt.Sprintf("%.1f over %d samples", f.t, f.samples)
}

// examine measures samples in batches until the goal is reached. The first batch
// warms up and sets the crops.
func examine(r *rand.Rand, k kernel, goal int) (f finding) {
	var crops []int64
	var tests []welch
	for f.samples < goal {
		random, times := measure(r, k)
		if crops == nil {
			crops = percentiles(times)
			tests = make([]welch, len(crops))
			continue
		}
		for i, d := range times {
			for c, limit := range crops {
				if d <= limit {
					tests[c][random[i]].add(float64(d))
				}
			}
		}
		f.samples += len(times)
	}
	for _, w := range tests {
		// A crop that the machine's drift has left few samples has no normal t.
		if min(w[0].n, w[1].n) < float64(f.samples)/40 {
			continue
		}
		if t := w.t(); math.Abs(t) > math.Abs(f.t) {
			f.t, f.share = t, w[0].mean/w[1].mean-1
		}
	}
	return f
}

// measure times one batch. The secrets are drawn beforehand, in random order of
// the two classes, and lie side by side, so that both meet the same caches.
func measure(r *rand.Rand, k kernel) (random []int, times []int64) {
	random, times = make([]int, timingBatch), make([]int64, timingBatch)
	secrets := make([][32]byte, timingBatch)
	for i := range secrets {
		var drawn [32]byte
		for at := 0; at < 32; at += 8 {
			binary.LittleEndian.PutUint64(drawn[at:], r.Uint64())
		}
		drawn[31] &= 0x7f
		if random[i] = int(r.Uint64() & 1); random[i] == 0 {
			k.pattern(&drawn)
		}
		secrets[i] = drawn
	}
	var fence atomic.Int64
	for i := range secrets {
		k.prepare(&secrets[i])
		fence.Add(1) // a locked instruction: no store of prepare's is left to do
		begin := time.Now()
		k.run()
		times[i] = int64(time.Since(begin))
	}
	return random, times
}

// percentiles returns the limits above which samples are dropped, as in
// dudect: interruptions only ever add time. The last one drops nothing.
func percentiles(times []int64) (limits []int64) {
	sorted := slices.Sorted(slices.Values(times))
	for i := range 100 {
		share := 1 - math.Pow(0.5, 10*float64(i+1)/100)
		limits = append(limits, sorted[int(share*float64(len(sorted)))])
	}
	return append(limits, math.MaxInt64)
}

// welch is Welch's t-test of two classes.
type welch [2]moments

func (w *welch) t() float64 {
	if w[0].n < 2 || w[1].n < 2 {
		return 0
	}
	spread := math.Sqrt(w[0].variance()/w[0].n + w[1].variance()/w[1].n)
	if spread == 0 {
		return 0
	}
	return (w[0].mean - w[1].mean) / spread
}

// moments are a running mean and sum of squared deviations (Welford).
type moments struct{ n, mean, squares float64 }

func (m *moments) add(x float64) {
	m.n++
	d := x - m.mean
	m.mean += d / m.n
	m.squares += d * (x - m.mean)
}

func (m *moments) variance() float64 { return m.squares / (m.n - 1) }

func timingSeed(t *testing.T) uint64 {
	t.Helper()
	s := os.Getenv("PARLEY_SEED")
	if s == "" {
		return uint64(time.Now().UnixNano())
	}
	seed, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("PARLEY_SEED: %v", err)
	}
	return seed
}
