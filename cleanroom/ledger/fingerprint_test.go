package ledger

import (
	"fmt"
	"math"
	"testing"

	"parley/cleanroom/store"
)

func printOf(name, source string, from, n int) store.Identity {
	f := NewFingerprint([32]byte{1})
	for i := range n {
		f.Add(fmt.Append(nil, "unit", from+i))
		f.Add(fmt.Append(nil, "unit", from+i)) // twice is once
	}
	return store.Identity{Identity: name + "!", Dataset: name, Version: "v", Source: source, Units: int64(n), Fingerprint: f.Bytes()}
}

func TestOverlap(t *testing.T) {
	for _, c := range []struct {
		from, n int
		want    float64
	}{{0, 20_000, 1}, {10_000, 20_000, 0.5}, {20_000, 20_000, 0}, {0, 2_000, 1}, {19_000, 2_000, 0.5}, {0, 100, 1}} {
		got := overlap(printOf("a", "", 0, 20_000), printOf("b", "", c.from, c.n))
		// The keys are fixed, so that this cannot fail by luck.
		if math.Abs(got-c.want) > 0.25*c.want+0.02 {
			t.Errorf("%d units from %d: %.3f, want %.3f", c.n, c.from, got, c.want)
		}
	}
}

// R14: what is the same data by its name, its place or its units.
func TestSame(t *testing.T) {
	known := []store.Identity{printOf("orders", "s1", 0, 5000), printOf("ads", "s2", 100_000, 5000)}
	for _, c := range []struct {
		what string
		is   store.Identity
		want string
	}{
		{"a name again, other units", printOf("orders", "s9", 200_000, 5000), "[orders!]"},
		{"another name, the same units", printOf("sales", "s9", 0, 5000), "[orders!]"},
		{"another name, most of the units", printOf("sales", "s9", 1000, 5000), "[orders!]"},
		{"another name and key, the same file", printOf("sales", "s1", 200_000, 5000), "[orders!]"},
		{"new data", printOf("sales", "s9", 200_000, 5000), "[]"},
		{"an old name over other known data", printOf("ads", "s9", 0, 5000), "[ads! orders!]"},
	} {
		if got := fmt.Sprint(same(c.is, known)); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
}
