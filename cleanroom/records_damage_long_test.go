//go:build long

package cleanroom_test

import (
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// TestLongDamage makes 10,000 random flips, truncations, deletions and
// reorderings of log, state file, snapshots, alignments and rows, or as many as
// there is time for: each is reported, or changes no value that is read.
//
// weight 2
func TestLongDamage(t *testing.T) {
	seed, err := strconv.ParseUint(os.Getenv("PARLEY_SEED"), 10, 64)
	if err != nil {
		seed = 1
	}
	minutes, err := strconv.ParseFloat(os.Getenv("PARLEY_SUITE_MINUTES"), 64)
	if err != nil {
		minutes = 0.5
	}
	counts := damageHomes(t, seed, 10_000, time.Now().Add(time.Duration(minutes*float64(time.Minute))))
	all := 0
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("covered: %5d %s", counts[what], what)
		all += counts[what]
	}
	t.Logf("covered: %d random damages, seed %d", all, seed)
}
