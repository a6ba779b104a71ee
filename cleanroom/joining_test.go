package cleanroom_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/agreements"
	"parley/cleanroom"
	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/invitation"
	"parley/cleanroom/peer"
)

const joinRefused = "the other node did not accept the invitation: it was used, was withdrawn or has run out, or your organisation's name is too much like another's there. Ask your partner, whose log says which, for a new one"

func invite(t testing.TB, m *cleanroomtest.Member) *cleanroom.Invited {
	t.Helper()
	i, err := m.Invite(t.Context(), 0, "")
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func wantText(t testing.TB, what string, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("%s\ngot  %v\nwant %s", what, err, want)
	}
}

func words(t testing.TB, m *cleanroomtest.Member, partner string) []string {
	t.Helper()
	p, err := m.PartnerNamed(t.Context(), partner)
	if err != nil {
		t.Fatal(err)
	}
	return p.Words
}

func confirm(t testing.TB, m *cleanroomtest.Member, partner string) {
	t.Helper()
	if _, err := m.ConfirmPartner(t.Context(), partner, strings.Join(words(t, m, partner), " ")); err != nil {
		t.Fatal(err)
	}
}

// Two organisations meet: both get the same words, and nothing can be done
// before both have confirmed. What the one offers to the other then is terms
// alone.
func TestInvitation(t *testing.T) {
	t.Parallel()
	agency, shop := cleanroomtest.Start(t, "agency"), cleanroomtest.Start(t, "shop")
	orders := smallOrders
	orders.domain = []string{"new"}
	orders.add(t, shop)
	i := invite(t, shop)
	met, err := agency.Join(t.Context(), " "+i.Line+"\n")
	if err != nil {
		t.Fatal(err)
	}
	if met.Name != "shop" || met.Card != shop.Card || met.Confirmed != nil || len(met.Words) != 12 || !slices.Equal(met.Words, words(t, shop, "agency")) {
		t.Fatalf("agency met %+v; shop's words are %v", met, words(t, shop, "agency"))
	}
	contracts := func() error { _, err := agency.PartnerContracts(t.Context(), "shop"); return err }
	notConfirmed := "the partner is not confirmed: compare the words that `parley partner list` shows with those that shop reads, over the phone, then run `parley partner confirm \"shop\"`; shop has to do the same"
	wantText(t, "nobody has confirmed", contracts(), notConfirmed)
	_, err = agency.ConfirmPartner(t.Context(), "shop", strings.Join(slices.Sorted(slices.Values(met.Words)), " "))
	wantText(t, "other words", err, "these are not the words that this node shows for the partner shop. If the partner reads other words than this node shows, someone may stand between you: do not confirm; run `parley partner remove \"shop\"` and meet again by a new invitation, sent another way")
	confirm(t, agency, "shop")
	wantText(t, "one has confirmed", contracts(), "ask the other node: node of shop at "+shop.Card.Address+
		": it does not accept this node's certificate: no agreement in force there names it, and no confirmed partner there has it")
	confirm(t, shop, "agency")

	got, err := agency.PartnerContracts(t.Context(), "shop")
	if err != nil || len(got) != 0 {
		t.Fatalf("nothing is offered: %+v, %v", got, err)
	}
	if err := shop.OfferDataset(t.Context(), "orders", "agency", true); err != nil {
		t.Fatal(err)
	}
	if got, err = agency.PartnerContracts(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	want, err := shop.Datasets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	gotJSON, _ := json.Marshal(got)
	wantJSON, _ := json.Marshal([]agreements.Dataset{{Name: "orders", Owner: "shop", ContractHash: want[0].ContractHash, Rules: want[0].Rules}})
	if string(gotJSON) != string(wantJSON) {
		t.Errorf("got  %s\nwant %s", gotJSON, wantJSON)
	}
	for _, kept := range []string{"csv", "Testing", "1.0.0", t.TempDir()} {
		if strings.Contains(string(gotJSON), kept) {
			t.Errorf("the partner learns %q: %s", kept, gotJSON)
		}
	}
	if err := shop.OfferDataset(t.Context(), "orders", "agency", false); err != nil {
		t.Fatal(err)
	}
	if got, err = agency.PartnerContracts(t.Context(), "shop"); err != nil || len(got) != 0 {
		t.Errorf("after the offer was withdrawn: %+v, %v", got, err)
	}

	// A confirmed partner comes through the door, and may still ask nothing.
	c := peer.NewClient(peer.ClientConfig{Member: "shop", Address: shop.Card.Address, Fingerprint: shop.Card.TLSFingerprint, Certificate: certificateOf(t, agency),
		AllowLoopback: true, Now: time.Now})
	defer c.Close()
	run, hex64 := strings.Repeat("0f", 16), strings.Repeat("00", 32)
	_, err = c.Offer(t.Context(), peer.Offer{Protocol: peer.Protocol, Run: run, Agreement: "sha256:" + hex64, SQL: ownerOnly, PlanHash: hex64, Nonce: hex64})
	wantText(t, "an offer without an agreement", err, "the other node has no agreement in force that lets this node ask")
	if _, err = c.Status(t.Context(), run); !peer.IsProblem(err, peer.RefusedUnknown) {
		t.Errorf("status of a run: %v", err)
	}

	if err := shop.RemovePartner(t.Context(), "agency"); err != nil {
		t.Fatal(err)
	}
	_, err = c.Contracts(t.Context()) // over the connection that it has
	wantText(t, "removed", err, "the other node has not confirmed this node as a partner, and no agreement in force there names it")
	if err := agency.RemovePartner(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	cleanroomtest.Partners(t, agency, shop) // they meet anew, the other way round
}

// Every use of an invitation that is not the one meant is refused in the same
// words; what it was stands in the inviter's log.
func TestInvitationRefused(t *testing.T) {
	t.Parallel()
	var now atomicTime
	now.set(time.Now())
	log := &journal{}
	shop := start(t, "shop", func(o *cleanroom.Options) { o.Now = now.get; o.Log = textLog(log) })
	join := func(org string, line string) error {
		t.Helper()
		_, err := cleanroomtest.Start(t, org).Join(t.Context(), line)
		return err
	}
	used := invite(t, shop)
	if err := join("agency", used.Line); err != nil {
		t.Fatal(err)
	}
	changed := func(line string, change func(*invitation.Invitation)) string {
		i, err := invitation.Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		change(i)
		return i.Line()
	}
	open := invite(t, shop)
	withdrawn := invite(t, shop)
	if err := shop.WithdrawInvitation(t.Context(), withdrawn.ID[:8]); err != nil {
		t.Fatal(err)
	}
	short, err := shop.Invite(t.Context(), time.Hour, "")
	if err != nil {
		t.Fatal(err)
	}
	now.set(time.Now().Add(2 * time.Hour))
	for _, c := range []struct{ what, org, line, logged string }{
		{"used by another", "other", used.Line, "the invitation was used by agency"},
		{"withdrawn", "other", withdrawn.Line, "the invitation was withdrawn or has run out"},
		{"run out", "other", short.Line, "the invitation is expired"},
		{"a wrong secret", "other", changed(open.Line, func(i *invitation.Invitation) { i.Secret[5] ^= 1 }), "the joiner does not hold the invitation: its proof is wrong"},
		{"an unknown id", "other", changed(open.Line, func(i *invitation.Invitation) { i.ID[5] ^= 1 }), "there is no such invitation"},
		{"another's name", "agency", open.Line, "agency is a partner already, with other keys. If its keys have changed, ask it by telephone; then run `parley partner remove \\\"agency\\\"` and invite it anew"},
		{"a name that looks alike", "Agenc-Y", open.Line, "the name Agenc-Y looks like that of the partner agency"},
		{"the inviter's name", "sh0p", open.Line, "the name sh0p is, or looks like, this organisation's own"},
	} {
		before := log.String()
		wantText(t, c.what, join(c.org, c.line), joinRefused)
		if said := strings.TrimPrefix(log.String(), before); !strings.Contains(said, c.logged) {
			t.Errorf("%s: the log says %q", c.what, said)
		}
	}
	if all, err := shop.Partners(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("shop has %d partners (%v)", len(all), err)
	}
	wantText(t, "mistyped", join("other", strings.Replace(open.Line, "A", "B", 1)), invitation.ErrMistyped.Error())
	wantText(t, "cut off", join("other", open.Line[:len(open.Line)-3]), invitation.ErrMistyped.Error())
	wantText(t, "no invitation", join("other", "hello"), invitation.ErrNotInvitation.Error())
	wantText(t, "of another version", join("other", strings.Replace(open.Line, ":1:", ":2:", 1)), invitation.ErrVersion.Error())
	_, err = shop.Join(t.Context(), open.Line)
	wantText(t, "its own", err, "this is an invitation of this node's own; send it to your partner, who runs `parley join` with it")
	wantText(t, "another node there", join("other", changed(open.Line, func(i *invitation.Invitation) { i.Fingerprint = strings.Repeat("00", 32) })),
		"the node at "+shop.Card.Address+" is not the one that made the invitation: its key is another. Either the invitation is old, or someone stands between you and your partner")

	// R61: an address in an invitation is subject to the rules for dialling.
	strict := cleanroomtest.Start(t, "strict", func(c *cleanroom.Config) { c.AllowLoopbackPeers = false })
	for address, want := range map[string]string{
		shop.Card.Address:      "node of the partner at " + shop.Card.Address + ": peer address 127.",
		"169.254.169.254:80":   "node of the partner at 169.254.169.254:80: peer address 169.254.169.254 cannot be a partner's node",
		"100.100.100.200:80":   "node of the partner at 100.100.100.200:80: peer address 100.100.100.200 is a cloud metadata server",
		"[::ffff:127.0.0.1]:1": "node of the partner at [::ffff:127.0.0.1]:1: peer address 127.0.0.1 is this machine",
	} {
		_, err := strict.Join(t.Context(), changed(open.Line, func(i *invitation.Invitation) { i.Address = address }))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got  %v\nwant %s…", err, want)
		}
	}

	// Once nothing can be used, joining is not spoken at all.
	if err := shop.WithdrawInvitation(t.Context(), open.ID); err != nil {
		t.Fatal(err)
	}
	now.set(time.Now().Add(100 * time.Hour))
	before := log.String()
	wantText(t, "none is open", join("other", open.Line), joinRefused)
	if said := strings.TrimPrefix(log.String(), before); strings.Contains(said, "invitation") {
		t.Errorf("it was spoken: %s", said)
	}
}

// A node that did not hear of its success asks again and hears of it, but
// nobody else does.
func TestJoinTwice(t *testing.T) {
	t.Parallel()
	agency, shop := cleanroomtest.Start(t, "agency"), cleanroomtest.Start(t, "shop")
	i := invite(t, shop)
	for range 2 {
		if _, err := agency.Join(t.Context(), i.Line); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := shop.Partners(t.Context()); err != nil || len(all) != 1 {
		t.Fatalf("shop has %d partners (%v)", len(all), err)
	}
}

// Ten organisations hold one line: one of them is a partner afterwards.
func TestInvitationOnce(t *testing.T) {
	t.Parallel()
	shop := cleanroomtest.Start(t, "shop")
	i := invite(t, shop)
	var work sync.WaitGroup
	var mu sync.Mutex
	joined := 0
	for _, org := range []string{"one", "two", "three", "four", "five"} {
		m := cleanroomtest.Start(t, org)
		work.Add(1)
		go func() {
			defer work.Done()
			if _, err := m.Join(context.Background(), i.Line); err == nil {
				mu.Lock()
				joined++
				mu.Unlock()
			} else if err.Error() != joinRefused {
				t.Error(err)
			}
		}()
	}
	work.Wait()
	all, err := shop.Partners(t.Context())
	if err != nil || joined != 1 || len(all) != 1 {
		t.Fatalf("%d joined; shop has %d partners (%v)", joined, len(all), err)
	}
}

// Mallory reads the line on its way and stands between the two, under the name
// of each towards the other. Both are joined to Mallory, and see other words
// than each other, whatever keys Mallory has.
func TestRelayedInvitation(t *testing.T) {
	t.Parallel()
	agency, shop := cleanroomtest.Start(t, "agency"), cleanroomtest.Start(t, "shop")
	asShop, asAgency := cleanroomtest.Start(t, "shop"), cleanroomtest.Start(t, "agency")
	if _, err := asAgency.Join(t.Context(), invite(t, shop).Line); err != nil {
		t.Fatal(err)
	}
	if _, err := agency.Join(t.Context(), invite(t, asShop).Line); err != nil {
		t.Fatal(err)
	}
	atAgency, atShop := words(t, agency, "shop"), words(t, shop, "agency")
	if slices.Equal(atAgency, atShop) {
		t.Fatal("both read the same words")
	}
	// People who read the words to each other do not confirm.
	_, err := agency.ConfirmPartner(t.Context(), "shop", strings.Join(atShop, " "))
	if err == nil || !strings.HasPrefix(err.Error(), cleanroom.ErrWordsDiffer.Error()) {
		t.Errorf("confirmed: %v", err)
	}
}

// A proof serves on its own connection alone: a hello that is replayed on
// another one, byte for byte and with the same TLS key, is refused.
func TestJoinReplay(t *testing.T) {
	t.Parallel()
	agency, shop := cleanroomtest.Start(t, "agency"), cleanroomtest.Start(t, "shop")
	line := invite(t, shop).Line
	i, err := invitation.Parse(line)
	if err != nil {
		t.Fatal(err)
	}
	cfg := peer.ClientConfig{Member: "shop", Address: i.Address, Fingerprint: i.Fingerprint, Certificate: certificateOf(t, agency), AllowLoopback: true, Now: time.Now}
	r := &replayer{member: agency, i: i}
	if err := peer.Join(t.Context(), cfg, r); err == nil || err.Error() != "stop here" {
		t.Fatalf("the first: %v", err)
	}
	r.again = true
	wantText(t, "the replay", peer.Join(t.Context(), cfg, r), joinRefused)
}

// replayer says hello honestly the first time, and then the same again.
type replayer struct {
	member *cleanroomtest.Member
	i      *invitation.Invitation
	first  *peer.JoinHello
	again  bool
}

func (r *replayer) Hello(s peer.JoinScene) (*peer.JoinHello, error) {
	if r.again {
		return r.first, nil
	}
	scene := invitation.Scene{Binding: s.Binding, Invitation: r.i.Name(), Joiner: &r.member.Card}
	proof := scene.Prove(invitation.Key(r.i.Secret), invitation.Hello)
	signature, err := signWith(r.member, scene.Vouch(invitation.Hello))
	r.first = &peer.JoinHello{Protocol: peer.JoinProtocol, Invitation: r.i.Name(), Card: r.member.Card, Proof: proof[:], Signature: signature}
	return r.first, err
}

func (r *replayer) Done(peer.JoinScene, *peer.JoinHello, *peer.JoinWelcome) (*peer.JoinDone, error) {
	return nil, errStopHere
}
