//go:build long

package align

import (
	mathrand "math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// weight 1

// TestLongResume cuts alignments of random sizes off at random events, one
// side or both, again and again, each time with another memory. Slots,
// transcript and bytes must be those of a run without interruption.
func TestLongResume(t *testing.T) {
	seed, err := strconv.ParseUint(os.Getenv("PARLEY_SEED"), 10, 64)
	if err != nil {
		seed = 1
	}
	minutes, err := strconv.ParseFloat(os.Getenv("PARLEY_SUITE_MINUTES"), 64)
	if err != nil {
		minutes = 0.5
	}
	end := time.Now().Add(time.Duration(minutes * float64(time.Minute)))
	r := mathrand.New(mathrand.NewPCG(seed, 1))
	cases, cuts := 0, 0
	for ; time.Now().Before(end) && !t.Failed(); cases++ {
		nC, nP := 400+r.IntN(4000), 400+r.IntN(4000)
		memory := func() int64 { return 1 + int64(r.IntN(1<<r.IntN(22))) }
		undisturbed := newStageOf(t, memory(), nC, nP)
		want := undisturbed.whole()
		s := newStageOf(t, memory(), nC, nP)
		for n := r.IntN(6); n >= 0; n-- {
			s.cfg[0].Memory, s.cfg[1].Memory = memory(), memory()
			s.cutOff([2]int{1 + r.IntN(want[0].events), 1 + r.IntN(want[1].events)})
			cuts++
		}
		s.agrees("cut off", s.whole(), want, undisturbed.d.sent)
	}
	t.Logf("covered: %d alignments of 400 to 4,400 units a side, cut off %d times, seed %d", cases, cuts, seed)
}
