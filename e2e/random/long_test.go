//go:build long

// weight 4

package random

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	ct "parley/cleanroom/cleanroomtest"
)

// Goal of the long run.
const (
	longWorlds    = 120
	longQuestions = 10_080
)

// TestLongRandomQueries asks 10,000 questions over more than 100 worlds, or as
// many as PARLEY_SUITE_MINUTES leave time for, and prints what it covered.
// Each run has a seed of its own.
func TestLongRandomQueries(t *testing.T) {
	seed := seedOf(t, uint64(time.Now().UnixNano()))
	t.Logf("PARLEY_SEED=%d", seed)
	end := deadline(t)
	var c coverage
	t.Run("worlds", func(t *testing.T) {
		for i := range longWorlds {
			t.Run(fmt.Sprintf("world-%03d", i), func(t *testing.T) {
				t.Parallel()
				runWorld(t, ct.Engine(), seed, i, longQuestions/longWorlds, end, &c)
			})
		}
	})
	t.Logf("covered: %s", c.String())
	if !t.Failed() && c.cases > 500 {
		c.mustReach(t)
	}
}

// deadline is when no further question is begun.
func deadline(t *testing.T) time.Time {
	minutes := 0.0
	if s := os.Getenv("PARLEY_SUITE_MINUTES"); s != "" {
		n, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatalf("PARLEY_SUITE_MINUTES: %v", err)
		}
		minutes = n
	}
	if minutes <= 0 {
		return time.Time{}
	}
	return time.Now().Add(time.Duration(minutes * float64(time.Minute)))
}
