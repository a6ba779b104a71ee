package cleanroom_test

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"parley/cleanroom"
	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/peer"
	"parley/crypto/keys"
)

// What a partner's node is told, whatever the reason was.
const (
	toldDataset    = "ask the other node: the other node's dataset is not the one that was signed for, or is too small; its owner knows which"
	toldPlan       = "ask the other node: the two nodes compiled the question to different plans, so neither runs it; both should run the same version of parley"
	toldNormaliser = "ask the other node: the two nodes normalise the join key differently; both should run the same version of parley"
	ownPlan        = "the two nodes compiled the question to different plans, so neither runs it; both should run the same version of parley"
	ownNormaliser  = "the two nodes normalise the join key differently; both should run the same version of parley"
	garbled        = "the other node answered with something the protocol does not allow"
)

// TestDatasetRefused changes what stands behind a signed agreement. The owner
// reads exactly why; its partner reads one sentence that fits all.
func TestDatasetRefused(t *testing.T) {
	t.Parallel()
	adsOnly := `SELECT grp, COUNT(*) AS n FROM ads GROUP BY grp`
	check := func(t *testing.T, agency, shop *cleanroomtest.Member, id, own string) {
		t.Helper()
		refused(t, shop, id, ownerOnly, own)
		refused(t, shop, id, bySegment, own)
		failed(t, agency, id, ownerOnly, toldDataset)
		failed(t, agency, id, bySegment, toldDataset)
		ask(t, shop, id, adsOnly) // what is not concerned goes on
	}
	t.Run("contract changed", func(t *testing.T) { // R59
		agency, shop, id := pair(t)
		before := shop.Contracts[0]
		changed := smallOrders
		changed.terms = "And more."
		after := changed.add(t, shop)
		check(t, agency, shop, id, fmt.Sprintf("the data contract is not the one that was signed: dataset %q: the agreement was made for contract %s, the one in use here is %s",
			"orders", contractHash(t, before)[7:19], after.ContractHash[7:19]))
	})
	t.Run("dataset not here", func(t *testing.T) {
		agency, shop := cleanroomtest.Start(t, "agency"), cleanroomtest.Start(t, "shop")
		smallAds.add(t, agency)
		shop.Contracts = []cleanroom.OwnedContract{{Owner: "shop", Contract: []byte(smallOrders.contract())}}
		e := cleanroomtest.Draft(t, 2, agency, shop)
		want := "the dataset is not here yet: run `parley dataset add` with the contract of \"orders\" first"
		if err := shop.SignAgreement(t.Context(), e); err == nil || err.Error() != want {
			t.Errorf("got %v", err)
		}
		signAll(t, e, agency, shop)
		check(t, agency, shop, cleanroomtest.Give(t, e, agency, shop), want)
	})
	t.Run("too few units", func(t *testing.T) {
		agency, shop := cleanroomtest.Start(t, "agency"), cleanroomtest.Start(t, "shop")
		table{name: "ads", rows: people("p", "north", 0, 1000)}.add(t, agency)
		table{name: "orders", rows: people("p", "new", 0, 999)}.add(t, shop)
		check(t, agency, shop, cleanroomtest.Agree(t, 10, agency, shop),
			`the dataset is smaller than the smallest set its rules allow, or those of the dataset it is joined with: "orders" needs at least 1000 units`)
	})
	t.Run("wider rules", func(t *testing.T) {
		agency, shop, _ := pair(t)
		wider := smallOrders
		wider.domain = []string{"new", "old"}
		shop.Contracts = []cleanroom.OwnedContract{{Owner: "shop", Contract: []byte(wider.contract())}}
		a := cleanroomtest.Draft(t, 2, agency, shop).Agreement()
		// The rules of one contract under the hash of another.
		a.Dataset("orders").ContractHash = contractHash(t, cleanroom.OwnedContract{Contract: []byte(smallOrders.contract())})
		e := envelope(t, a)
		want := "the agreement's rules differ from the data contract at columns.grp; derive them anew with `parley agreement new`"
		if err := shop.SignAgreement(t.Context(), e); err == nil || err.Error() != want {
			t.Errorf("got %v", err)
		}
		signAll(t, e, agency, shop)
		check(t, agency, shop, cleanroomtest.Give(t, e, agency, shop), want)
	})
}

// rewrite changes one JSON body on its way.
func rewrite[T any](t *testing.T, b []byte, change func(*T)) []byte {
	t.Helper()
	var v T
	if err := json.Unmarshal(b, &v); err != nil {
		t.Errorf("rewrite: %v", err)
	}
	change(&v)
	out, err := json.Marshal(v)
	if err != nil {
		t.Errorf("rewrite: %v", err)
	}
	return out
}

// TestDishonestPartner changes single fields of offers and acceptances: both
// nodes judge what the other claims. (R47)
func TestDishonestPartner(t *testing.T) {
	t.Parallel()
	// A run that the asker gives up keeps its place at the owner for a moment.
	agency, shop, _ := pair(t, func(c *cleanroom.Config) { c.MaxRuns = 50 })
	p := newTap(t, agency, shop)
	id := p.agree(2, agency, shop)
	zero := strings.Repeat("0", 64)
	offer := func(change func(*peer.Offer)) func(string, *call) bool {
		return func(phase string, c *call) bool {
			if phase == "request" && c.step() == "POST run" {
				c.body = rewrite(t, c.body, change)
			}
			return true
		}
	}
	accept := func(change func(*peer.Accept)) func(string, *call) bool {
		return func(phase string, c *call) bool {
			if phase == "answer" && c.step() == "POST run" {
				c.answer = rewrite(t, c.answer, change)
			}
			return true
		}
	}
	const notUnderstood = "ask the other node: node of shop sent an answer this version does not understand"
	const toldFailed = "ask the other node: the other node could not do this; its own log says why"
	for _, c := range []struct {
		name string
		hook func(string, *call) bool
		sql  string
		want string
	}{
		{"offer: plan hash", offer(func(o *peer.Offer) { o.PlanHash = zero }), bySegment, toldPlan},
		{"offer: plan hash, one owner", offer(func(o *peer.Offer) { o.PlanHash = zero }), ownerOnly, toldPlan},
		{"offer: another question", offer(func(o *peer.Offer) { o.SQL = strings.Replace(o.SQL, "COUNT(*)", "SUM(ads.amount)", 1) }), bySegment, toldPlan},
		{"offer: forbidden question", offer(func(o *peer.Offer) { o.SQL = "SELECT email FROM orders" }), bySegment,
			"ask the other node: the other node's own check refused the question; its log says why"},
		{"offer: beginning of an id", offer(func(o *peer.Offer) { o.Agreement = o.Agreement[:20] }), bySegment,
			"ask the other node: the other node has no agreement in force that lets this node ask"},
		{"offer: normaliser", offer(func(o *peer.Offer) { o.Side.Normaliser = zero }), bySegment, toldNormaliser},
		{"offer: dataset", offer(func(o *peer.Offer) { o.Side.Dataset = "orders" }), bySegment, toldFailed},
		{"offer: version", offer(func(o *peer.Offer) { o.Side.Version = "sha256:\x1b[2J" }), bySegment, toldFailed},
		{"offer: no side", offer(func(o *peer.Offer) { o.Side = nil }), bySegment, toldFailed},
		{"offer: units", offer(func(o *peer.Offer) { o.Side.Units = 1 << 40 }), bySegment, toldFailed},
		{"offer: side, one owner", offer(func(o *peer.Offer) { o.Side = &peer.Side{} }), ownerOnly, toldFailed},
		{"accept: plan hash", accept(func(a *peer.Accept) { a.PlanHash = zero }), bySegment, ownPlan},
		{"accept: plan hash, one owner", accept(func(a *peer.Accept) { a.PlanHash = zero }), ownerOnly, ownPlan},
		{"accept: nonce", accept(func(a *peer.Accept) { a.Nonce = "00" }), bySegment, notUnderstood},
		{"accept: normaliser", accept(func(a *peer.Accept) { a.Side.Normaliser = zero }), bySegment, ownNormaliser},
		{"accept: dataset", accept(func(a *peer.Accept) { a.Side.Dataset = "ads" }), bySegment, garbled},
		{"accept: version", accept(func(a *peer.Accept) { a.Side.Version = "v1" }), bySegment, garbled},
		{"accept: no side", accept(func(a *peer.Accept) { a.Side = nil }), bySegment, garbled},
		{"accept: units", accept(func(a *peer.Accept) { a.Side.Units = -1 }), bySegment, garbled},
		{"accept: an alignment nobody has", accept(func(a *peer.Accept) { a.Side.Alignment = zero }), bySegment, garbled},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.set(c.hook)
			failed(t, agency, id, c.sql, c.want)
		})
	}
	// What only the two together can notice: each side believes something else.
	for name, hook := range map[string]func(string, *call) bool{
		"units":      accept(func(a *peer.Accept) { a.Side.Units++ }),
		"version":    accept(func(a *peer.Accept) { a.Side.Version = "sha256:" + zero }),
		"nonce":      accept(func(a *peer.Accept) { a.Nonce = zero }),
		"askerNonce": offer(func(o *peer.Offer) { o.Nonce = zero }),
	} {
		t.Run("disagree: "+name, func(t *testing.T) {
			p.set(hook)
			v, err := agency.Ask(t.Context(), id, bySegment)
			if err != nil || cleanroomtest.Succeeded(v) || v.Result != nil {
				t.Fatalf("%+v, %v", v, err)
			}
			const differ = "the two nodes disagree about the session's parameters, so the run is refused"
			if here, there := v.Error, lastRun(t, shop).Error; here != differ && there != differ {
				t.Errorf("%q here, %q there", here, there)
			}
		})
	}
	p.set(nil)
	ask(t, agency, id, bySegment) // both nodes are none the worse
	ask(t, shop, id, bySegment)
}

// TestWrongCertificate has somebody else answer at the partner's address.
func TestWrongCertificate(t *testing.T) {
	t.Parallel()
	home, l := newHome(t, "shop")
	shop, stop := serve(t, home, l, nil)
	defer stop()
	agency := cleanroomtest.Start(t, "agency")
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	id := cleanroomtest.Agree(t, 2, agency, shop)
	stop()
	other := newCertificate(t)
	s := &http.Server{TLSConfig: &tls.Config{Certificates: []tls.Certificate{other}, NextProtos: []string{"h2"}}}
	again, done := relisten(t, l), make(chan struct{})
	go func() { defer close(done); s.ServeTLS(again, "", "") }()
	defer func() { s.Close(); <-done }()
	want := fmt.Sprintf("ask the other node: node of shop at %s: the other node's certificate is not the one in the agreement: expected %s…, got %s…",
		l.Addr(), shop.Card.TLSFingerprint[:16], keys.Fingerprint(other.Leaf)[:16])
	failed(t, agency, id, ownerOnly, want)
	failed(t, agency, id, bySegment, want)
}
