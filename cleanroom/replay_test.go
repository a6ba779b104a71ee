package cleanroom_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"parley/cleanroom"
	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/peer"
)

var jsonHead = http.Header{"Content-Type": {"application/json"}}

const runsPath = "/peer/v1/runs"

// problemOf is the exact body of a refusal.
func problemOf(status, word, detail string) string {
	return `{"type":"urn:parley:problem:` + word + `","title":"` + word + `","status":` + status + `,"detail":"` + detail + `"}`
}

const (
	saysAgreement = "the other node has no agreement in force that lets this node ask"
	saysFailed    = "the other node could not do this; its own log says why"
)

// ticket has two nodes compare their logs for an offer that the test makes up.
func ticket(t testing.TB, from, at *cleanroomtest.Member) string {
	t.Helper()
	got, err := cleanroom.TicketFor(t.Context(), from.Node, &at.Card)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestReplayedOffer sends an offer again: at once, after the run has ended,
// and after the other node was started anew. (R45)
func TestReplayedOffer(t *testing.T) {
	t.Parallel()
	home, l := newHome(t, "shop")
	shop, stop := serve(t, home, l, nil)
	defer func() { stop() }()
	agency := cleanroomtest.Start(t, "agency")
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	p := newTap(t, agency, shop)
	id := p.agree(2, agency, shop)
	refusedOffer := func(c *call) {
		t.Helper()
		status, body := p.as(agency, shop, http.MethodPost, runsPath, c.body, jsonHead)
		if want := problemOf("403", "records", "the audit logs of the two nodes were not compared for this run, or do not fit together"); status != http.StatusForbidden || strings.TrimSpace(body) != want {
			t.Errorf("got  %d %s\nwant %s", status, body, want)
		}
		// Nor with a ticket of its own, which only the partner's node can get.
		again := rewrite(t, c.body, func(o *peer.Offer) { o.Ticket = ticket(t, agency, shop) })
		status, body = p.as(agency, shop, http.MethodPost, runsPath, again, jsonHead)
		if want := problemOf("403", "failed", saysFailed); status != http.StatusForbidden || strings.TrimSpace(body) != want {
			t.Errorf("got  %d %s\nwant %s", status, body, want)
		}
	}
	for _, sql := range []string{ownerOnly, bySegment} {
		var offer *call
		p.set(func(phase string, c *call) bool {
			if phase == "answer" && c.step() == "POST run" {
				offer = c
				refusedOffer(c) // a second time while the first is going on
			}
			return true
		})
		before := ask(t, agency, id, sql)
		refusedOffer(offer)
		p.set(nil)
		stop()
		card := shop.Card // names the tap
		shop, stop = serve(t, home, relisten(t, l), nil)
		shop.Card = card
		refusedOffer(offer)
		if again := ask(t, agency, id, sql); string(again.Result) != string(before.Result) {
			t.Errorf("another answer after the replays:\n%s\n%s", before.Result, again.Result)
		}
	}
}

// TestReplayedMessages puts the bytes of an earlier run in place of each
// message of a later one, as only the partner itself could: no answer comes
// of it. (R45)
func TestReplayedMessages(t *testing.T) {
	t.Parallel()
	agency, shop, _ := pair(t)
	p := newTap(t, agency, shop)
	id := p.agree(2, agency, shop)
	ask(t, agency, id, bySegment) // aligns
	p.take()
	ask(t, agency, id, bySegment)
	var old []*call
	for _, c := range p.take() {
		if c.method == http.MethodPut {
			old = append(old, c)
		}
	}
	if len(old) < 8 {
		t.Fatalf("only %d messages were seen", len(old))
	}
	for _, o := range old {
		t.Run(strings.ReplaceAll(o.from+" "+o.step(), "/", "-"), func(t *testing.T) {
			var replaced, same atomic.Bool // set by the tap's goroutines
			p.set(func(phase string, c *call) bool {
				if phase == "request" && c.from == o.from && c.step() == o.step() {
					sum := sha256.Sum256(o.body)
					same.Store(bytes.Equal(c.body, o.body))
					c.body = o.body
					replaced.Store(true)
					c.header.Set("Parley-Chunk-Sha256", hex.EncodeToString(sum[:]))
				}
				return true
			})
			v, err := agency.Ask(t.Context(), id, bySegment)
			if err != nil || !replaced.Load() {
				t.Fatalf("replaced %t: %v", replaced.Load(), err)
			}
			if same.Load() { // an acknowledgement or a count: the same in every run
				return
			}
			if cleanroomtest.Succeeded(v) || v.Result != nil {
				t.Errorf("an answer in spite of the replay: %s", v.Result)
			}
			if there := lastRun(t, shop); cleanroomtest.Succeeded(there) {
				t.Errorf("the other node signed")
			}
		})
	}
}

// TestThirdMember has a member of the same agreement meddle in a run that it
// takes no part in. For it, the run does not exist.
func TestThirdMember(t *testing.T) {
	t.Parallel()
	agency, shop, _ := pair(t)
	third := cleanroomtest.Start(t, "third")
	p := newTap(t, agency, shop, third)
	id := p.agree(2, agency, shop, third)
	var meddled atomic.Bool // by the first message; the tap has many goroutines
	p.set(func(phase string, c *call) bool {
		if phase != "request" || c.from == "third" || !strings.HasPrefix(c.step(), "PUT") || meddled.Swap(true) {
			return true
		}
		path := runsPath + "/" + strings.Split(strings.Split(c.url, "?")[0], "/")[4]
		for _, at := range []*cleanroomtest.Member{agency, shop} {
			for _, call := range []struct{ method, url string }{
				{http.MethodGet, path}, {http.MethodDelete, path}, {http.MethodGet, path + "/answer"},
				{http.MethodPost, path + "/receipt"}, {http.MethodPut, path + "/messages?" + strings.SplitN(c.url, "?", 2)[1]},
			} {
				body, head := c.body, c.header
				if call.method != http.MethodPut {
					body, head = []byte(`{"receipt":"e30="}`), jsonHead
				}
				status, got := p.as(third, at, call.method, call.url, body, head)
				if want := problemOf("404", "unknown", "no such run"); status != http.StatusNotFound || strings.TrimSpace(got) != want {
					t.Errorf("%s %s at %s: %d %s", call.method, call.url[30:], at.Org(), status, got)
				}
			}
		}
		return true
	})
	ask(t, agency, id, bySegment)
	if !meddled.Load() {
		t.Error("nothing was tried")
	}
	p.set(nil)
	// Nor may it ask what it holds no data for, or be asked.
	refused(t, third, id, bySegment, "1:65: In this version only one of the two owners can ask a question that joins `ads` and `orders`. [datasets] Ask one of the two owners to run it: the answer is opened by the node that asks, and that node must hold one side of the join.")
	ask(t, third, id, ownerOnly)
	var offer *call
	p.set(func(phase string, c *call) bool {
		if c.step() == "POST run" {
			offer = c
		}
		return true
	})
	ask(t, agency, id, ownerOnly)
	fresh := rewrite(t, offer.body, func(o *peer.Offer) { o.Run, o.Ticket = strings.Repeat("ab", 16), ticket(t, agency, third) })
	status, body := p.as(agency, third, http.MethodPost, runsPath, fresh, jsonHead)
	if want := problemOf("403", "failed", saysFailed); status != http.StatusForbidden || strings.TrimSpace(body) != want {
		t.Errorf("a node without data accepted: %d %s", status, body)
	}
	// A join offered by somebody who holds none of it.
	ask(t, agency, id, bySegment)
	fresh = rewrite(t, offer.body, func(o *peer.Offer) { o.Run, o.Ticket = strings.Repeat("cd", 16), ticket(t, third, shop) })
	status, body = p.as(third, shop, http.MethodPost, runsPath, fresh, jsonHead)
	want := problemOf("403", "question", "the other node's own check refused the question; its log says why")
	if status != http.StatusForbidden || strings.TrimSpace(body) != want {
		t.Errorf("a third member stood in for an owner: %d %s", status, body)
	}
}

// TestAgreementAtAnotherNode offers a run under an agreement that the other
// node is no part of, and under one that the caller is no part of. (R49)
func TestAgreementAtAnotherNode(t *testing.T) {
	t.Parallel()
	agency, shop, _ := pair(t)
	third := cleanroomtest.Start(t, "third")
	p := newTap(t, agency, shop, third)
	theirs := p.agree(2, agency, shop)
	p.agree(2, agency, shop, third) // so that all three know each other's keys
	var offer *call
	p.set(func(phase string, c *call) bool {
		if c.step() == "POST run" {
			offer = c
		}
		return true
	})
	ask(t, agency, theirs, ownerOnly)
	want := problemOf("403", "agreement", saysAgreement)
	for i, c := range []struct{ from, at *cleanroomtest.Member }{{agency, third}, {third, shop}, {shop, shop}} {
		fresh := rewrite(t, offer.body, func(o *peer.Offer) { o.Run = strings.Repeat("0", 31) + string(rune('0'+i)) })
		status, body := p.as(c.from, c.at, http.MethodPost, runsPath, fresh, jsonHead)
		if status != http.StatusForbidden || strings.TrimSpace(body) != want {
			t.Errorf("%s at %s: %d %s", c.from.Org(), c.at.Org(), status, body)
		}
	}
	if _, err := third.Submit(t.Context(), cleanroom.Question{Agreement: theirs, SQL: ownerOnly}); err == nil ||
		err.Error() != "no such agreement here; `parley agreement list` shows those this node has" {
		t.Errorf("got %v", err)
	}
}
