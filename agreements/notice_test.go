package agreements

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

func exampleNotice(t testing.TB) (*Agreement, Notice) {
	a := edited(t)
	id, err := a.ID()
	must(t, err)
	return a, Notice{Agreement: id, Member: "client", Kind: Suspend, Reason: "An audit of the shop's consents is under way.",
		Sequence: 1, Time: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)}
}

func signedNotice(t testing.TB, n Notice, s Signer) []byte {
	t.Helper()
	b, err := SignNotice(n, s)
	must(t, err)
	return b
}

// The bytes of a signed notice are a promise.
func TestGoldenNotice(t *testing.T) {
	a, n := exampleNotice(t)
	b := signedNotice(t, n, client)
	golden(t, "notice.json", b)
	got, err := VerifyNotice(b, a)
	must(t, err)
	if *got != n {
		t.Errorf("%+v", got)
	}
	if want := "client suspended agreement " + n.Agreement + " on 4 May 2026, 03:02 UTC: An audit of the shop's consents is under way."; got.Text() != want {
		t.Errorf("%s", got.Text())
	}
}

// What a notice may not be.
func TestNoticeRefused(t *testing.T) {
	a, n := exampleNotice(t)
	for _, c := range []struct {
		change func(*Notice)
		want   string
	}{
		{func(n *Notice) { n.Agreement = "sha256:00" }, "agreement: must be the id of an agreement"},
		{func(n *Notice) { n.Member = "cli\x1bent" }, "member: is not the name of a member"},
		{func(n *Notice) { n.Kind = "forget" }, "kind: must be suspend, resume or revoke"},
		{func(n *Notice) { n.Reason = "" }, "reason: must have 1 to 500 bytes"},
		{func(n *Notice) { n.Reason = "two\nlines" }, "reason: must be one line"},
		{func(n *Notice) { n.Reason = "\u202eturned" }, "reason: holds a character that cannot be shown"},
		{func(n *Notice) { n.Sequence = 0 }, "sequence: must be 1 to 2^31"},
		{func(n *Notice) { n.Time = n.Time.Add(1) }, "time: must be in whole seconds, in a year from 2000 to 9999"},
	} {
		bad := n
		c.change(&bad)
		if _, err := SignNotice(bad, client); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	good := signedNotice(t, n, client)
	const form = "this is not a notice of a Parley agreement"
	for what, b := range map[string][]byte{
		"a key twice":      bytes.Replace(good, []byte(`"payloadType"`), []byte(`"payloadType":"x","payloadType"`), 1),
		"a signature more": bytes.Replace(good, []byte(`"signatures":[`), []byte(`"signatures":[{"keyid":"","sig":""},`), 1),
		"too large":        append(bytes.Repeat([]byte(" "), MaxNotice), good...),
		"an agreement":     func() []byte { _, b := signed(t); return b }(),
	} {
		if _, err := OpenNotice(b); !errors.Is(err, ErrNotNotice) || !strings.HasPrefix(err.Error(), form) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// Somebody else's signature, and a notice about another agreement.
	forged := signedNotice(t, n, agency)
	if _, err := VerifyNotice(forged, a); err == nil || err.Error() != "the notice was changed after it was signed, or client did not sign it" {
		t.Errorf("forged: %v", err)
	}
	if _, err := VerifyNotice(good, edited(t, "minGroupSize: 50", "minGroupSize: 51")); !errors.Is(err, ErrNotNotice) {
		t.Errorf("about another: %v", err)
	}
}

// Whatever opens as a notice has one payload.
func FuzzOpenNotice(f *testing.F) {
	_, n := exampleNotice(f)
	f.Add(signedNotice(f, n, client))
	f.Add([]byte(`{"payload":"","payloadType":"application/vnd.in-toto+json","signatures":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, payload, _, err := openNotice(b)
		if err != nil {
			return
		}
		again, err := n.payload()
		must(t, err)
		if !bytes.Equal(again, payload) || strings.Contains(n.Text(), "\n") {
			t.Fatal("another encoding, or a reason of several lines")
		}
	})
}

// What may take an agreement's place, and what may not.
func TestAmends(t *testing.T) {
	old := edited(t)
	id, err := old.ID()
	must(t, err)
	amend := func(change func(*Agreement)) error {
		a := edited(t)
		a.Predecessor = id
		change(a)
		must(t, a.Check())
		return a.Amends(old)
	}
	must(t, amend(func(a *Agreement) { a.MinGroupSize = 25 }))
	must(t, amend(func(a *Agreement) { a.Members[0].TLSFingerprint = strings.Repeat("1", 64) }))
	for _, c := range []struct {
		change func(*Agreement)
		want   string
	}{
		{func(a *Agreement) { a.Predecessor = "" }, "it does not name it as its predecessor"},
		{func(a *Agreement) { a.Members[0].IdentityKey = b64(keyOf(9).Public()) }, "members: the identity key of agency is another one than in the agreement that is amended"},
		{func(a *Agreement) {
			a.Members, a.Datasets, a.Analyses, a.AdHoc = a.Members[1:], a.Datasets[1:], nil, true
		}, "members: agency is a member of the agreement that is amended and must be one of the amendment"},
	} {
		if err := amend(c.change); err == nil || err.Error() != "the agreement cannot take the other's place: "+c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	bad := edited(t)
	bad.Predecessor = strings.ToUpper(id)
	if err := bad.Check(); err == nil || err.Error() != "predecessor: must be the id of the agreement that is amended: sha256: and 64 lower-case hex digits" {
		t.Errorf("%v", err)
	}
}
