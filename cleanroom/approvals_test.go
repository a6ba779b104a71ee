package cleanroom_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley/agreements"
	"parley/cleanroom"
	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/store"
)

// paused is a node whose waiting runs offer again when the test says so.
type paused struct {
	asked, again chan struct{}
	ahead        atomic.Int64
}

func newPaused() *paused { return &paused{asked: make(chan struct{}), again: make(chan struct{})} }

func (p *paused) options(o *cleanroom.Options) {
	o.Now = func() time.Time { return time.Now().Add(time.Duration(p.ahead.Load())) }
	o.Pause = func(ctx context.Context, _ time.Duration) error {
		select {
		case p.asked <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		select {
		case <-p.again:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// waits says that the run waits now.
func (p *paused) waits(t *testing.T, m *cleanroomtest.Member, run string) {
	t.Helper()
	<-p.asked
	if v, err := m.Look(t.Context(), run); err != nil || v.State != store.AwaitingApproval {
		t.Errorf("%v, %v", v.State, err)
	}
}

func begin(t *testing.T, m *cleanroomtest.Member, id, sql string) string {
	t.Helper()
	r, err := m.Submit(t.Context(), cleanroom.Question{Agreement: id, SQL: sql})
	if err != nil {
		t.Fatal(err)
	}
	return r.ID
}

func end(t *testing.T, m *cleanroomtest.Member, run string) *cleanroom.View {
	t.Helper()
	v, err := m.Finish(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func waitingAt(t *testing.T, m *cleanroomtest.Member, n int) []store.Approval {
	t.Helper()
	all, err := m.Waiting(t.Context())
	if err != nil || len(all) != n {
		t.Fatalf("%d requests wait, want %d: %v", len(all), n, err)
	}
	return all
}

func decide(t *testing.T, m *cleanroomtest.Member, id string, approve bool) {
	t.Helper()
	if _, err := m.Decide(t.Context(), id, approve, "because"); err != nil {
		t.Fatal(err)
	}
}

// Nothing of a dataset that asks for approval is touched before a person there
// approves, for each run; a denial, a cancellation and a week end the wait.
func TestApproval(t *testing.T) {
	t.Parallel()
	p := newPaused()
	agency, shop := start(t, "agency", p.options), start(t, "shop", nil)
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	id := agree(t, 2, func(a *agreements.Agreement) {
		a.Dataset("orders").Rules.ApproveRuns = true
		a.Validity.NotAfter = a.Validity.NotAfter.Add(30 * 24 * time.Hour)
	}, agency, shop)
	used := func() int {
		all, err := shop.Spendings(t.Context(), "orders")
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, l := range all[0].Lines {
			n += l.Runs + l.Alignments
		}
		return n
	}
	for _, sql := range []string{ownerOnly, bySegment} {
		before := used()
		run := begin(t, agency, id, sql)
		p.waits(t, agency, run)
		p.again <- struct{}{} // still undecided
		p.waits(t, agency, run)
		request := waitingAt(t, shop, 1)[0]
		if request.ID != run || request.Asker != "agency" || !strings.Contains(string(request.Question), "orders") {
			t.Errorf("%+v", request)
		}
		if used() != before {
			t.Error("something was charged before anyone approved")
		}
		decide(t, shop, request.ID, true)
		p.again <- struct{}{}
		if v := end(t, agency, run); v.State != store.Success {
			t.Fatalf("%s: %s", sql, v.Error)
		}
		waitingAt(t, shop, 0)
		// Given again without anybody's approval; a fresh run needs one.
		if v := submit(t, agency, cleanroom.Question{Agreement: id, SQL: sql}); v.StoredFrom != run {
			t.Errorf("%s: %s", v.State, v.Error)
		}
	}
	// Denied: the asker learns that, and not why.
	run := begin(t, agency, id, "SELECT COUNT(*) AS n FROM orders")
	p.waits(t, agency, run)
	decide(t, shop, run[:8], false)
	p.again <- struct{}{}
	if v := end(t, agency, run); v.State != store.Failed || v.Error != "ask the other node: the other owner did not approve the run; ask its people why" {
		t.Errorf("%s %q", v.State, v.Error)
	}
	if _, err := shop.Decide(t.Context(), run, true, ""); !errors.Is(err, cleanroom.ErrNoRequest) {
		t.Errorf("decided twice: %v", err)
	}
	// Cancelled while it waits; the approval still serves the next run.
	run = begin(t, agency, id, "SELECT COUNT(*) AS n FROM orders WHERE wave > 0")
	p.waits(t, agency, run)
	if err := agency.CancelRun(run); err != nil {
		t.Fatal(err)
	}
	if v := end(t, agency, run); v.State != store.Cancelled {
		t.Errorf("%s %q", v.State, v.Error)
	}
	decide(t, shop, waitingAt(t, shop, 1)[0].ID, true)
	if v := submit(t, agency, cleanroom.Question{Agreement: id, SQL: "SELECT COUNT(*) AS n FROM orders WHERE wave > 0"}); v.State != store.Success {
		t.Errorf("%s %q", v.State, v.Error)
	}
	// A week is enough.
	run = begin(t, agency, id, "SELECT COUNT(*) AS n FROM orders WHERE wave > 1")
	p.waits(t, agency, run)
	p.ahead.Store(int64(7*24*time.Hour + time.Minute))
	p.again <- struct{}{}
	if v := end(t, agency, run); v.State != store.Failed || !strings.HasPrefix(v.Error, "nobody approved the run in 7 days") {
		t.Errorf("%s %q", v.State, v.Error)
	}
}

// An owner's own question waits for its own people; a decision wakes it.
func TestOwnApproval(t *testing.T) {
	t.Parallel()
	p := newPaused()
	shop := start(t, "shop", p.options)
	smallOrders.add(t, shop)
	id := agree(t, 2, func(a *agreements.Agreement) { a.Dataset("orders").Rules.ApproveRuns = true }, shop)
	run := begin(t, shop, id, ownerOnly)
	p.waits(t, shop, run)
	decide(t, shop, run, true)
	if v := end(t, shop, run); v.State != store.Success {
		t.Errorf("%s %q", v.State, v.Error)
	}
	run = begin(t, shop, id, "SELECT COUNT(*) AS n FROM orders")
	p.waits(t, shop, run)
	decide(t, shop, run, false)
	if v := end(t, shop, run); v.State != store.Failed || v.Error != "the run was not approved: because" {
		t.Errorf("%s %q", v.State, v.Error)
	}
}

// An approval outlives both nodes; a run that waited does not, and says so.
func TestApprovalOutlivesRestarts(t *testing.T) {
	t.Parallel()
	p := newPaused()
	home, l := newHome(t, "shop")
	shop, stop := serve(t, home, l, p.options)
	smallOrders.add(t, shop)
	id := agree(t, 2, func(a *agreements.Agreement) { a.Dataset("orders").Rules.ApproveRuns = true }, shop)
	run := begin(t, shop, id, ownerOnly)
	p.waits(t, shop, run)
	stop()
	shop, stop = serve(t, home, listen(t), nil)
	defer stop()
	if v, err := shop.Look(t.Context(), run); err != nil || v.State != store.Failed {
		t.Errorf("%v %v", v, err)
	}
	decide(t, shop, waitingAt(t, shop, 1)[0].ID, true)
	if v := submit(t, shop, cleanroom.Question{Agreement: id, SQL: ownerOnly}); v.State != store.Success {
		t.Errorf("%s %q", v.State, v.Error)
	}
}
