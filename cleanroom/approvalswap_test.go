package cleanroom_test

import (
	"errors"
	"testing"

	"parley/agreements"
	"parley/cleanroom"
	"parley/cleanroom/store"
)

// An approval of one question serves no other one: not with another value, not
// for another member, not under another agreement, and not twice.
func TestApprovalIsOfOneQuestion(t *testing.T) {
	t.Parallel()
	p := newPaused()
	agency, shop := start(t, "agency", p.options), start(t, "shop", p.options)
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	approve := func(title string) string {
		return agree(t, 2, func(a *agreements.Agreement) { a.Title, a.Dataset("orders").Rules.ApproveRuns = title, true }, agency, shop)
	}
	id, other := approve("One"), approve("Another")
	const sql = "SELECT COUNT(*) AS n FROM orders WHERE wave > 0"
	run := begin(t, agency, id, sql)
	p.waits(t, agency, run)
	if err := agency.CancelRun(run); err != nil {
		t.Fatal(err)
	}
	end(t, agency, run)
	decide(t, shop, run, true)
	for _, c := range []struct{ id, sql string }{{id, "SELECT COUNT(*) AS n FROM orders WHERE wave > -1"}, {id, "SELECT COUNT(*) AS m FROM orders WHERE wave > 0"}, {other, sql}} {
		run := begin(t, agency, c.id, c.sql)
		p.waits(t, agency, run)
		decide(t, shop, run, false)
		p.again <- struct{}{}
		if v := end(t, agency, run); v.State != store.Failed {
			t.Errorf("%s under %s: %s", c.sql, c.id, v.State)
		}
	}
	own := begin(t, shop, id, sql) // the owner's own question needs one of its own
	p.waits(t, shop, own)
	if err := shop.CancelRun(own); err != nil {
		t.Fatal(err)
	}
	end(t, shop, own)
	for i, want := range []store.RunState{store.Success, store.AwaitingApproval} {
		r, err := agency.Submit(t.Context(), cleanroom.Question{Agreement: id, SQL: sql, Fresh: true})
		if err != nil {
			t.Fatal(err)
		}
		if want == store.Success {
			if v := end(t, agency, r.ID); v.State != want {
				t.Errorf("the approved one: %s %s", v.State, v.Error)
			}
			continue
		}
		p.waits(t, agency, r.ID)
		if err := agency.CancelRun(r.ID); err != nil && !errors.Is(err, cleanroom.ErrNoRun) {
			t.Errorf("run %d: %v", i, err)
		}
		end(t, agency, r.ID)
	}
}
