package cleanroom_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"parley/agreements"
	"parley/analysis/plan"
	"parley/cleanroom"
	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/engine"
	"parley/cleanroom/engine/duckdb"
	"parley/cleanroom/peer"
	"parley/cleanroom/store"
)

// layAs has a partner that keeps to no protocol lay a version on a table.
func layAs(t *testing.T, from, to *cleanroomtest.Member, negotiation string, number int, a *agreements.Agreement) {
	t.Helper()
	b, err := envelope(t, a).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(peer.Proposal{Protocol: peer.Protocol, Negotiation: negotiation, Number: number, Time: time.Now().UTC().Truncate(time.Second), Envelope: b})
	if err != nil {
		t.Fatal(err)
	}
	if status, got := postAs(t, from, to, peer.PathProposal, body); status != http.StatusNoContent {
		t.Fatalf("version %d: %d %s", number, status, got)
	}
}

func hexID(t *testing.T, a *agreements.Agreement) string {
	t.Helper()
	return strings.TrimPrefix(idOf(t, envelope(t, a)), "sha256:")
}

// TestSignsWhatWasRead: a partner swaps the version on the table between the
// moment when a person reads it and the one when they accept it. Under whatever
// name it was read, no other is signed.
func TestSignsWhatWasRead(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	agency, shop := cleanroomtest.Start(t, "agency"), cleanroomtest.Start(t, "shop")
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	known(t, agency, shop)
	with := func(k int) *agreements.Agreement {
		return draftOf(t, func(a *agreements.Agreement) { a.MinGroupSize = k }, agency, shop)
	}
	read, swapped := with(50), with(5)
	wantUnsigned := func() {
		t.Helper()
		for _, a := range []*agreements.Agreement{read, swapped} {
			if _, err := shop.Collaboration(ctx, hexID(t, a)); !errors.Is(err, cleanroom.ErrNoAgreement) {
				t.Errorf("k %d: %v", a.MinGroupSize, err)
			}
		}
	}

	// By the negotiation's id, which names no text once there are two.
	talk := strings.Repeat("7a", 16)
	layAs(t, agency, shop, talk, 1, read)
	layAs(t, agency, shop, talk, 2, swapped)
	_, err := shop.Accept(ctx, talk)
	wantText(t, "by the negotiation's id", err, "2 versions have lain on the table of this negotiation. Name the one that you have read by its own id, with which `parley agreement show 7a7a7a7a7a7a` ends")
	wantUnsigned()
	if _, err := shop.Reject(ctx, talk, "No."); err != nil {
		t.Fatal(err)
	}

	// By the beginning of the version's id, with a negotiation that the partner
	// has given that very name.
	read, swapped = with(51), with(6)
	talk = hexID(t, read)[:32]
	layAs(t, agency, shop, talk, 1, read)
	layAs(t, agency, shop, talk, 2, swapped)
	for _, ref := range []string{talk[:12], talk, "sha256:" + hexID(t, read)} {
		_, err = shop.Accept(ctx, ref)
		wantText(t, ref, err, "another version than that lies on the table by now: number 2, "+hexID(t, swapped)[:12]+". Read it with `parley agreement show "+talk[:12]+"`")
	}
	wantUnsigned()
	// Nor as a file.
	err = shop.SignAgreement(ctx, envelope(t, read))
	wantText(t, "as a file", err, "another version than that lies on the table by now: number 2, "+hexID(t, swapped)[:12]+". Read it with `parley agreement show "+talk[:12]+"`")
	wantUnsigned()
	// The last number there is, so that nobody could answer it: nothing is laid
	// down here that no other node would take, and what is there stays.
	layAs(t, agency, shop, talk, 1000, with(7))
	_, err = shop.Counter(ctx, talk, with(60), "")
	wantText(t, "number 1001", err, "versions are numbered up to 1000, and agency gave that number to its own. End this negotiation with `parley agreement reject` and propose anew")
	swapped = with(7)
	if there := talkAt(t, shop, talk); len(there.Versions) != 3 || there.Agreement != "sha256:"+hexID(t, swapped) {
		t.Errorf("%d versions, %s", len(there.Versions), there.Agreement)
	}
	if c, err := shop.Accept(ctx, hexID(t, swapped)[:12]); err != nil || c.ID != "sha256:"+hexID(t, swapped) {
		t.Errorf("%+v %v", c, err)
	}
}

// TestSuspendedBeforeLastSignature: with three members a suspension may reach a
// node before the last signature does. It holds there too.
func TestSuspendedBeforeLastSignature(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	agency, shop := cleanroomtest.Start(t, "agency"), cleanroomtest.Start(t, "shop")
	third := cleanroomtest.Start(t, "third")
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	known(t, agency, shop, third)
	a := draftOf(t, func(a *agreements.Agreement) { a.MinGroupSize = 9 }, agency, shop, third)
	e := envelope(t, a)
	signAll(t, e, agency, shop)
	id := idOf(t, e)
	if err := third.SignAgreement(ctx, e); err != nil {
		t.Fatal(err)
	}
	wantState(t, id, store.AgreementPending, third)
	say := func(kind agreements.NoticeKind, sequence int64) {
		t.Helper()
		notice, err := agreements.SignNotice(agreements.Notice{Agreement: id, Member: "agency", Kind: kind, Reason: "An audit.", Sequence: sequence,
			Time: time.Now().UTC().Truncate(time.Second)}, signer{ctx, keyring(t, agency.Home)})
		if err != nil {
			t.Fatal(err)
		}
		body, err := json.Marshal(peer.Noticed{Protocol: peer.Protocol, Notice: notice})
		if err != nil {
			t.Fatal(err)
		}
		if status, got := postAs(t, agency, third, peer.PathNotice, body); status != http.StatusNoContent {
			t.Fatalf("%d %s", status, got)
		}
	}
	say(agreements.Suspend, 1)
	wantState(t, id, store.AgreementPending, third)
	c, err := third.ImportAgreement(ctx, e)
	if err != nil {
		t.Fatal(err)
	}
	if c.State != store.AgreementSuspended || c.By != "agency" || c.Reason != "An audit." || len(c.SuspendedBy) != 1 {
		t.Errorf("the last signature undid a suspension: %s by %q, %q", c.State, c.By, c.Reason)
	}
	refusedSubmit(t, third, id, "the agreement is suspended by agency on ")
	say(agreements.Resume, 2)
	wantState(t, id, store.AgreementActive, third)
}

// TestEarlyAmendment: with three members an amendment may reach a node before the
// last signature on what it amends. It is to come again, and is not lost.
func TestEarlyAmendment(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	agency, shop := cleanroomtest.Start(t, "agency"), cleanroomtest.Start(t, "shop")
	third := cleanroomtest.Start(t, "third")
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	known(t, agency, shop, third)
	a := draftOf(t, func(a *agreements.Agreement) { a.MinGroupSize = 9 }, agency, shop, third)
	e := envelope(t, a)
	if err := third.SignAgreement(ctx, e); err != nil {
		t.Fatal(err)
	}
	signAll(t, e, agency, shop)
	a.Predecessor, a.MinGroupSize = idOf(t, e), 10
	b, err := envelope(t, a).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(peer.Proposal{Protocol: peer.Protocol, Negotiation: strings.Repeat("3c", 16), Number: 1, Time: time.Now().UTC().Truncate(time.Second), Envelope: b})
	if err != nil {
		t.Fatal(err)
	}
	if status, got := postAs(t, agency, third, peer.PathProposal, body); status != http.StatusConflict || got != problemOf("409", "order", saysOrder) {
		t.Errorf("%d %s", status, got)
	}
	if _, err := third.ImportAgreement(ctx, e); err != nil {
		t.Fatal(err)
	}
	if status, got := postAs(t, agency, third, peer.PathProposal, body); status != http.StatusNoContent {
		t.Errorf("%d %s", status, got)
	}
}

// TestCrossedCounters: two members lay a counter-proposal each without having
// seen the other's. Every member comes to have the same one on its table, that
// with the smaller id, whichever arrived first; and what was signed of the other
// is void.
func TestCrossedCounters(t *testing.T) {
	t.Parallel()
	for _, smallerFirst := range []bool{true, false} {
		ctx := t.Context()
		agencyHome, la := newHome(t, "agency")
		agency, stopAgency := serve(t, agencyHome, la, nil)
		defer func() { stopAgency() }()
		shopHome, ls := newHome(t, "shop")
		shop, stopShop := serve(t, shopHome, ls, nil)
		defer func() { stopShop() }()
		third := cleanroomtest.Start(t, "third")
		smallAds.add(t, agency)
		smallOrders.add(t, shop)
		known(t, agency, shop, third)
		one := draftOf(t, func(a *agreements.Agreement) { a.MinGroupSize = 30 }, agency, shop, third)
		two := draftOf(t, func(a *agreements.Agreement) { a.MinGroupSize = 40 }, agency, shop, third)
		if (hexID(t, one) < hexID(t, two)) != smallerFirst {
			one, two = two, one
		}
		talk, err := third.Propose(ctx, draftOf(t, func(a *agreements.Agreement) { a.MinGroupSize = 20 }, agency, shop, third), "")
		if err != nil {
			t.Fatal(err)
		}
		stopShop()
		if _, err := agency.Counter(ctx, talk.ID, one, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := agency.Accept(ctx, hexID(t, one)); err != nil {
			t.Fatal(err)
		}
		stopAgency()
		shop, stopShop = serve(t, shopHome, relisten(t, ls), nil)
		if there := talkAt(t, shop, talk.ID); len(there.Versions) != 1 {
			t.Fatalf("shop has seen the counter-proposal: %+v", there)
		}
		if _, err := shop.Counter(ctx, talk.ID, two, ""); err != nil {
			t.Fatal(err)
		}
		agency, stopAgency = serve(t, agencyHome, relisten(t, la), nil)
		members := []*cleanroomtest.Member{agency, shop, third}
		for range 2 { // what one learns in the first round it passes on in the second
			for _, m := range members {
				if err := m.CatchUp(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		wins, loses := "sha256:"+hexID(t, one), "sha256:"+hexID(t, two)
		if !smallerFirst {
			wins, loses = loses, wins
		}
		for _, m := range members {
			there := talkAt(t, m, talk.ID)
			if there.Agreement != wins || len(there.Versions) != 3 {
				t.Errorf("smaller first %v: %s has %d versions, %s on the table", smallerFirst, m.Org(), len(there.Versions), there.Agreement)
			}
			_, err := m.Accept(ctx, loses)
			wantText(t, m.Org(), err, "another version than that lies on the table by now: number 2, "+wins[7:19]+". Read it with `parley agreement show "+talk.ID[:12]+"`")
		}
		if !smallerFirst {
			wantState(t, loses, store.AgreementSuperseded, agency, third)
		}
		amend(t, wins, members...)
		stopAgency()
		stopShop()
	}
}

// waits is an engine that does nothing until the run is ended.
type waits struct{ engine.Engine }

func (waits) Run(ctx context.Context, _ engine.Snapshot, _ plan.Local, _ func(engine.Row) error) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

// TestExpiryTimer: an agreement's end stops a run by itself, although nothing
// else looks at the time: this node's clock stands still.
func TestExpiryTimer(t *testing.T) {
	t.Parallel()
	standing := time.Now()
	shop := start(t, "shop", func(o *cleanroom.Options) {
		o.Now = func() time.Time { return standing }
		o.Engine = waits{duckdb.New(duckdb.Options{})}
	})
	agency := cleanroomtest.Start(t, "agency")
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	e := draft(t, func(a *agreements.Agreement) {
		a.Validity.NotAfter = standing.UTC().Truncate(time.Second).Add(2 * time.Second)
	}, agency, shop)
	signAll(t, e, agency, shop)
	id := cleanroomtest.Give(t, e, shop)
	v, err := shop.Ask(t.Context(), id, ownerOnly)
	end := e.Agreement().Validity.NotAfter.Format(time.RFC3339)
	if err != nil || v.State != store.Cancelled || v.Result != nil || v.Error != cleanroom.ErrStopped.Error()+": the agreement has ended: it ended on "+end {
		t.Errorf("%s %q %v", v.State, v.Error, err)
	}
}
