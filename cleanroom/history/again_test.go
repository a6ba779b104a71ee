package history

import (
	"testing"
	"time"

	"parley/cleanroom/store"
)

// asked is a question for the units from…to-1 of 1000, whose complement makes
// the test fail unless it may be looked at.
func (s *setup) asked(k, from, to int) *Question {
	set := map[int]int64{}
	for i := from; i < to; i++ {
		set[i] = 1
	}
	return &Question{Identity: "d", Version: "v1", Run: "again", K: k, Units: 5000,
		Selection: Selection{Vectors: []*Vector{{Kind: Units, Support: uint64(len(set)), Sketch: sketchOf(set, k)}}}}
}

// The very same selection is found by its tag: later ones were compared with
// it. For another k it is compared anew, and then found for that one.
func TestFoundAgain(t *testing.T) {
	s := newHistory(t)
	found := func(k, from, to int) bool {
		t.Helper()
		q := s.asked(k, from, to)
		q.Finish()
		recorded, _, err := s.store.SelectionTagged(t.Context(), "d", s.tag(q))
		if err != nil {
			t.Fatal(err)
		}
		return recorded
	}
	admit := func(k, from, to int) error {
		t.Helper()
		_, err := s.Admit(t.Context(), s.asked(k, from, to), time.Unix(1, 0))
		return err
	}
	if err := admit(10, 0, 400); err != nil || !found(10, 0, 400) || found(10, 0, 401) || found(20, 0, 400) {
		t.Errorf("%v", err)
	}
	if err := admit(10, 0, 415); err != nil {
		t.Fatal(err)
	}
	// 15 units are enough for k of 10 and too few for 20.
	if err := admit(10, 0, 400); err != nil {
		t.Errorf("the same for the same k: %v", err)
	}
	if err := admit(20, 0, 400); !tooClose(err) {
		t.Errorf("the same for a larger k: %v", err)
	}
	if err := admit(15, 0, 400); err != nil || !found(15, 0, 400) {
		t.Errorf("for a k that they differ by: %v", err)
	}
	if all, err := s.store.Selections(t.Context(), "d", 9); err != nil || len(all) != 2 {
		t.Errorf("%d selections, %v", len(all), err)
	}
}

// Selections of two identities that turn out to be the same data were not
// compared with each other: none of them is taken for checked.
func TestMergedIdentities(t *testing.T) {
	s := newHistory(t)
	for i, name := range []string{"a", "b"} {
		_, err := s.store.Identify(t.Context(), store.Identity{Identity: name, Dataset: name, Version: "v1", Fingerprint: []byte{}},
			func([]store.Identity) []string { return nil })
		if err != nil {
			t.Fatal(err)
		}
		q := s.asked(10, 0, 400+i)
		q.Identity = name
		if _, err := s.Admit(t.Context(), q, time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.store.Identify(t.Context(), store.Identity{Identity: "c", Dataset: "c", Version: "v1", Fingerprint: []byte{}},
		func([]store.Identity) []string { return []string{"a", "b"} })
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		q := s.asked(10, 0, 400+i)
		q.Identity = "a"
		if _, err := s.Admit(t.Context(), q, time.Unix(2, 0)); !tooClose(err) {
			t.Errorf("selection %d: %v", i, err)
		}
	}
}

// What could not be compared stays so when it is asked again, and makes those
// before it so that it could not be compared with.
func TestUncheckedAgain(t *testing.T) {
	s := newHistory(t)
	for i, c := range []struct {
		to            int
		partly, again bool
	}{{400, false, false}, {500, true, true}, {500, true, true}, {400, false, true}, {600, false, false}} {
		q := s.asked(10, 0, c.to)
		q.Partly = c.partly
		unchecked, err := s.Admit(t.Context(), q, time.Unix(1, 0))
		if err != nil || unchecked != c.again {
			t.Errorf("question %d: unchecked %v, %v", i, unchecked, err)
		}
	}
}
