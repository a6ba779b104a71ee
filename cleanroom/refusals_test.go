package cleanroom_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/agreements"
	"parley/cleanroom"
	"parley/cleanroom/anchor"
	"parley/cleanroom/audit"
	"parley/cleanroom/catalog"
	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/store"
	"parley/crypto/keys"
)

// TestAnswers asks every kind of question, the second time over the stored
// alignment.
func TestAnswers(t *testing.T) {
	t.Parallel()
	agency, shop, id := pair(t)
	joined := `"rows":[["north","12","31"],["south","8","26"]]`
	owned := `"rows":[["new","30"]]`
	for i, c := range []struct {
		asker     *cleanroomtest.Member
		sql, want string
		aligns    bool
	}{
		{agency, bySegment, joined, true}, {agency, bySegment, joined, false}, {shop, bySegment, joined, false},
		{agency, ownerOnly, owned, false}, {shop, ownerOnly, owned, false},
	} {
		v := ask(t, c.asker, id, c.sql)
		if !strings.Contains(string(v.Result), c.want) {
			t.Errorf("%d: %s, want %s", i, v.Result, c.want)
		}
		aligned := false
		for _, s := range v.Stages {
			aligned = aligned || s.Name == "align"
		}
		if aligned != c.aligns {
			t.Errorf("%d: aligned: %t", i, aligned)
		}
		if len(v.Receipt) == 0 {
			t.Errorf("%d: no receipt", i)
		}
	}
}

// refused demands that a question is refused before it runs, in these words.
func refused(t *testing.T, m *cleanroomtest.Member, agreement, sql, want string) {
	t.Helper()
	_, err := m.Submit(t.Context(), cleanroom.Question{Agreement: agreement, SQL: sql})
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// failed demands that a run ends in these words.
func failed(t *testing.T, m *cleanroomtest.Member, agreement, sql, want string) {
	t.Helper()
	v, err := m.Ask(t.Context(), agreement, sql)
	if err != nil {
		t.Fatalf("refused at once: %v", err)
	}
	if v.State != store.Failed || v.Error != want || v.Result != nil || v.Receipt != nil {
		t.Errorf("%s\ngot  %s\nwant %s", v.State, v.Error, want)
	}
}

// draft changes an agreement before it is signed.
func draft(t testing.TB, change func(*agreements.Agreement), members ...*cleanroomtest.Member) *agreements.Envelope {
	t.Helper()
	a := *cleanroomtest.Draft(t, 2, members...).Agreement()
	change(&a)
	e, err := agreements.NewEnvelope(&a)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func validity(from, to time.Duration) func(*agreements.Agreement) {
	return func(a *agreements.Agreement) {
		now := time.Now().UTC().Truncate(time.Second)
		a.Validity = agreements.Window{NotBefore: now.Add(from), NotAfter: now.Add(to)}
	}
}

// TestAgreementRefused gives a node agreements that are not in force, and
// demands the reason in plain words. Each would run but for its one flaw.
func TestAgreementRefused(t *testing.T) {
	t.Parallel()
	agency, shop, _ := pair(t)
	both := []*cleanroomtest.Member{agency, shop}

	t.Run("unknown", func(t *testing.T) {
		refused(t, agency, "sha256:"+strings.Repeat("0", 64), bySegment,
			"no such agreement here; `parley agreement list` shows those this node has")
	})
	t.Run("unsigned", func(t *testing.T) {
		e := draft(t, func(a *agreements.Agreement) { a.Title = "Unsigned" }, both...)
		id := cleanroomtest.Give(t, e, agency)
		refused(t, agency, id, bySegment, "the agreement is not signed by every member yet: agency, shop must still sign")
		signAll(t, e, agency)
		cleanroomtest.Give(t, e, agency)
		refused(t, agency, id, bySegment, "the agreement is not signed by every member yet: shop must still sign")
	})
	t.Run("expired", func(t *testing.T) {
		e := draft(t, validity(-2*time.Hour, -time.Hour), both...)
		signAll(t, e, both...)
		refused(t, agency, cleanroomtest.Give(t, e, agency), bySegment,
			"the agreement has ended: it ended on "+e.Agreement().Validity.NotAfter.Format(time.RFC3339))
	})
	t.Run("not yet valid", func(t *testing.T) {
		e := draft(t, validity(time.Hour, 2*time.Hour), both...)
		signAll(t, e, both...)
		refused(t, agency, cleanroomtest.Give(t, e, agency), bySegment,
			"the agreement is not in force yet: it begins on "+e.Agreement().Validity.NotBefore.Format(time.RFC3339))
	})
	t.Run("of others", func(t *testing.T) {
		third := cleanroomtest.Start(t, "third")
		e := draft(t, func(*agreements.Agreement) {}, both...)
		if _, err := third.ImportAgreement(t.Context(), e); err == nil || err.Error() != "this agreement does not name third, so it has no use here" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("names another key for us", func(t *testing.T) {
		impostor := cleanroomtest.Start(t, "agency")
		impostor.Contracts = agency.Contracts
		e := draft(t, func(*agreements.Agreement) {}, impostor, shop)
		want := "the keys this agreement gives for agency are not this node's; put the output of `parley card` into the draft"
		if err := agency.SignAgreement(t.Context(), e); err == nil || err.Error() != want {
			t.Errorf("got %v", err)
		}
		signAll(t, e, impostor, shop)
		refused(t, agency, cleanroomtest.Give(t, e, agency), bySegment, "the agreement does not name this node: agency")
	})
	t.Run("asker is not a receiver", func(t *testing.T) {
		e := draft(t, func(a *agreements.Agreement) { a.Receivers = []string{"shop"} }, both...)
		signAll(t, e, both...)
		refused(t, agency, cleanroomtest.Give(t, e, both...), bySegment, "`agency` is not a receiver of answers. [receivers] Answers go to shop; somebody there can ask.")
	})
	t.Run("no ad-hoc SQL", func(t *testing.T) {
		e := draft(t, func(a *agreements.Agreement) {
			a.AdHoc, a.Analyses = false, []agreements.Analysis{{Name: "reach", SQL: ownerOnly}}
		}, both...)
		signAll(t, e, both...)
		id := cleanroomtest.Give(t, e, both...)
		refused(t, agency, id, bySegment, "The agreement allows approved analyses only. [adHoc] Approved analyses: reach.")
		r, err := agency.Submit(t.Context(), cleanroom.Question{Agreement: id, Analysis: "reach"})
		if err != nil {
			t.Fatal(err)
		}
		if v, err := agency.Finish(t.Context(), r.ID); err != nil || !cleanroomtest.Succeeded(v) {
			t.Errorf("the approved analysis: %+v %v", v, err)
		}
	})
}

// TestTamperedAgreement changes one word of a signed agreement, on its way and
// in the state file.
func TestTamperedAgreement(t *testing.T) {
	t.Parallel()
	home, l := newHome(t, "agency")
	agency, stop := serve(t, home, l, nil)
	defer stop()
	shop := cleanroomtest.Start(t, "shop")
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	signed := draft(t, func(*agreements.Agreement) {}, agency, shop)
	signAll(t, signed, agency, shop)
	other := draft(t, func(a *agreements.Agreement) { a.Purpose = "Something else." }, agency, shop)

	changed, err := agreements.Open(transplant(t, signed, other))
	if err != nil {
		t.Fatal(err)
	}
	want := "the agreement was changed after it was signed: the signature of agency does not match"
	if _, err := agency.ImportAgreement(t.Context(), changed); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}

	id := cleanroomtest.Give(t, signed, agency, shop)
	ask(t, agency, id, ownerOnly)
	signAll(t, other, agency, shop)
	whole, err := other.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	partnerWord := "ask the other node: the other node has no agreement in force that lets this node ask"
	for _, c := range []struct {
		envelope   []byte
		state      store.AgreementState
		want, told string
	}{
		{transplant(t, signed, other), store.AgreementActive, want, partnerWord},
		{whole, store.AgreementActive, "the state file holds another agreement under id " + id[7:19], partnerWord},
		{whole, store.AgreementRevoked, "the agreement was withdrawn here", "ask the other node: node of agency at " + agency.Card.Address +
			": it does not accept this node's certificate: no agreement in force there names it, and no confirmed partner there has it"},
	} {
		stop()
		overwrite(t, home, id, c.envelope, c.state)
		agency, stop = serve(t, home, relisten(t, l), nil)
		refused(t, agency, id, bySegment, c.want)
		// Neither does it answer others under it.
		failed(t, shop, id, `SELECT grp, COUNT(*) AS n FROM ads GROUP BY grp`, c.told)
	}
	stop()
}

// transplant puts the signatures of one envelope under the words of another.
func transplant(t *testing.T, signed, words *agreements.Envelope) []byte {
	t.Helper()
	var from, to map[string]any
	for e, raw := range map[*agreements.Envelope]*map[string]any{signed: &from, words: &to} {
		b, err := e.Bytes()
		if err == nil {
			err = json.Unmarshal(b, raw)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	to["signatures"] = from["signatures"]
	b, err := json.Marshal(to)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// overwrite changes a stopped node's state file and has the log say so, as only
// who has the node's keys can: what the node checks on every use is left.
func overwrite(t *testing.T, home cleanroom.Home, id string, envelope []byte, state store.AgreementState) {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(string(home), "state.db"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	log, err := audit.Open(home.AuditDir(), signing{keyring(t, home)}, cleanroom.AuditOrigin)
	if err != nil {
		t.Fatal(err)
	}
	k, err := anchor.Open(t.Context(), s, log)
	if err != nil {
		t.Fatal(err)
	}
	err = k.Do(t.Context(), anchor.Change{Kind: anchor.Agreement, Subject: id, Digest: anchor.Digest([]byte(id), []byte(state), envelope),
		Entry: audit.Entry{Time: time.Now(), Actor: "test", Action: "agreement.import", Outcome: audit.OK, Agreement: id}},
		func(ctx context.Context, a store.Anchor) error {
			return s.PutAgreement(ctx, id, envelope, state, time.Now(), a)
		})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
}

// signing lends a keyring to the audit log.
type signing struct{ keys *keys.File }

func (s signing) Public() ed25519.PublicKey { return s.keys.Identity() }
func (s signing) Sign(message []byte) ([]byte, error) {
	return s.keys.Sign(context.Background(), message)
}

// relisten takes the address of a closed listener again.
func relisten(t *testing.T, l net.Listener) net.Listener {
	t.Helper()
	again, err := net.Listen("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// contractHash is what an agreement calls a contract.
func contractHash(t *testing.T, c cleanroom.OwnedContract) string {
	t.Helper()
	loaded, err := catalog.Load(c.Contract)
	if err != nil {
		t.Fatal(err)
	}
	return loaded.Hash()
}

func envelope(t testing.TB, a *agreements.Agreement) *agreements.Envelope {
	t.Helper()
	e, err := agreements.NewEnvelope(a)
	if err != nil {
		t.Fatal(err)
	}
	return e
}
