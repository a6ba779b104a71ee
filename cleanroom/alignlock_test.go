package cleanroom

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestAligningPairs has runs wait for a pair, one after the other, and others
// not.
func TestAligningPairs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a aligning
		first, err := a.take(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		other, err := a.take(t.Context(), "y")
		if err != nil {
			t.Fatal(err)
		}
		other()
		if release, held := a.try("x"); release != nil || held == nil {
			t.Error("a pair was given away twice")
		}
		inside, most, done := 0, 0, make(chan struct{})
		for range 5 {
			go func() {
				release, err := a.take(t.Context(), "x")
				if err != nil {
					t.Error(err)
				}
				inside++
				most = max(most, inside)
				time.Sleep(time.Second)
				inside--
				release()
				release()
				done <- struct{}{}
			}()
		}
		ctx, stop := context.WithTimeoutCause(t.Context(), time.Second, ErrAligning)
		defer stop()
		if _, err := a.take(ctx, "x"); !errors.Is(err, ErrAligning) {
			t.Errorf("a wait that ended: %v", err)
		}
		first()
		for range 5 {
			<-done
		}
		if most != 1 || len(a.busy) != 0 {
			t.Errorf("%d at once, %d pairs busy", most, len(a.busy))
		}
	})
}

// TestMayPostToAnAlignment: only the partner of a run that works on it.
func TestMayPostToAnAlignment(t *testing.T) {
	const id = "00112233445566778899aabbccddeeff"
	n := &Node{runs: map[string]*Run{
		"a": {partner: "mine", job: id}, "b": {partner: "theirs"}, "c": {partner: "", job: "ff" + id[2:]}, "d": {partner: "none", job: ""},
	}}
	for _, c := range []struct {
		from, id string
		want     bool
	}{{"mine", id, true}, {"theirs", id, false}, {"", id, false}, {"", "ff" + id[2:], false}, {"none", "", false}, {"mine", "a", true}, {"mine", "b", false}} {
		if got := n.MayPost(c.from, c.id); got != c.want {
			t.Errorf("%q may post to %q: %t", c.from, c.id, got)
		}
	}
}
