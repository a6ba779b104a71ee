package cleanroom_test

import (
	"context"
	"errors"
	"testing"

	"parley/agreements"
	"parley/cleanroom"
	"parley/cleanroom/audit"
	"parley/cleanroom/cleanroomtest"
	staff "parley/cleanroom/people"
)

// twoSigners is a node whose organisation asks for two people, and an unsigned
// agreement with another node.
func twoSigners(t *testing.T) (*cleanroomtest.Member, *agreements.Envelope) {
	t.Helper()
	shop := cleanroomtest.Start(t, "shop", func(c *cleanroom.Config) { c.Signers = 2 })
	agency := cleanroomtest.Start(t, "agency")
	smallOrders.add(t, shop)
	return shop, cleanroomtest.Draft(t, 2, shop, agency)
}

// as is the context of a call that somebody's token was shown with.
func as(t *testing.T, m *cleanroomtest.Member, token string, a staff.Action) context.Context {
	t.Helper()
	ctx, err := m.Authorise(t.Context(), cleanroom.Call{Action: a, Token: token})
	if err != nil {
		t.Fatal(err)
	}
	return ctx
}

// TestTwoPeopleSign: a node of an organisation that asks for two people signs
// when two different ones said yes to the same agreement, and not before.
func TestTwoPeopleSign(t *testing.T) {
	t.Parallel()
	shop, e := twoSigners(t)
	if err := shop.SignAgreement(t.Context(), e); !errors.Is(err, cleanroom.ErrNeedsPeople) {
		t.Errorf("without accounts: %v", err)
	}
	shop.Person(t, "anna", staff.Admin)
	ben := shop.Person(t, "ben", staff.Legal)
	if err := shop.SignAgreement(t.Context(), e); !errors.Is(err, cleanroom.ErrNeedsPerson) {
		t.Errorf("by nobody: %v", err)
	}
	sign := func(token string) error {
		t.Helper()
		return shop.SignAgreement(as(t, shop, token, staff.AgreementSign), e)
	}
	id, err := e.Agreement().ID()
	if err != nil {
		t.Fatal(err)
	}
	short := id[len("sha256:"):][:12]
	waits := func(why string, err error, want string) {
		t.Helper()
		var second *cleanroom.SecondPerson
		if !errors.As(err, &second) || err.Error() != want {
			t.Errorf("%s: %v", why, err)
		}
		if len(e.Missing()) != 2 {
			t.Fatalf("%s: it is signed", why)
		}
	}
	waits("the first", sign(ben), "the yes of ben to agreement "+short+" is recorded, and nothing is signed yet: one other person must say yes to the same, "+
		"by the same command (nobody else here has the role legal: an admin must give it to somebody (`parley people add`))")
	cara, dora := shop.Person(t, "cara", staff.Legal), shop.Person(t, "dora", staff.Legal, staff.Owner)
	text := "the yes of ben to agreement " + short + " is recorded, and nothing is signed yet: one other person must say yes to the same, by the same command (who can: cara, dora)"
	waits("the same person again", sign(ben), text)

	// One person with a session and a token is one person.
	w := staff.From(as(t, shop, ben, staff.MeManage))
	token, err := shop.People().AddToken(staff.With(t.Context(), w), staff.NewToken{Label: "second", Scope: []staff.Action{staff.AgreementSign}, Days: 1})
	if err != nil {
		t.Fatal(err)
	}
	waits("one person with two tokens", sign(token.Text), text)

	// A yes to something else does not count.
	other := cleanroomtest.Draft(t, 3, shop, cleanroomtest.Start(t, "third"))
	var second *cleanroom.SecondPerson
	if err := shop.SignAgreement(as(t, shop, cara, staff.AgreementSign), other); !errors.As(err, &second) || second.Have[0] != "cara" {
		t.Errorf("another agreement: %v", err)
	}
	// Nor does that of somebody who may not sign any more.
	if _, err := shop.People().Disable(t.Context(), "ben"); err != nil {
		t.Fatal(err)
	}
	waits("after the first was disabled", sign(cara), "the yes of cara to agreement "+short+
		" is recorded, and nothing is signed yet: one other person must say yes to the same, by the same command (who can: dora)")
	if err := sign(dora); err != nil {
		t.Fatal(err)
	}
	if missing := e.Missing(); len(missing) != 1 || missing[0] != "agency" {
		t.Errorf("not signed: %v", missing)
	}
	said := []string{}
	entries, _ := shop.Log(t, 0)
	for _, e := range entries {
		if e.Agreement == id && e.Outcome == audit.OK && e.Action != "agreement.import" {
			said = append(said, e.Action+" "+e.Detail["caller"])
		}
	}
	want := []string{"agreement.consent ben", "agreement.consent ben", "agreement.consent ben", "agreement.consent cara", "agreement.consent dora", "agreement.sign dora"}
	if len(said) != len(want) {
		t.Fatalf("%q", said)
	}
	for i := range want {
		if said[i] != want[i] {
			t.Errorf("%q, want %q", said[i], want[i])
		}
	}
}

// TestHalfAgreedIsShown: while one of two people has said yes to the version on
// the table, their own node says so and who else can; the other node does not,
// and neither does anybody once it is signed.
func TestHalfAgreedIsShown(t *testing.T) {
	t.Parallel()
	shop := cleanroomtest.Start(t, "shop", func(c *cleanroom.Config) { c.Signers = 2 })
	agency := cleanroomtest.Start(t, "agency")
	smallOrders.add(t, shop)
	known(t, shop, agency)
	talk, err := shop.Propose(t.Context(), draftOf(t, func(*agreements.Agreement) {}, shop, agency), "")
	if err != nil {
		t.Fatal(err)
	}
	shop.Person(t, "anna", staff.Admin)
	ben, cara := shop.Person(t, "ben", staff.Legal), shop.Person(t, "cara", staff.Legal)
	if s := talkAt(t, shop, talk.ID).Second; s != nil {
		t.Errorf("before anybody said yes: %+v", s)
	}
	var second *cleanroom.SecondPerson
	if _, err := shop.Accept(as(t, shop, ben, staff.AgreementSign), talk.ID); !errors.As(err, &second) {
		t.Fatalf("the first: %v", err)
	}
	s := talkAt(t, shop, talk.ID).Second
	if s == nil || len(s.Have) != 1 || s.Have[0] != "ben" || s.Others() != "one other person must say yes to the same, by the same command (who can: cara)" {
		t.Errorf("after the first: %+v", s)
	}
	if s := talkAt(t, agency, talk.ID).Second; s != nil {
		t.Errorf("at the other node: %+v", s)
	}
	if _, err := shop.Accept(as(t, shop, cara, staff.AgreementSign), talk.ID); err != nil {
		t.Fatal(err)
	}
	if s := talkAt(t, shop, talk.ID).Second; s != nil {
		t.Errorf("after both: %+v", s)
	}
}
