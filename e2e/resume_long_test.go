//go:build long

package e2e

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// longResumeRoom has messages of several chunks.
const longResumeRoom = 400_000

// TestLongResume kills one node or the other at a random point of an alignment
// of 320,000 units a side and has it taken up, for as long as
// PARLEY_SUITE_MINUTES says, with PARLEY_SEED.
func TestLongResume(t *testing.T) {
	minutes, err := strconv.ParseFloat(os.Getenv("PARLEY_SUITE_MINUTES"), 64)
	if err != nil {
		t.Fatalf("PARLEY_SUITE_MINUTES: %v", err)
	}
	seed, err := strconv.ParseUint(os.Getenv("PARLEY_SEED"), 10, 64)
	if err != nil {
		t.Fatalf("PARLEY_SEED: %v", err)
	}
	dice := rand.New(rand.NewPCG(seed, 2))
	end := time.Now().Add(time.Duration(minutes * float64(time.Minute)))
	kills, acknowledged, again := 0, int64(0), int64(0)
	for ; kills == 0 || time.Now().Before(end); kills++ {
		r := newRoom(t, longResumeRoom)
		victim := r.alpha
		if dice.IntN(2) == 0 {
			victim = r.beta
		}
		a, b := r.killAndResume(t, longResumeRoom, victim, 0.05+0.85*dice.Float64())
		acknowledged, again = acknowledged+a, again+b
		for _, n := range []*node{r.alpha, r.beta} {
			n.kill(t)
		}
	}
	t.Logf("covered: %d alignments taken up; of %d acknowledged bytes %d were sent again", kills, acknowledged, again)
}
