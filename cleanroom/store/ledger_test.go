package store

import (
	"context"
	"reflect"
	"testing"
	"time"
)

func TestCharges(t *testing.T) {
	s, path := newStore(t)
	ctx := context.Background()
	one := Charge{Seq: 1, Kind: "run", Dataset: "d", Version: "v", Agreement: "a", Asker: "m", Peer: "p", Run: "r1", PlanHash: "h",
		Epsilon: "1/2", Delta: "1/1000", Rho: "0", Slip: "1/9000", Time: at(1), Chain: [32]byte{1}}
	two := one
	two.Seq, two.Run, two.Time, two.Chain = 2, "r2", at(9), [32]byte{2}
	must(t, s.AddCharges(ctx, 0, [32]byte{}, []Charge{one}))
	wantErr(t, s.AddCharges(ctx, 0, [32]byte{}, []Charge{one}), ErrMoved)       // it has moved on
	wantErr(t, s.AddCharges(ctx, 1, [32]byte{7}, []Charge{two}), ErrMoved)      // another chain
	wantErr(t, s.AddCharges(ctx, 1, [32]byte{1}, []Charge{two, two}), ErrMoved) // a number twice: neither is kept
	must(t, s.AddCharges(ctx, 1, [32]byte{1}, []Charge{two}))
	must(t, s.Close())
	s = reopen(t, path)
	got, err := s.Charges(ctx, 1, 10)
	must(t, err)
	if !reflect.DeepEqual(got, []Charge{one, two}) {
		t.Errorf("got %+v", got)
	}
	// Charges are those of an identity, whatever the name, and merge with it.
	alone := func([]Identity) []string { return nil }
	for _, i := range []Identity{{Identity: "x", Dataset: "d", Version: "v", Fingerprint: []byte{}}, {Identity: "y", Dataset: "e", Version: "w", Fingerprint: []byte{}}} {
		_, err := s.Identify(ctx, i, alone)
		must(t, err)
	}
	count := func(identity string, since time.Time) int {
		t.Helper()
		got, err := s.ChargesOf(ctx, identity, since)
		must(t, err)
		return len(got)
	}
	if a, b, c := count("x", time.Time{}), count("x", at(2)), count("y", time.Time{}); a != 2 || b != 1 || c != 0 {
		t.Errorf("%d %d %d", a, b, c)
	}
	_, err = s.Identify(ctx, Identity{Identity: "z", Dataset: "f", Version: "u", Fingerprint: []byte{}}, func([]Identity) []string { return []string{"y", "x"} })
	must(t, err)
	if n := count("y", time.Time{}); n != 2 {
		t.Errorf("%d charges after the two became one", n)
	}
}

func TestApprovals(t *testing.T) {
	s, _ := newStore(t)
	ctx := context.Background()
	const keep = time.Hour
	ask := func(id, plan string, n int) (Approval, error) {
		return s.TakeApproval(ctx, Approval{ID: id, Agreement: "a", PlanHash: plan, Asker: "m", Question: []byte("{}"), Created: at(n)}, keep, 2)
	}
	state := func(id, plan string, n int, want ApprovalState) {
		t.Helper()
		a, err := ask(id, plan, n)
		must(t, err)
		if a.State != want {
			t.Errorf("%s of %s at %d: %s, want %s", id, plan, n, a.State, want)
		}
	}
	state("r1", "p1", 1, ApprovalWaiting)
	state("r2", "p1", 2, ApprovalWaiting) // the same request
	state("r3", "p2", 3, ApprovalWaiting)
	_, err := ask("r4", "p3", 4)
	wantErr(t, err, ErrTooMany)
	waiting, err := s.WaitingApprovals(ctx, at(0))
	must(t, err)
	if len(waiting) != 2 {
		t.Errorf("%d wait", len(waiting))
	}
	_, err = s.DecideApproval(ctx, "r1", ApprovalApproved, "", at(5))
	must(t, err)
	_, err = s.DecideApproval(ctx, "r1", ApprovalDenied, "", at(6))
	wantErr(t, err, ErrNotFound) // it was decided
	_, err = s.DecideApproval(ctx, "r3", ApprovalDenied, "no", at(6))
	must(t, err)
	state("r5", "p1", 7, ApprovalApproved) // uses it up
	state("r6", "p1", 8, ApprovalWaiting)
	state("r7", "p2", 9, ApprovalDenied) // told once
	state("r8", "p2", 10, ApprovalWaiting)
}

func TestSelections(t *testing.T) {
	s, path := newStore(t)
	ctx := context.Background()
	must(t, s.PutSelection(ctx, Selection{Identity: "x", Version: "v", Run: "r1", Created: at(1), Header: []byte("h1"), Tag: []byte("t1")}, [][]byte{[]byte("s0"), []byte("s1")}))
	must(t, s.PutSelection(ctx, Selection{Identity: "x", Version: "v", Run: "r2", Created: at(2), Header: []byte("h2"), Tag: []byte("t2"), Unchecked: true}, nil))
	must(t, s.PutSelection(ctx, Selection{Identity: "x", Version: "v", Run: "r3", Created: at(3), Header: []byte("h3"), Tag: []byte("t3")}, nil))
	must(t, s.Close())
	s = reopen(t, path)
	got, err := s.Selections(ctx, "x", 9)
	must(t, err)
	if len(got) != 3 || got[2].Run != "r1" || string(got[2].Header) != "h1" || !got[2].Created.Equal(at(1)) {
		t.Fatalf("%+v", got)
	}
	if b, err := s.Sketch(ctx, got[2].Seq, 1); err != nil || string(b) != "s1" {
		t.Errorf("%q %v", b, err)
	}
	for _, c := range []struct {
		identity, tag       string
		recorded, unchecked bool
	}{{"x", "t1", true, true}, {"x", "t2", true, true}, {"x", "t3", true, false}, {"y", "t1", false, false}, {"x", "t9", false, false}} {
		recorded, unchecked, err := s.SelectionTagged(ctx, c.identity, []byte(c.tag))
		if err != nil || recorded != c.recorded || unchecked != c.unchecked {
			t.Errorf("%s %s: %v %v %v", c.identity, c.tag, recorded, unchecked, err)
		}
	}
	must(t, s.TagSelection(ctx, got[1].Seq, []byte("t4"), false))
	if recorded, unchecked, err := s.SelectionTagged(ctx, "x", []byte("t1")); !recorded || unchecked || err != nil {
		t.Errorf("%v %v %v", recorded, unchecked, err)
	}
}
