package cleanroom_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/agreements"
	"parley/cleanroom"
	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/store"
)

// known has two or three nodes know each other by an agreement that allows
// nothing much, as partners do that have worked together before.
func known(t testing.TB, members ...*cleanroomtest.Member) {
	t.Helper()
	e := draft(t, func(a *agreements.Agreement) { a.MinGroupSize = 999 }, members...)
	signAll(t, e, members...)
	cleanroomtest.Give(t, e, members...)
}

func draftOf(t testing.TB, change func(*agreements.Agreement), members ...*cleanroomtest.Member) *agreements.Agreement {
	t.Helper()
	return draft(t, change, members...).Agreement()
}

// talkAt waits for nothing: what the other node was told, it has.
func talkAt(t testing.TB, m *cleanroomtest.Member, id string) *cleanroom.Talk {
	t.Helper()
	talk, err := m.Talk(t.Context(), id)
	if err != nil {
		t.Fatalf("%s: %v", m.Org(), err)
	}
	return talk
}

func stateAt(t testing.TB, m *cleanroomtest.Member, id string) store.AgreementState {
	t.Helper()
	c, err := m.Collaboration(t.Context(), id)
	if err != nil {
		t.Fatalf("%s: %v", m.Org(), err)
	}
	return c.State
}

func wantState(t testing.TB, id string, want store.AgreementState, members ...*cleanroomtest.Member) {
	t.Helper()
	for _, m := range members {
		if got := stateAt(t, m, id); got != want {
			t.Errorf("at %s agreement %s is %s, want %s", m.Org(), id[:19], got, want)
		}
	}
}

// TestNegotiation goes from a proposal over a counter-proposal (k 25 to 50) to
// an agreement, a question, an amendment, another question and a revocation.
func TestNegotiation(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	agency, shop := cleanroomtest.Start(t, "agency"), cleanroomtest.Start(t, "shop")
	ads, orders := smallAds, smallOrders
	ads.rows, orders.rows = people("p", "north", 0, 80), people("p", "new", 0, 70)
	ads.add(t, agency)
	orders.add(t, shop)
	known(t, agency, shop)

	talk, err := agency.Propose(ctx, draftOf(t, func(a *agreements.Agreement) { a.MinGroupSize = 25 }, agency, shop), "Our first idea.")
	if err != nil {
		t.Fatal(err)
	}
	there := talkAt(t, shop, talk.ID)
	if there.State != store.Offered || there.OpenedBy != "agency" || there.Versions[0].Message != "Our first idea." || len(talk.Undelivered)+len(talk.Refused) > 0 {
		t.Fatalf("%+v %+v", there, talk)
	}
	// Neither may ask under what nobody signed.
	if _, err := agency.Submit(ctx, cleanroom.Question{Agreement: there.Agreement, SQL: bySegment}); !errors.Is(err, cleanroom.ErrNoAgreement) {
		t.Errorf("asked under a proposal: %v", err)
	}

	counter := draftOf(t, func(a *agreements.Agreement) { a.MinGroupSize = 50 }, agency, shop)
	counter.Validity = agreementOf(t, there).Validity
	if _, err := shop.Counter(ctx, talk.ID, counter, "Fifty."); err != nil {
		t.Fatal(err)
	}
	talk = talkAt(t, agency, talk.ID)
	if len(talk.Versions) != 2 || agreements.DiffText(talk.Versions[1].Changes) != "Minimum group size: 25 → 50\n" || !slices.Equal(talk.WaitsFor, []string{"agency", "shop"}) {
		t.Fatalf("%+v", talk)
	}
	_, err = agency.Accept(ctx, talk.Versions[0].Agreement)
	wantText(t, "the first version, countered", err, "another version than that lies on the table by now: number 2, "+talk.Agreement[7:19]+". Read it with `parley agreement show "+talk.ID[:12]+"`")

	const two = "2 versions have lain on the table of this negotiation. Name the one that you have read by its own id, with which `parley agreement show "
	_, err = agency.Accept(ctx, talk.ID)
	wantText(t, "a negotiation, not a version", err, two+talk.ID[:12]+"` ends")
	c, err := agency.Accept(ctx, talk.Agreement)
	if err != nil || c.State != store.AgreementPending {
		t.Fatalf("%v %v", c, err)
	}
	if there := talkAt(t, shop, talk.ID); there.State != store.Agreed || !slices.Equal(there.Signed, []string{"agency"}) || !slices.Equal(there.WaitsFor, []string{"shop"}) {
		t.Errorf("after the first signature: %+v", there)
	}
	_, err = agency.Counter(ctx, talk.ID, draftOf(t, func(a *agreements.Agreement) { a.MinGroupSize = 30 }, agency, shop), "")
	wantText(t, "countered after signing", err, "agency has signed version 2, which lies on the table. Wait for the others, or end this negotiation with `parley agreement reject` and propose anew")
	if c, err = shop.Accept(ctx, talk.Agreement[7:19]); err != nil || c.State != store.AgreementActive {
		t.Fatalf("%v %v", c, err)
	}
	first := c.ID
	wantState(t, first, store.AgreementActive, agency, shop)
	for _, m := range []*cleanroomtest.Member{agency, shop} {
		if talk := talkAt(t, m, talk.ID); talk.State != store.Finalized || len(talk.WaitsFor) > 0 {
			t.Errorf("%s: %+v", m.Org(), talk)
		}
	}
	ask(t, agency, first, bySegment)

	// Amended: k 60 takes its place at both, in one step.
	amendment, err := shop.Amendment(ctx, first)
	if err != nil {
		t.Fatal(err)
	}
	amendment.MinGroupSize = 60
	if talk, err = shop.Propose(ctx, amendment, ""); err != nil {
		t.Fatal(err)
	}
	second := amend(t, talk.ID, shop, agency)
	wantState(t, first, store.AgreementSuperseded, agency, shop)
	refusedSubmit(t, agency, first, "the agreement was replaced by another one on ")
	ask(t, agency, second, bySegment)
	if h, err := agency.History(ctx, second); err != nil || !slices.Equal(h.Chain, []string{first}) || len(h.Events) == 0 {
		t.Errorf("%+v %v", h, err)
	}

	if _, err := shop.Revoke(ctx, second, "The campaign is over."); err != nil {
		t.Fatal(err)
	}
	wantState(t, second, store.AgreementRevoked, agency, shop)
	refusedSubmit(t, agency, second, "the agreement was revoked by shop on ")
	_, err = shop.Resume(ctx, second, "Perhaps not.")
	if err == nil || !strings.HasPrefix(err.Error(), "nothing can be changed about an agreement that has ended: the agreement was revoked by shop on ") {
		t.Errorf("resumed: %v", err)
	}
}

func agreementOf(t testing.TB, talk *cleanroom.Talk) *agreements.Agreement {
	t.Helper()
	e, err := agreements.Open(talk.Versions[len(talk.Versions)-1].Envelope)
	if err != nil {
		t.Fatal(err)
	}
	return e.Agreement()
}

// amend has both accept what lies on the table.
func amend(t testing.TB, talk string, members ...*cleanroomtest.Member) (id string) {
	t.Helper()
	for _, m := range members {
		c, err := m.Accept(t.Context(), talk)
		if err != nil {
			t.Fatalf("%s accepts: %v", m.Org(), err)
		}
		id = c.ID
	}
	wantState(t, id, store.AgreementActive, members...)
	return id
}

func refusedSubmit(t testing.TB, m *cleanroomtest.Member, id, prefix string) {
	t.Helper()
	if _, err := m.Submit(t.Context(), cleanroom.Question{Agreement: id, SQL: bySegment}); err == nil || !strings.HasPrefix(err.Error(), prefix) {
		t.Errorf("%s asked under %s: %v", m.Org(), id[:19], err)
	}
}

// TestSuspendResume: what one member suspends the others cannot resume; two
// suspensions need two resumes.
func TestSuspendResume(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	agency, shop, id := pair(t)
	ask(t, agency, id, ownerOnly)
	if _, err := shop.Suspend(ctx, id, "An audit."); err != nil {
		t.Fatal(err)
	}
	wantState(t, id, store.AgreementSuspended, agency, shop)
	refusedSubmit(t, agency, id, "the agreement is suspended by shop on ")
	refusedSubmit(t, shop, id, "the agreement is suspended by shop on ")
	_, err := agency.Resume(ctx, id, "We need it.")
	wantText(t, "resumed by another", err, "agency did not suspend this agreement: shop has to resume it")
	_, err = shop.Suspend(ctx, id, "Again.")
	wantText(t, "suspended twice", err, "shop has suspended this agreement already")
	if _, err := agency.Suspend(ctx, id, "Then we do too."); err != nil {
		t.Fatal(err)
	}
	if _, err := shop.Resume(ctx, id, "The audit is over."); err != nil {
		t.Fatal(err)
	}
	wantState(t, id, store.AgreementSuspended, agency, shop)
	if _, err := agency.Resume(ctx, id, "Good."); err != nil {
		t.Fatal(err)
	}
	wantState(t, id, store.AgreementActive, agency, shop)
	_, err = agency.Resume(ctx, id, "Once more.")
	wantText(t, "resumed what is not suspended", err, "this agreement is not suspended")
	ask(t, agency, id, ownerOnly)
}

// TestStoppedMidRun suspends, revokes or replaces an agreement while a run is
// under way (R52): it ends at both nodes, with the reason, and nothing is
// released.
func TestStoppedMidRun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		do   func(ctx context.Context, g *grounds, at, id string) error
		want string
	}{
		{"suspended", func(ctx context.Context, g *grounds, at, id string) error {
			_, err := g.node[at].Suspend(ctx, id, "Wait.")
			return err
		}, "the agreement is suspended by "},
		{"revoked", func(ctx context.Context, g *grounds, at, id string) error {
			_, err := g.node[at].Revoke(ctx, id, "No more.")
			return err
		}, "the agreement was revoked by "},
		{"replaced", func(ctx context.Context, g *grounds, at, id string) error {
			a, err := g.node[at].Amendment(ctx, id)
			if err != nil {
				return err
			}
			a.MinGroupSize += 3
			talk, err := g.node[at].Propose(ctx, a, "")
			for _, m := range g.node {
				if err == nil {
					_, err = m.Accept(ctx, talk.ID)
				}
			}
			return err
		}, "the agreement was replaced by another one on "},
	} {
		g := newGrounds(t)
		for k, at := range []string{"agency", "shop"} {
			t.Run(c.name+" at "+at, func(t *testing.T) {
				id := cleanroomtest.Agree(t, 4+k, g.node["agency"], g.node["shop"])
				g.stage["shop"].once(func() {
					if err := c.do(t.Context(), g, at, id); err != nil {
						t.Error(err)
					}
				})
				asked, err := g.node["agency"].Ask(t.Context(), id, bySegment)
				if err != nil {
					t.Fatal(err)
				}
				there := lastRun(t, g.node["shop"])
				for who, v := range map[string]*cleanroom.View{"asker": asked, "owner": there} {
					if v.State != store.Cancelled || v.Result != nil || v.Receipt != nil ||
						!strings.HasPrefix(v.Error, cleanroom.ErrStopped.Error()+": "+c.want) && v.Error != cleanroom.ErrPeerNotInForce.Error() {
						t.Errorf("%s: %s %q %s", who, v.State, v.Error, v.Result)
					}
				}
				if !strings.HasPrefix(there.Error, cleanroom.ErrStopped.Error()) && !strings.HasPrefix(asked.Error, cleanroom.ErrStopped.Error()) {
					t.Error("neither node gives the reason")
				}
			})
		}
	}
}

// TestOlderVersion puts a superseded agreement back in every way there is (R50):
// its file again, at a node that never had it, and a second amendment of it.
func TestOlderVersion(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	home, l := newHome(t, "shop")
	shop, stop := serve(t, home, l, nil)
	defer func() { stop() }()
	agency := cleanroomtest.Start(t, "agency")
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	old := draft(t, func(*agreements.Agreement) {}, agency, shop)
	signAll(t, old, agency, shop)
	first := cleanroomtest.Give(t, old, agency, shop)
	amendTo := func(k int) *agreements.Envelope {
		a := old.Agreement()
		a.Predecessor, a.MinGroupSize = first, k
		return envelope(t, a)
	}
	one, two := amendTo(3), amendTo(4)
	for _, m := range []*cleanroomtest.Member{agency, shop} {
		if err := m.SignAgreement(ctx, one); err != nil {
			t.Fatal(err)
		}
	}
	wantText(t, "a second amendment signed", agency.SignAgreement(ctx, two),
		"agency has signed another amendment of the same agreement, "+idOf(t, one)[7:19]+", which is still open; reject or revoke that one first")
	second := cleanroomtest.Give(t, one, agency, shop)
	wantState(t, first, store.AgreementSuperseded, agency, shop)

	ended := "an agreement that has ended is not taken in again: the agreement was replaced by another one on "
	check := func(m *cleanroomtest.Member) {
		t.Helper()
		if _, err := m.ImportAgreement(ctx, old); err == nil || !strings.HasPrefix(err.Error(), ended) {
			t.Errorf("%s took the older version in: %v", m.Org(), err)
		}
		refusedSubmit(t, m, first, "the agreement was replaced by another one on ")
		if err := m.SignAgreement(ctx, two); err == nil || !strings.HasPrefix(err.Error(), "the agreement that it amends, "+first[7:19]+", has ended, so nothing can take its place: the agreement was replaced by another one on ") {
			t.Errorf("%s signed a second amendment: %v", m.Org(), err)
		}
	}
	check(agency)
	check(shop)
	stop()
	shop, stop = serve(t, home, relisten(t, l), nil) // nor after a restart
	check(shop)
	ask(t, agency, second, ownerOnly)

	// Nor at a node that only ever saw the newer one: here, one that was put
	// back to before both.
	fresh, lf := newHome(t, "third")
	_, stopThird := serve(t, fresh, lf, nil)
	stopThird()
	before := cleanroom.Home(filepath.Join(t.TempDir(), "home"))
	if err := os.CopyFS(string(before), os.DirFS(string(fresh))); err != nil {
		t.Fatal(err)
	}
	var third *cleanroomtest.Member
	third, stopThird = serve(t, fresh, relisten(t, lf), nil)
	a := draftOf(t, func(*agreements.Agreement) {}, agency, shop, third)
	base := envelope(t, a)
	signAll(t, base, agency, shop, third)
	cleanroomtest.Give(t, base, agency, shop, third)
	a.Predecessor, a.MinGroupSize = idOf(t, base), 3
	newer := envelope(t, a)
	signAll(t, newer, agency, shop, third)
	stopThird()
	third, stopThird = serve(t, before, relisten(t, lf), nil)
	defer func() { stopThird() }()
	cleanroomtest.Give(t, newer, third)
	_, err := third.ImportAgreement(ctx, base)
	wantText(t, "the older version where it was never seen", err,
		"the agreement was replaced by another one: agreement "+idOf(t, newer)[7:19]+", signed by every member, took its place")
}

func idOf(t testing.TB, e *agreements.Envelope) string {
	t.Helper()
	id, err := e.Agreement().ID()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestPartnerOff: what is done while a partner's node is down reaches it when
// it is up again, in order, and each catches up by itself.
func TestPartnerOff(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	home, l := newHome(t, "shop")
	shop, stop := serve(t, home, l, nil)
	defer func() { stop() }()
	agency := cleanroomtest.Start(t, "agency", func(c *cleanroom.Config) { c.PeerPatience = time.Second })
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	known(t, agency, shop)
	id := cleanroomtest.Agree(t, 2, agency, shop)
	stop()
	a := draftOf(t, func(a *agreements.Agreement) { a.MinGroupSize = 7 }, agency, shop)
	talk, err := agency.Propose(ctx, a, "While you were away.")
	if err != nil || !slices.Equal(talk.Undelivered, []string{"shop"}) {
		t.Fatalf("%+v %v", talk, err)
	}
	if _, err := agency.Accept(ctx, talk.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := agency.Suspend(ctx, id, "A pause."); err != nil {
		t.Fatal(err)
	}
	shop, stop = serve(t, home, relisten(t, l), nil)
	if err := shop.CatchUp(ctx); err != nil {
		t.Fatal(err)
	}
	if err := agency.Deliver(ctx); err != nil {
		t.Fatal(err)
	}
	there := talkAt(t, shop, talk.ID)
	if there.State != store.Agreed || there.Versions[0].Message != "While you were away." || !slices.Equal(there.Signed, []string{"agency"}) {
		t.Errorf("%+v", there)
	}
	wantState(t, id, store.AgreementSuspended, agency, shop)
	if talk, err := agency.Talk(ctx, talk.ID); err != nil || len(talk.Undelivered) > 0 {
		t.Errorf("%+v %v", talk, err)
	}
	// The signature that came while it was off counts.
	if c, err := shop.Accept(ctx, talk.ID); err != nil || c.State != store.AgreementActive {
		t.Errorf("%+v %v", c, err)
	}
	wantState(t, talk.Agreement, store.AgreementActive, agency, shop)
}

// TestReject: what was signed of a rejected proposal can never come into force.
func TestReject(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	agency, shop, _ := pair(t)
	a := draftOf(t, func(a *agreements.Agreement) { a.MinGroupSize = 8 }, agency, shop)
	talk, err := agency.Propose(ctx, a, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := agency.Accept(ctx, talk.ID); err != nil {
		t.Fatal(err)
	}
	_, err = shop.Reject(ctx, talk.ID, "Too\nlittle.")
	wantText(t, "a reason of two lines", err, "the reason must be one line")
	if _, err := shop.Reject(ctx, talk.ID, "Too little."); err != nil {
		t.Fatal(err)
	}
	for _, m := range []*cleanroomtest.Member{agency, shop} {
		if talk := talkAt(t, m, talk.ID); talk.State != store.Terminated || talk.By != "shop" || talk.Reason != "Too little." {
			t.Errorf("%s: %+v", m.Org(), talk)
		}
		wantState(t, talk.Agreement, store.AgreementRevoked, m)
	}
	// Signed after all, and sent as a file: no.
	e := envelope(t, a)
	if err := shop.SignAgreement(ctx, e); err == nil || !strings.HasPrefix(err.Error(), "an agreement that has ended is not signed again: the agreement was revoked by shop on ") {
		t.Errorf("%v", err)
	}
	_, err = agency.Accept(ctx, talk.ID)
	if !errors.Is(err, store.ErrOver) {
		t.Errorf("%v", err)
	}
	_, err = agency.Propose(ctx, a, "Please.")
	if err == nil || !strings.HasPrefix(err.Error(), "this very text was an agreement that has ended, so it cannot be proposed again; change it, for example its dates: ") {
		t.Errorf("%v", err)
	}
}

// TestWiderDraft: a draft whose rules for one's own data are wider than one's
// contract can be received and read, but not signed.
func TestWiderDraft(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	agency, shop, _ := pair(t)
	a := draftOf(t, func(a *agreements.Agreement) { a.Dataset("orders").Rules.MaxRowsPerUnit = 5 }, agency, shop)
	talk, err := agency.Propose(ctx, a, "")
	if err != nil {
		t.Fatal(err)
	}
	talkAt(t, shop, talk.ID)
	_, err = shop.Accept(ctx, talk.ID)
	wantText(t, "wider", err, "the agreement's rules differ from the data contract at maxRowsPerUnit; derive them anew with `parley agreement new`")
	wantText(t, "own wider", func() error {
		_, err := shop.Propose(ctx, a, "")
		return err
	}(), "the agreement's rules differ from the data contract at maxRowsPerUnit; derive them anew with `parley agreement new`")
}
