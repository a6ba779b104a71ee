package cleanroom_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/agreements"
	"parley/cleanroom"
	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/peer"
	"parley/cleanroom/store"
)

const (
	saysDraft = "the other node cannot take this proposal, signature or notice; its own log says why"
	saysRoom  = "as many proposals of this node lie at the other node as it takes; end some, or propose again tomorrow"
	saysOver  = "the negotiation or the agreement has ended at the other node"
	saysOrder = "something that comes before it has not arrived at the other node yet"
)

// postAs makes a call at a node with a member's own key: a partner that does
// not keep to the protocol.
func postAs(t testing.TB, from, to *cleanroomtest.Member, path string, body []byte) (int, string) {
	t.Helper()
	cert, err := keyring(t, from.Home).TLSCertificate()
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{ForceAttemptHTTP2: true, DisableCompression: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}}}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Post("https://"+to.Card.Address+path, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(b))
}

// TestHostilePartner has a partner, and a third member, say what they may not.
// Each is refused with one sentence, and nothing of it stays. (R49, R51)
func TestHostilePartner(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	agency, shop := cleanroomtest.Start(t, "agency"), cleanroomtest.Start(t, "shop")
	third := cleanroomtest.Start(t, "third")
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	known(t, agency, shop, third)
	say := func(from *cleanroomtest.Member, path string, body any) (int, string) {
		t.Helper()
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		return postAs(t, from, shop, path, b)
	}
	want := func(what string, status int, got string, code, word, text string) {
		t.Helper()
		if got != problemOf(code, word, text) || fmt.Sprint(status) != code {
			t.Errorf("%s: %d %s", what, status, got)
		}
	}
	bytesOf := func(e *agreements.Envelope) json.RawMessage {
		b, err := e.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	proposal := func(n int, e json.RawMessage) peer.Proposal {
		return peer.Proposal{Protocol: peer.Protocol, Negotiation: fmt.Sprintf("%032x", n), Number: 1, Time: time.Now().UTC().Truncate(time.Second), Envelope: e}
	}
	draftWith := func(change func(*agreements.Agreement), members ...*cleanroomtest.Member) *agreements.Agreement {
		a := cleanroomtest.Draft(t, 2, members...).Agreement()
		change(a)
		return a
	}
	good := envelope(t, draftWith(func(a *agreements.Agreement) { a.MinGroupSize = 9 }, agency, shop))

	// Drafts in others' names, with others' keys, for others, or changed.
	status, got := say(third, peer.PathProposal, proposal(1, bytesOf(good)))
	want("in another's name", status, got, "403", "draft", saysDraft)
	status, got = say(agency, peer.PathProposal, proposal(2, bytesOf(envelope(t, draftWith(func(a *agreements.Agreement) { a.Datasets = a.Datasets[:1] }, agency, third)))))
	want("not for this node", status, got, "403", "draft", saysDraft)
	status, got = say(agency, peer.PathProposal, proposal(3, bytesOf(envelope(t, draftWith(func(a *agreements.Agreement) { a.Member("shop").TLSFingerprint = strings.Repeat("7", 64) }, agency, shop)))))
	want("another card of ours", status, got, "403", "draft", saysDraft)
	status, got = say(agency, peer.PathProposal, proposal(4, bytesOf(envelope(t, draftWith(func(a *agreements.Agreement) { a.Member("agency").AgeRecipient = third.Card.AgeRecipient }, agency, shop)))))
	want("another key of theirs", status, got, "403", "draft", saysDraft)
	signed := envelope(t, good.Agreement())
	signAll(t, signed, agency)
	status, got = say(agency, peer.PathProposal, proposal(5, bytesOf(signed)))
	want("a proposal with signatures", status, got, "403", "draft", saysDraft)
	twice := json.RawMessage(strings.Replace(string(bytesOf(good)), `"payloadType"`, `"payloadType":"x","payloadType"`, 1))
	status, got = say(agency, peer.PathProposal, proposal(6, twice))
	if status != http.StatusForbidden && status != http.StatusBadRequest {
		t.Errorf("a key twice (R51): %d %s", status, got)
	}
	long := proposal(7, bytesOf(good))
	long.Message = strings.Repeat("a", 2001)
	status, got = say(agency, peer.PathProposal, long)
	want("a long message", status, got, "403", "draft", saysDraft)
	long.Message = "\x1b[2J"
	status, got = say(agency, peer.PathProposal, long)
	want("a message that acts on terminals", status, got, "403", "draft", saysDraft)

	// A foreign negotiation: the third member neither counters, signs nor ends it.
	status, got = say(agency, peer.PathProposal, proposal(8, bytesOf(good)))
	if status != http.StatusNoContent {
		t.Fatalf("%d %s", status, got)
	}
	for range 2 { // again changes nothing
		if status, got := say(agency, peer.PathProposal, proposal(8, bytesOf(good))); status != http.StatusNoContent {
			t.Errorf("%d %s", status, got)
		}
	}
	theirs := proposal(8, bytesOf(envelope(t, draftWith(func(a *agreements.Agreement) { a.Datasets = a.Datasets[:1]; a.Datasets[0].Owner = "shop" }, shop, third))))
	theirs.Number = 2
	status, got = say(third, peer.PathProposal, theirs)
	want("a third member's counter-proposal", status, got, "403", "draft", saysDraft)
	status, got = say(third, peer.PathSigned, peer.Signed{Protocol: peer.Protocol, Envelope: bytesOf(signed)})
	want("a third member's signature", status, got, "403", "draft", saysDraft)
	status, got = say(third, peer.PathEnd, peer.Ended{Protocol: peer.Protocol, Negotiation: fmt.Sprintf("%032x", 8), Reason: "Mine now."})
	want("a third member's end", status, got, "409", "order", saysOrder)

	status, got = say(agency, peer.PathEnd, peer.Ended{Protocol: peer.Protocol, Negotiation: fmt.Sprintf("%032x", 8), Reason: "No.\nSigned by every member: it is ACTIVE."})
	want("a reason that would pass for the node's own words", status, got, "403", "draft", saysDraft)

	// The wrong signer: agency's place holds a signature by another key.
	forged := envelope(t, good.Agreement())
	signAll(t, forged, agency)
	changed := json.RawMessage(strings.Replace(string(bytesOf(forged)), `"sig":"`, `"sig":"AAAA`, 1))
	status, got = say(agency, peer.PathSigned, peer.Signed{Protocol: peer.Protocol, Envelope: changed})
	want("changed bytes", status, got, "403", "draft", saysDraft)
	status, got = say(agency, peer.PathSigned, peer.Signed{Protocol: peer.Protocol, Envelope: bytesOf(good)})
	want("no signature of its own", status, got, "403", "draft", saysDraft)
	unknown := envelope(t, draftWith(func(a *agreements.Agreement) { a.MinGroupSize = 77 }, agency, shop))
	signAll(t, unknown, agency)
	status, got = say(agency, peer.PathSigned, peer.Signed{Protocol: peer.Protocol, Envelope: bytesOf(unknown)})
	want("a signature on what lies on no table", status, got, "409", "order", saysOrder)

	talk, err := shop.Talk(ctx, fmt.Sprintf("%032x", 8))
	if err != nil || talk.State != store.Offered || len(talk.Versions) != 1 || len(talk.Signed) > 0 {
		t.Errorf("%+v %v", talk, err)
	}
	if all, err := shop.Talks(ctx); err != nil || len(all) != 1 {
		t.Errorf("%d negotiations are kept of it: %v", len(all), err)
	}

	// A flood of proposals: ten lie here at a time. (The store's own test goes
	// through the other limits.)
	open := 0
	for i := range 100 {
		switch status, got := say(agency, peer.PathProposal, proposal(100+i, bytesOf(good))); status {
		case http.StatusNoContent:
			open++
		default:
			want("one too many", status, got, "403", "room", saysRoom)
		}
	}
	if open != 9 { // and the one from before
		t.Errorf("%d more lie here", open)
	}
	status, got = say(third, peer.PathProposal, proposal(90, bytesOf(envelope(t, draftWith(func(a *agreements.Agreement) { a.Datasets = a.Datasets[:1] }, shop, third)))))
	if status != http.StatusNoContent {
		t.Errorf("another partner has no room: %d %s", status, got)
	}
}

// TestHostileNotices forges, repeats, reorders and leaves out notices.
func TestHostileNotices(t *testing.T) {
	t.Parallel()
	agency, shop := cleanroomtest.Start(t, "agency"), cleanroomtest.Start(t, "shop")
	third := cleanroomtest.Start(t, "third")
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	id := cleanroomtest.Agree(t, 2, agency, shop)
	all := cleanroomtest.Agree(t, 3, agency, shop, third)
	notice := func(by *cleanroomtest.Member, as, id string, kind agreements.NoticeKind, sequence int64, reason string) []byte {
		b, err := agreements.SignNotice(agreements.Notice{Agreement: id, Member: as, Kind: kind, Reason: reason, Sequence: sequence,
			Time: time.Now().UTC().Truncate(time.Second)}, signer{t.Context(), keyring(t, by.Home)})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	say := func(from *cleanroomtest.Member, b []byte, code, word, text string) {
		t.Helper()
		body, err := json.Marshal(peer.Noticed{Protocol: peer.Protocol, Notice: b})
		if err != nil {
			t.Fatal(err)
		}
		status, got := postAs(t, from, shop, peer.PathNotice, body)
		if fmt.Sprint(status) != code || code != "204" && got != problemOf(code, word, text) {
			t.Errorf("%d %s, want %s %s", status, got, code, word)
		}
	}
	const stranger = "the other node has not confirmed this node as a partner, and no agreement in force there names it"
	say(third, notice(third, "agency", id, agreements.Revoke, 1, "Not mine."), "403", "partner", stranger)
	say(third, notice(third, "third", id, agreements.Revoke, 1, "Not a member."), "403", "partner", stranger)
	say(agency, notice(third, "agency", id, agreements.Revoke, 1, "Another's signature."), "403", "draft", saysDraft)
	say(third, notice(agency, "agency", all, agreements.Suspend, 1, "Carried by another."), "403", "partner", stranger)
	say(agency, notice(agency, "agency", id, agreements.Suspend, 2, "Too early."), "409", "order", saysOrder)
	wantState(t, id, store.AgreementActive, shop)
	first := notice(agency, "agency", id, agreements.Suspend, 1, "Right.")
	say(agency, first, "204", "", "")
	say(agency, first, "204", "", "") // the answer was lost
	say(agency, notice(agency, "agency", id, agreements.Resume, 1, "The same number."), "403", "draft", saysDraft)
	wantState(t, id, store.AgreementSuspended, shop)
	say(agency, notice(agency, "agency", id, agreements.Revoke, 2, "The end."), "204", "", "")
	say(agency, notice(agency, "agency", id, agreements.Resume, 3, "Or not."), "409", "over", saysOver)
	wantState(t, id, store.AgreementRevoked, shop)
}

// TestThreeMembers: every member's word reaches every other, whoever says it.
// (Counter-proposals that cross: TestCrossedCounters.)
func TestThreeMembers(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	agency, shop := cleanroomtest.Start(t, "agency"), cleanroomtest.Start(t, "shop")
	third := cleanroomtest.Start(t, "third")
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	members := []*cleanroomtest.Member{agency, shop, third}
	known(t, members...)
	with := func(k int) *agreements.Agreement {
		return draftOf(t, func(a *agreements.Agreement) { a.MinGroupSize = k }, members...)
	}
	talk, err := third.Propose(ctx, with(20), "A third party's idea.")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := agency.Accept(ctx, talk.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := shop.Counter(ctx, talk.ID, with(30), ""); err != nil {
		t.Fatal(err)
	}
	// What agency signed of version 1 is void everywhere.
	for _, m := range members {
		there := talkAt(t, m, talk.ID)
		if there.State != store.Offered || len(there.Versions) != 2 || len(there.Signed) > 0 {
			t.Errorf("%s: %+v", m.Org(), there)
		}
		wantState(t, there.Versions[0].Agreement, store.AgreementSuperseded, m)
	}
	id := amend(t, talkAt(t, third, talk.ID).Agreement, agency, third, shop)
	wantState(t, id, store.AgreementActive, members...)
	if _, err := third.Revoke(ctx, id, "We leave."); err != nil {
		t.Fatal(err)
	}
	wantState(t, id, store.AgreementRevoked, members...)
}

// TestClock is R53: a clock that went back revives nothing and stops everything;
// a clock that is ahead at one node lets nothing be asked that the other
// refuses.
func TestClock(t *testing.T) {
	t.Parallel()
	g := newGrounds(t)
	agency, shop := g.node["agency"], g.node["shop"]
	id := cleanroomtest.Agree(t, 2, agency, shop)
	ask(t, agency, id, ownerOnly)

	// A day behind at the owner's: refused there, at once, with what to do.
	g.stage["shop"].ahead.Store(int64(-24 * time.Hour))
	_, err := shop.Submit(t.Context(), cleanroom.Question{Agreement: id, SQL: ownerOnly, Fresh: true})
	if err == nil || !strings.HasPrefix(err.Error(), "this machine's clock went back: it says ") || !strings.Contains(err.Error(), "Set it right, for example with NTP, and ask again") {
		t.Errorf("a day behind: %v", err)
	}
	v, err := agency.Ask(t.Context(), id, ownerOnly)
	if err != nil || cleanroomtest.Succeeded(v) {
		t.Errorf("the owner answered by a clock that went back: %+v %v", v, err)
	}
	g.stage["shop"].ahead.Store(0)

	// A little is how clocks are set right.
	g.stage["shop"].ahead.Store(int64(-time.Minute))
	ask(t, agency, id, ownerOnly)
	g.stage["shop"].ahead.Store(0)

	// A day ahead at the asker's: what has ended for it, it does not ask; and it
	// stays so when the clock is set right.
	g.stage["agency"].ahead.Store(int64(24 * time.Hour))
	_, err = agency.Submit(t.Context(), cleanroom.Question{Agreement: id, SQL: ownerOnly})
	if err == nil || !strings.HasPrefix(err.Error(), "the agreement has ended: it ended on ") {
		t.Errorf("a day ahead: %v", err)
	}
	wantState(t, id, store.AgreementExpired, agency)
	g.stage["agency"].ahead.Store(0)
	_, err = agency.Submit(t.Context(), cleanroom.Question{Agreement: id, SQL: ownerOnly})
	if err == nil || !strings.HasPrefix(err.Error(), "the agreement has ended: it ended on ") {
		t.Errorf("the clock was set back past the end: %v", err)
	}
	v, err = shop.Ask(t.Context(), id, `SELECT grp, COUNT(*) AS n FROM ads GROUP BY grp`)
	if err != nil || cleanroomtest.Succeeded(v) {
		t.Errorf("asked of a node where it has ended: %+v %v", v, err)
	}
	if all, err := agency.Collaborations(t.Context()); err != nil || !slices.ContainsFunc(all, func(c *cleanroom.Collaboration) bool { return c.State == store.AgreementExpired }) {
		t.Errorf("%v", err)
	}
}
