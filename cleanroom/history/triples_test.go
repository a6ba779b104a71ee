package history

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// selecting is a question for the units of n that is says, with their values.
func selecting(n, k int, is func(int) bool, value func(int) int64) *Question {
	of := func(kind Kind, value func(int) int64) *Vector {
		x := map[int]int64{}
		for u := range n {
			if v := value(u); v != 0 {
				x[u] = v
			}
		}
		return &Vector{Kind: kind, Support: uint64(len(x)), Sketch: sketchOf(x, k)}
	}
	one := func(is func(int) bool) func(int) int64 {
		return func(u int) int64 {
			if is(u) {
				return 1
			}
			return 0
		}
	}
	q := &Question{Identity: "d", Version: "v", K: k, Units: uint64(n), Whole: func() (*Sketch, error) {
		return of(Units, one(func(int) bool { return true })).Sketch, nil
	}}
	q.Vectors = []*Vector{of(Units, one(is))}
	if value != nil {
		q.Vectors = append(q.Vectors, of(Sums, value))
	}
	return q
}

// R01, R02 over three questions: a, b and a-or-b, two parts and the whole, and
// what is said twice over; those that are k units apart are answered.
func TestThreeQuestions(t *testing.T) {
	const n, k = 3000, 10
	span := func(from, to int) func(int) bool { return func(u int) bool { return u >= from && u < to } }
	or := func(a, b func(int) bool) func(int) bool { return func(u int) bool { return a(u) || b(u) } }
	for _, c := range []struct {
		name    string
		three   [3]func(int) bool
		refused bool
	}{
		{"a, b, a or b, one in both", [3]func(int) bool{span(0, 500), span(499, 900), span(0, 900)}, true},
		{"a or b, a, b, nine in both", [3]func(int) bool{span(0, 900), span(0, 500), span(491, 900)}, true},
		{"a, b, a or b, ten in both", [3]func(int) bool{span(0, 500), span(490, 900), span(0, 900)}, false},
		{"a, b, a or b, none in both", [3]func(int) bool{span(0, 500), span(500, 900), span(0, 900)}, false},
		{"a, b, a or b less one", [3]func(int) bool{span(0, 500), span(500, 900), span(1, 900)}, true},
		{"what two leave is two more", [3]func(int) bool{span(0, 500), span(500, 2000), or(span(500, 2000), span(2, 500))}, true},
		{"far from each other", [3]func(int) bool{span(0, 500), span(700, 2000), span(300, 1700)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHistory(t)
			for i, is := range c.three {
				q := selecting(n, k, is, nil)
				q.Run = fmt.Sprintf("%s %d", c.name, i)
				unchecked, err := h.Admit(t.Context(), q, time.Unix(1, 0))
				var close *TooClose
				if refused := errors.As(err, &close); refused != (c.refused && i == 2) || unchecked || err != nil && !refused || refused && !close.Three {
					t.Errorf("question %d: %v, unchecked %t", i, err, unchecked)
				}
			}
			// What was answered may be asked again.
			q := selecting(n, k, c.three[0], nil)
			q.Run = "again"
			if _, err := h.Admit(t.Context(), q, time.Unix(1, 0)); err != nil {
				t.Error(err)
			}
		})
	}
}

// Sums by a factor are near each other as sums are, and thresholds of other
// agreements are no way round: a larger one has larger sketches.
func TestFactorsAndThresholds(t *testing.T) {
	const n = 3000
	sums := func(k, few int, times int64) *Question {
		q := selecting(n, k, func(int) bool { return true }, func(u int) int64 {
			if u < few {
				return int64(100_000 + u*u)
			}
			return times * int64(u%13+1)
		})
		q.Run = fmt.Sprint("run ", k, few, times)
		return q
	}
	for _, c := range []struct {
		first, second, few int
		times              int64
		refused, unchecked bool
	}{
		{10, 10, 1, 2, true, false}, {10, 10, 9, -7, true, false}, {10, 10, 10, 2, false, false}, {10, 10, 0, 3, false, false},
		{50, 50, 49, 3, true, false}, {50, 50, 50, 3, false, false},
		{100, 10, 1, 1, true, false}, {100, 10, 9, 5, true, false}, {100, 10, 10, 1, false, false}, {100, 10, 50, 5, false, false},
		{10, 100, 1, 1, true, false}, {10, 100, 40, 1, true, false}, {10, 100, 120, 1, false, false}, {10, 100, 600, 1, false, true},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			h := newHistory(t)
			if _, err := h.Admit(t.Context(), sums(c.first, 0, 1), time.Unix(1, 0)); err != nil {
				t.Fatal(err)
			}
			unchecked, err := h.Admit(t.Context(), sums(c.second, c.few, c.times), time.Unix(1, 0))
			var close *TooClose
			if refused := errors.As(err, &close); refused != c.refused || err != nil && !refused || unchecked != c.unchecked {
				t.Errorf("%v, unchecked %t", err, unchecked)
			}
		})
	}
}
