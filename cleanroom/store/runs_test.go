package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
)

func run(id string, n int) Run {
	return Run{ID: id, Agreement: "a1", Asker: "client", Question: []byte(`{"sql":"SELECT 1"}`),
		PlanHash: "sha256:p", State: Submitted, Stage: "compile", Created: at(n)}
}

func storeWithAgreement(t *testing.T) (*Store, string) {
	s, path := newStore(t)
	must(t, s.PutAgreement(context.Background(), "a1", []byte("e"), AgreementActive, at(0)))
	return s, path
}

func TestRunLife(t *testing.T) {
	s, path := storeWithAgreement(t)
	ctx := context.Background()
	must(t, s.PutRun(ctx, run("r1", 1)))
	wantErr(t, s.PutRun(ctx, run("r1", 2)), ErrExists)
	unknown := run("r2", 1)
	unknown.Agreement = "nobody's"
	wantErr(t, s.PutRun(ctx, unknown), ErrNotFound)

	must(t, s.UpdateRun(ctx, "r1", RunUpdate{State: Started, Stage: "align"}))
	must(t, s.UpdateRun(ctx, "r1", RunUpdate{State: Started, Stage: "inner"}))
	must(t, s.UpdateRun(ctx, "r1", RunUpdate{State: Success, Finished: at(9), Sealed: []byte("age"), ReceiptHash: "h", Receipt: []byte("1")}))
	must(t, s.UpdateRun(ctx, "r1", RunUpdate{State: Success, Receipt: []byte("2")}))
	wantErr(t, s.UpdateRun(ctx, "r1", RunUpdate{State: Success, Sealed: []byte("other"), ReceiptHash: "h"}), ErrTransition)
	wantErr(t, s.UpdateRun(ctx, "r0", RunUpdate{State: Started}), ErrNotFound)
	must(t, s.Close())
	got, err := reopen(t, path).Run(ctx, "r1")
	must(t, err)
	want := run("r1", 1)
	want.State, want.Stage, want.Finished = Success, "inner", at(9)
	want.Sealed, want.ReceiptHash, want.Receipt = []byte("age"), "h", []byte("2")
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
}

var allStates = []RunState{Submitted, AwaitingApproval, Started, Success, Failed, Cancelling, Cancelled, TimedOut}

// The whole table of transitions, from state × to state, "x" allowed.
func TestTransitions(t *testing.T) {
	const table = `
SUBMITTED         .xx.xxxx
AWAITING_APPROVAL ..x.xxxx
STARTED           .x.xxxxx
SUCCESS           ........
FAILED            ........
CANCELLING        ....x.xx
CANCELLED         ........
TIMED_OUT         ........`
	want := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(table), "\n") {
		f := strings.Fields(line)
		want[f[0]] = f[1]
	}
	for _, from := range allStates {
		for i, to := range allStates {
			if from == to {
				continue
			}
			u := RunUpdate{State: to}
			if to.Final() {
				u.Finished = at(1)
			}
			allowed := check(from, u) == nil
			if allowed != (want[string(from)][i] == 'x') {
				t.Errorf("%s to %s: allowed is %v", from, to, allowed)
			}
		}
	}
}

func TestUpdateNeedsItsParts(t *testing.T) {
	for name, u := range map[string]RunUpdate{
		"end without a time":      {State: Failed},
		"time without an end":     {State: Started, Finished: at(1)},
		"answer of a failed run":  {State: Failed, Finished: at(1), Sealed: []byte("age"), ReceiptHash: "h"},
		"answer without its hash": {State: Success, Finished: at(1), Sealed: []byte("age")},
		"hash without an answer":  {State: Success, Finished: at(1), ReceiptHash: "h"},
		"no state":                {Stage: "x"},
	} {
		if err := check(Started, u); !errors.Is(err, ErrTransition) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestStoppedRuns(t *testing.T) {
	s, path := storeWithAgreement(t)
	ctx := context.Background()
	for i, state := range []RunState{Submitted, AwaitingApproval, Started, Cancelling} {
		id := string(state)
		must(t, s.PutRun(ctx, run(id, i)))
		if state != Submitted {
			must(t, s.UpdateRun(ctx, id, RunUpdate{State: state}))
		}
	}
	must(t, s.Close())
	s = reopen(t, path)
	for id, want := range map[string]RunState{
		"SUBMITTED": Failed, "AWAITING_APPROVAL": Failed, "STARTED": Failed, "CANCELLING": Cancelled,
	} {
		r, err := s.Run(ctx, id)
		must(t, err)
		if r.State != want {
			t.Errorf("%s became %s, want %s", id, r.State, want)
		}
		why := StoppedText
		if id == "AWAITING_APPROVAL" {
			why = WaitingText
		}
		if r.Error != why || !r.Finished.Equal(at(1000)) {
			t.Errorf("%s: error %q, finished %v", id, r.Error, r.Finished)
		}
	}
}

func TestRunPages(t *testing.T) {
	s, _ := storeWithAgreement(t)
	ctx := context.Background()
	for i := range 5 {
		must(t, s.PutRun(ctx, run(fmt.Sprint("r", i), 1))) // all at one instant
	}
	var seen []string
	before := ""
	for {
		page, err := s.Runs(ctx, 2, before)
		must(t, err)
		if len(page) == 0 {
			break
		}
		for _, r := range page {
			seen = append(seen, r.ID)
		}
		before = page[len(page)-1].ID
	}
	if got := strings.Join(seen, " "); got != "r4 r3 r2 r1 r0" {
		t.Fatalf("pages gave %s", got)
	}
	_, err := s.Runs(ctx, 2, "no such run")
	wantErr(t, err, ErrNotFound)
}

// Of many racing ends of one run exactly one wins.
func TestRacingUpdates(t *testing.T) {
	s, _ := storeWithAgreement(t)
	ctx := context.Background()
	must(t, s.PutRun(ctx, run("r1", 1)))
	must(t, s.UpdateRun(ctx, "r1", RunUpdate{State: Started}))
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range 16 {
		wg.Go(func() {
			to := []RunState{Success, Failed, Cancelled, TimedOut}[i%4]
			err := s.UpdateRun(ctx, "r1", RunUpdate{State: to, Finished: at(i)})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if !errors.Is(err, ErrTransition) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Fatalf("%d updates ended the run", won)
	}
}
