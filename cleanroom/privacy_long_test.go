//go:build long

package cleanroom

import (
	"os"
	"strconv"
	"testing"
)

// TestLongPrivacy takes a million samples of each input through the release,
// for a right mechanism and for each of the mistaken ones.
//
// weight 6
func TestLongPrivacy(t *testing.T) {
	seed, err := strconv.ParseUint(os.Getenv("PARLEY_SEED"), 10, 64)
	if err != nil {
		seed = 1
	}
	samples := 1_000_000
	if minutes, err := strconv.ParseFloat(os.Getenv("PARLEY_SUITE_MINUTES"), 64); err == nil && minutes < 33 {
		samples = int(minutes / 33 * 1_000_000)
	}
	t.Run("mechanisms", func(t *testing.T) { privacy(t, samples, seed) })
	t.Logf("covered: %d samples of each of 22 inputs, seed %d", samples, seed)
}
