package history

import (
	"testing"
	"time"
)

// A column has two large groups and a tiny one that is never released. Another
// measure by the same groups tells nothing new; half of one group alone would,
// as would the one group with a member more.
func TestGroupsAskedAgain(t *testing.T) {
	s := newHistory(t)
	group := func(from, to int) *Vector { return s.asked(10, from, to).Vectors[0] }
	admit := func(vectors ...*Vector) error {
		q := s.asked(10, 0, 1)
		q.Vectors, q.Units = vectors, 1000
		q.Whole = func() (*Sketch, error) { return group(0, 1000).Sketch, nil }
		_, err := s.Admit(t.Context(), q, time.Unix(1, 0))
		return err
	}
	rows := func(v *Vector) *Vector { return &Vector{Kind: Rows, Support: v.Support, Sketch: v.Sketch} }
	if err := admit(group(0, 600), group(600, 995)); err != nil {
		t.Fatal(err)
	}
	if err := admit(group(0, 600), group(600, 995), rows(group(0, 600))); err != nil {
		t.Errorf("another measure: %v", err)
	}
	if err := admit(group(600, 995)); err != nil {
		t.Errorf("one of the groups: %v", err)
	}
	if err := admit(group(0, 601)); !tooClose(err) {
		t.Errorf("a group with one more: %v", err)
	}
	if err := admit(group(0, 600), group(598, 995)); !tooClose(err) {
		t.Errorf("a group, and the other with two more: %v", err)
	}
	if err := admit(group(0, 1000)); !tooClose(err) { // less the two, it is the tiny one
		t.Errorf("everyone: %v", err)
	}
}
