package people

import (
	"testing"
	"time"
)

// TestRFC6238Vectors are those of RFC 6238, appendix B, for SHA-1: the secret is
// the 20 ASCII digits "12345678901234567890", and codes have 8 digits.
func TestRFC6238Vectors(t *testing.T) {
	t.Parallel()
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471",
		1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		now := time.Unix(at, 0)
		if got := code(secret, stepAt(now), 8); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
		// The codes that people type are the last six digits of these.
		if got := stepOf(secret, now, 0, want[2:]); got != at/30 {
			t.Errorf("at %d: step %d, want %d", at, got, at/30)
		}
	}
}

// TestStepOf takes a code for a step before and one after, and no other, and
// none that is not later than the last.
func TestStepOf(t *testing.T) {
	t.Parallel()
	secret, now := []byte("12345678901234567890"), time.Unix(1_700_000_000, 0)
	step := stepAt(now)
	for d, want := range map[int64]int64{-2: 0, -1: step - 1, 0: step, 1: step + 1, 2: 0} {
		if got := stepOf(secret, now, 0, code(secret, step+d, 6)); got != want {
			t.Errorf("%d steps off: %d, want %d", d, got, want)
		}
	}
	if got := stepOf(secret, now, step, code(secret, step, 6)); got != 0 {
		t.Errorf("a code that was used up is taken for step %d", got)
	}
	for _, wrong := range []string{"", "12345", code(secret, step, 8), code(secret, step, 6) + " "} {
		if got := stepOf(secret, now, 0, wrong); got != 0 {
			t.Errorf("%q is taken for step %d", wrong, got)
		}
	}
}
