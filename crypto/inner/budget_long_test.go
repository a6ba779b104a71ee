//go:build long

// weight 1

package inner

import (
	"os"
	"strconv"
	"testing"
	"time"
)

// TestLongBudget decrypts 10,000 sums at the stated bound of each parameter
// set, or as many as PARLEY_SUITE_MINUTES leave time for: none is wrong.
func TestLongBudget(t *testing.T) {
	seed, err := strconv.ParseUint(os.Getenv("PARLEY_SEED"), 10, 64)
	if err != nil {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("PARLEY_SEED=%d", seed)
	minutes, err := strconv.ParseFloat(os.Getenv("PARLEY_SUITE_MINUTES"), 64)
	if err != nil || minutes <= 0 {
		minutes = 60
	}
	share := time.Duration(minutes * float64(time.Minute) / float64(len(Sets())))
	for _, set := range Sets() {
		end := time.Now().Add(share)
		worst, done := budgetTrials(t, set, seed, 10_000, func() bool { return time.Now().Before(end) })
		t.Logf("covered: %s: %d sums at ‖w‖₁ = %v, the largest noise %.3f of the limit", set.name, done, set.MaxWeight(), worst)
	}
}
