package people_test

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/cleanroom/people"
	"parley/cleanroom/store"
	"parley/crypto/keys"
)

// office is a desk with a clock of the test's and a log in memory.
type office struct {
	*people.Desk
	t  *testing.T
	db *store.Store

	mu     sync.Mutex
	clock  time.Time // mu
	latest time.Time // the clock at its latest; mu
	notes  []people.Note
	seq    int64
	fail   error  // what writing to the log returns
	gate   func() // called when a secret is opened
}

// gated is a keyring that calls the test when a secret is opened.
type gated struct {
	people.Wrapper
	o *office
}

func (g gated) UnwrapKey(ctx context.Context, b []byte, purpose string) ([32]byte, error) {
	if g.o.gate != nil {
		g.o.gate()
	}
	return g.Wrapper.UnwrapKey(ctx, b, purpose)
}

const word = "a good long password"

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, clock: time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)}
	_, ring, err := keys.Create(rand.Reader, o.clock, "acme", []byte("a passphrase"), 10)
	if err != nil {
		t.Fatal(err)
	}
	if o.db, err = store.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), o.clock); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.db.Close() })
	o.Desk, err = people.Open(t.Context(), people.Options{Org: "acme", Store: o.db, Keys: gated{ring, o}, Random: rand.Reader,
		Now: o.now, Never: o.never, Record: o.record, Change: o.change, Cost: people.Cost{Time: 1, MemoryKiB: 64, Threads: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) now() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.clock
}

func (o *office) never() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.clock.After(o.latest) {
		o.latest = o.clock
	}
	return o.latest
}

// pass lets time pass, also backwards.
func (o *office) pass(d time.Duration) {
	o.never()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.clock = o.clock.Add(d)
}

func (o *office) record(_ context.Context, n people.Note) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail == nil {
		o.notes = append(o.notes, n)
	}
	return o.fail
}

func (o *office) change(ctx context.Context, n people.Note, digest [32]byte, apply func(context.Context, store.Anchor) error) error {
	if err := o.record(ctx, n); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.seq++
	if err := apply(ctx, store.Anchor{Seq: o.seq, Kind: "person", Subject: n.Person, Digest: digest, Entry: []byte("{}")}); err != nil {
		o.seq--
		return err
	}
	// What lies there now is what the digest says.
	p, err := o.db.Person(ctx, n.Person)
	if err != nil {
		return err
	}
	tokens, err := o.db.Tokens(ctx, n.Person)
	if err == nil && people.Digest(p, tokens) != digest {
		err = fmt.Errorf("%s: the digest is not that of the account", n.Action)
		o.t.Error(err)
	}
	return err
}

// last is the newest note.
func (o *office) last() people.Note {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.notes[len(o.notes)-1]
}

// add makes an account that need not change its password.
func (o *office) add(name string, roles ...people.Role) {
	o.t.Helper()
	if _, err := o.Add(o.t.Context(), people.NewPerson{Name: name, Roles: roles, Password: word + " 0"}); err != nil {
		o.t.Fatalf("add %s: %v", name, err)
	}
	s, err := o.Begin(o.t.Context(), people.SignIn{Name: name, Password: word + " 0"})
	if err != nil {
		o.t.Fatal(err)
	}
	if err := o.ChangePassword(people.With(o.t.Context(), s.Who), word+" 0", word); err != nil {
		o.t.Fatal(err)
	}
}

// in signs somebody in and returns the context of their calls.
func (o *office) in(name string) (context.Context, *people.Session) {
	o.t.Helper()
	s, err := o.Begin(o.t.Context(), people.SignIn{Name: name, Password: word})
	if err != nil {
		o.t.Fatalf("%s: %v", name, err)
	}
	return people.With(o.t.Context(), s.Who), s
}

const refusedText = "the name, the password or the code is wrong, or the code was used already"

// TestSignInRefused: whatever is wrong, the answer is the same, and the log has
// neither the password nor a name that may be one.
func TestSignInRefused(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("anna", people.Admin)
	o.add("ben", people.Legal)
	if _, err := o.Disable(t.Context(), "ben"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		in     people.SignIn
		person string
	}{
		{people.SignIn{Name: "anna", Password: "wrong"}, "anna"},
		{people.SignIn{Name: "anna", Password: ""}, "anna"},
		{people.SignIn{Name: "ben", Password: word}, "ben"},
		{people.SignIn{Name: "carl", Password: word}, ""},
		{people.SignIn{Name: "my secret password, in the wrong place", Password: ""}, ""},
		{people.SignIn{Name: "anna", Password: word + strings.Repeat(" ", 5000)}, "anna"},
	} {
		if _, err := o.Begin(t.Context(), c.in); err == nil || err.Error() != refusedText {
			t.Errorf("%+v: %v", c.in, err)
		}
		if got := o.last(); got != (people.Note{Action: "session.begin", Refused: true, Person: c.person, Code: "sign-in"}) {
			t.Errorf("%+v: recorded as %+v", c.in, got)
		}
	}
	for _, n := range o.notes {
		if s := fmt.Sprintf("%+v", n); strings.Contains(s, "secret") || strings.Contains(s, word) {
			t.Errorf("the log has %s", s)
		}
	}
}

// TestGuesses: ten wrong passwords for one name, or a hundred in all, and the
// right one is refused too, for a quarter of an hour.
func TestGuesses(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("anna", people.Admin)
	o.add("ben", people.Legal)
	guess := func(name string, n int, want error) {
		t.Helper()
		for i := range n {
			if _, err := o.Begin(t.Context(), people.SignIn{Name: name, Password: "wrong"}); !errors.Is(err, want) {
				t.Fatalf("try %d for %s: %v", i, name, err)
			}
		}
	}
	guess("anna", 10, people.ErrSignIn)
	guess("anna", 1, people.ErrSlow)
	if _, err := o.Begin(t.Context(), people.SignIn{Name: "anna", Password: word}); !errors.Is(err, people.ErrSlow) {
		t.Errorf("the right password after ten wrong ones: %v", err)
	}
	if got := o.last(); got != (people.Note{Action: "session.begin", Refused: true, Code: "limit"}) {
		t.Errorf("recorded as %+v", got)
	}
	o.in("ben") // others are not held up
	for i := range 9 {
		guess(fmt.Sprintf("nobody%d", i), 10, people.ErrSignIn)
	}
	if _, err := o.Begin(t.Context(), people.SignIn{Name: "ben", Password: word}); !errors.Is(err, people.ErrSlow) {
		t.Errorf("after a hundred wrong ones in all: %v", err)
	}
	o.pass(15*time.Minute - time.Second)
	guess("anna", 1, people.ErrSlow)
	o.pass(time.Second)
	o.in("anna")
	// Whoever gets in starts anew.
	guess("anna", 9, people.ErrSignIn)
	o.in("anna")
	guess("anna", 9, people.ErrSignIn)
	o.in("anna")
}

// TestManyGuessesAtOnce: as many at once find no more room than one by one.
func TestManyGuessesAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("anna", people.Admin)
	var wg sync.WaitGroup
	var mu sync.Mutex
	count := map[error]int{}
	for range 40 {
		wg.Go(func() {
			_, err := o.Begin(t.Context(), people.SignIn{Name: "anna", Password: "wrong"})
			mu.Lock()
			defer mu.Unlock()
			for _, want := range []error{people.ErrSignIn, people.ErrSlow} {
				if errors.Is(err, want) {
					count[want]++
				}
			}
		})
	}
	wg.Wait()
	if count[people.ErrSignIn] != 10 || count[people.ErrSlow] != 30 {
		t.Errorf("%v", count)
	}
}

// TestCodes sets codes up, signs in with one, and tries what must not work.
func TestCodes(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("anna", people.Admin)
	o.add("ben", people.Legal)
	ben, session := o.in("ben")
	if err := o.ConfirmCodes(ben, "123456"); !errors.Is(err, people.ErrNoCode) {
		t.Errorf("confirming what was not begun: %v", err)
	}
	if _, err := o.BeginCodes(ben, "wrong"); !errors.Is(err, people.ErrSignIn) {
		t.Errorf("beginning without the password: %v", err)
	}
	drawn, err := o.BeginCodes(ben, word)
	if err != nil {
		t.Fatal(err)
	}
	if want := "otpauth://totp/Parley%20acme:ben?issuer=Parley+acme&secret=" + drawn.Secret; drawn.URI != want {
		t.Errorf("%s, want %s", drawn.URI, want)
	}
	secret, err := base32.StdEncoding.DecodeString(drawn.Secret)
	if err != nil || len(secret) != 20 {
		t.Fatalf("%q: %v", drawn.Secret, err)
	}
	if p, err := o.db.Person(t.Context(), "ben"); err != nil || strings.Contains(string(p.CodeNext), string(secret)) {
		t.Errorf("the secret lies in clear in the state file: %v", err)
	}
	if _, err := o.Begin(t.Context(), people.SignIn{Name: "ben", Password: word}); err != nil {
		t.Errorf("codes count before they are confirmed: %v", err)
	}
	now := func() string { return people.CodeAt(secret, o.now()) }
	if err := o.ConfirmCodes(ben, "000000"); now() != "000000" && !errors.Is(err, people.ErrCode) {
		t.Errorf("a wrong code confirms: %v", err)
	}
	if err := o.ConfirmCodes(ben, now()); err != nil {
		t.Fatal(err)
	}
	begin := func(code string) error {
		_, err := o.Begin(t.Context(), people.SignIn{Name: "ben", Password: word, Code: code})
		return err
	}
	if err := begin(now()); !errors.Is(err, people.ErrSignIn) {
		t.Errorf("the code that confirmed signs in: %v", err)
	}
	o.pass(30 * time.Second)
	code := now()
	if err := begin(""); !errors.Is(err, people.ErrSignIn) {
		t.Errorf("without a code: %v", err)
	}
	if _, err := o.Begin(t.Context(), people.SignIn{Name: "ben", Password: "wrong", Code: code}); !errors.Is(err, people.ErrSignIn) {
		t.Errorf("a code without the password: %v", err)
	}
	if err := begin(code); err != nil {
		t.Errorf("the right code: %v", err)
	}
	if err := begin(code); !errors.Is(err, people.ErrSignIn) {
		t.Errorf("the same code again: %v", err)
	}
	o.pass(-30 * time.Second)
	if err := begin(now()); !errors.Is(err, people.ErrSignIn) {
		t.Errorf("an older code, once the clock was set back: %v", err)
	}
	o.pass(2 * time.Minute)
	if _, err := o.ResetCodes(t.Context(), "ben"); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Show(t.Context(), session.Token); !errors.Is(err, people.ErrToken) {
		t.Errorf("a session lives on after a reset: %v", err)
	}
	if err := begin(""); err != nil {
		t.Errorf("after a reset: %v", err)
	}
}

// TestCodeTwiceAtOnce: of many sign-ins with one code at once, one succeeds.
func TestCodeTwiceAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("anna", people.Admin)
	anna, _ := o.in("anna")
	drawn, err := o.BeginCodes(anna, word)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := base32.StdEncoding.DecodeString(drawn.Secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.ConfirmCodes(anna, people.CodeAt(secret, o.now())); err != nil {
		t.Fatal(err)
	}
	o.pass(30 * time.Second)
	code := people.CodeAt(secret, o.now())
	var wg, both sync.WaitGroup
	var mu sync.Mutex
	in := 0
	both.Add(2)
	o.gate = func() { both.Done(); both.Wait() } // each has read the account by then
	for range 2 {
		wg.Go(func() {
			if _, err := o.Begin(t.Context(), people.SignIn{Name: "anna", Password: word, Code: code}); err == nil {
				mu.Lock()
				defer mu.Unlock()
				in++
			}
		})
	}
	wg.Wait()
	if in != 1 {
		t.Errorf("one code signed in %d times", in)
	}
}

// TestTokens makes a token and sees it end in every way in which it may.
func TestTokens(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("anna", people.Admin)
	o.add("ben", people.Analyst)
	ben, session := o.in("ben")
	give := func(in people.NewToken) *people.Token {
		t.Helper()
		tok, err := o.AddToken(ben, in)
		if err != nil {
			t.Fatal(err)
		}
		return tok
	}
	nightly := people.NewToken{Label: "nightly", Scope: []people.Action{people.RunAsk, people.RunSee}, Days: 2}
	tok := give(nightly)
	w, err := o.Show(t.Context(), tok.Text)
	if err != nil || w.Name != "ben" || w.Session || !w.May(people.RunAsk) || w.May(people.AnswerSee) {
		t.Errorf("%+v %v", w, err)
	}
	err = w.Allowed(people.AnswerSee)
	if got := err.Error(); got != "this token of ben was not made for answer.see (see answers and receipts)" {
		t.Errorf("over its scope: %s", got)
	}
	for name, c := range map[string]struct {
		in   people.NewToken
		want error
	}{
		"over one's role":  {people.NewToken{Label: "x", Scope: []people.Action{people.AgreementSign}, Days: 2}, people.ErrScope},
		"manages itself":   {people.NewToken{Label: "x", Scope: []people.Action{people.MeManage}, Days: 2}, people.ErrScope},
		"no such action":   {people.NewToken{Label: "x", Scope: []people.Action{"run.everything"}, Days: 2}, people.ErrScope},
		"no scope":         {people.NewToken{Label: "x", Days: 2}, people.ErrScope},
		"ends never":       {people.NewToken{Label: "x", Scope: nightly.Scope}, people.ErrExpiry},
		"ends in 367 days": {people.NewToken{Label: "x", Scope: nightly.Scope, Days: 367}, people.ErrExpiry},
		"no label":         {people.NewToken{Scope: nightly.Scope, Days: 2}, people.ErrLabel},
	} {
		if _, err := o.AddToken(ben, c.in); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := o.AddToken(people.With(t.Context(), w), nightly); !errors.Is(err, people.ErrSession) {
		t.Errorf("a token makes a token: %v", err)
	}
	if err := o.ChangePassword(people.With(t.Context(), w), word, word+" 2"); !errors.Is(err, people.ErrSession) {
		t.Errorf("a token changes the password: %v", err)
	}

	dead := func(why, text string) {
		t.Helper()
		if _, err := o.Show(t.Context(), text); !errors.Is(err, people.ErrToken) {
			t.Errorf("%s: %v", why, err)
		}
	}
	if err := o.RevokeToken(ben, tok.ID); err != nil {
		t.Fatal(err)
	}
	dead("revoked", tok.Text)
	if err := o.RevokeToken(ben, tok.ID); !errors.Is(err, people.ErrNoToken) {
		t.Errorf("revoked twice: %v", err)
	}
	anna, _ := o.in("anna")
	mine := give(nightly)
	if err := o.RevokeToken(anna, mine.ID); !errors.Is(err, people.ErrNoToken) {
		t.Errorf("somebody else's token: %v", err)
	}
	o.pass(12*time.Hour - time.Second)
	if _, err := o.Show(t.Context(), session.Token); err != nil {
		t.Errorf("a session of just under 12 hours: %v", err)
	}
	o.pass(time.Second)
	dead("a session of 12 hours", session.Token)
	o.pass(-24 * time.Hour)
	dead("an expired session, once the clock was set back", session.Token)
	o.pass(60 * time.Hour)
	dead("an expired token", mine.Text)

	ben, session = o.in("ben")
	tok = give(nightly)
	if _, err := o.SetRoles(anna, "ben", []people.Role{people.Auditor}); err != nil {
		t.Fatal(err)
	}
	if w, err := o.Show(t.Context(), tok.Text); err != nil || w.May(people.RunAsk) || !w.May(people.RunSee) {
		t.Errorf("a token after its owner lost the role: %+v %v", w, err)
	}
	if _, err := o.Disable(anna, "ben"); err != nil {
		t.Fatal(err)
	}
	dead("a disabled person's token", tok.Text)
	dead("a disabled person's session", session.Token)
	if _, err := o.Enable(anna, "ben"); err != nil {
		t.Fatal(err)
	}
	dead("a token from before its owner was disabled", tok.Text)
	p, err := o.db.Person(t.Context(), "anna")
	if err != nil {
		t.Fatal(err)
	}
	_, session = o.in("anna")
	p.Disabled = o.now()
	if err := o.db.ChangePerson(t.Context(), p, time.Time{}); err != nil {
		t.Fatal(err)
	}
	dead("a session that outlived its person's being disabled", session.Token)
	for _, text := range []string{"x", "parley_", "parley_" + strings.Repeat("A", 200), tok.Text[:20]} {
		dead(text, text)
	}
	if _, err := o.Show(t.Context(), ""); !errors.Is(err, people.ErrNobody) {
		t.Errorf("no token: %v", err)
	}
}

// TestAccounts: who may be added, the last admin, given passwords.
func TestAccounts(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	add := func(name string, roles ...people.Role) error {
		_, err := o.Add(t.Context(), people.NewPerson{Name: name, Roles: roles, Password: word})
		return err
	}
	if err := add("ben", people.Legal); !errors.Is(err, people.ErrFirst) || o.Closed() {
		t.Errorf("the first is no admin: %v", err)
	}
	if err := add("anna", people.Admin); err != nil || !o.Closed() {
		t.Errorf("the first: %v", err)
	}
	for name, want := range map[string]error{"anna": people.ErrExists, "Ben": people.ErrName, "": people.ErrName, "nobody": people.ErrName, "be n": people.ErrName,
		strings.Repeat("b", 33): people.ErrName} {
		if err := add(name, people.Legal); !errors.Is(err, want) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := add("ben"); !errors.Is(err, people.ErrRoles) {
		t.Errorf("no role: %v", err)
	}
	if err := add("ben", people.Legal, "king"); !errors.Is(err, people.ErrRoles) {
		t.Errorf("no such role: %v", err)
	}
	if err := add("ben", people.Legal); err != nil {
		t.Fatal(err)
	}
	_, s := o.in("ben")
	if s.Who.May(people.AgreementSign) || !s.Who.May(people.MeManage) {
		t.Error("with a password that somebody gave, ben may sign")
	}
	if got := s.Who.Allowed(people.AgreementSign).Error(); got != "ben has a password that somebody else gave: change it first with `parley people passwd`" {
		t.Error(got)
	}
	if err := o.ChangePassword(people.With(t.Context(), s.Who), word, word+" 2"); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Show(t.Context(), s.Token); !errors.Is(err, people.ErrToken) {
		t.Errorf("a session from before the password was changed: %v", err)
	}
	for why, do := range map[string]func() (*people.Person, error){
		"disabled":          func() (*people.Person, error) { return o.Disable(t.Context(), "anna") },
		"made legal":        func() (*people.Person, error) { return o.SetRoles(t.Context(), "anna", []people.Role{people.Legal}) },
		"disabled too":      func() (*people.Person, error) { return o.Disable(t.Context(), "carl") },
		"roles of nobody":   func() (*people.Person, error) { return o.SetRoles(t.Context(), "carl", []people.Role{people.Legal}) },
		"password too weak": func() (*people.Person, error) { return o.ResetPassword(t.Context(), "anna", "anna") },
	} {
		want := map[string]error{"disabled": people.ErrLastAdmin, "made legal": people.ErrLastAdmin, "disabled too": people.ErrNoPerson,
			"roles of nobody": people.ErrNoPerson, "password too weak": people.ErrPassword}[why]
		if _, err := do(); !errors.Is(err, want) {
			t.Errorf("%s: %v", why, err)
		}
	}
	if _, err := o.SetRoles(t.Context(), "ben", []people.Role{people.Admin}); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Disable(t.Context(), "anna"); err != nil {
		t.Errorf("one of two admins: %v", err)
	}
	if _, err := o.Disable(t.Context(), "ben"); !errors.Is(err, people.ErrLastAdmin) {
		t.Errorf("the other one: %v", err)
	}
}

// TestNothingUnrecorded: when the log cannot be written, nothing changes.
func TestNothingUnrecorded(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("anna", people.Admin)
	anna, _ := o.in("anna")
	o.fail = errors.New("the disk is full")
	before, err := o.db.People(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := o.db.Tokens(t.Context(), "anna")
	if err != nil {
		t.Fatal(err)
	}
	for name, do := range map[string]func() error{
		"add": func() error {
			_, err := o.Add(anna, people.NewPerson{Name: "ben", Roles: []people.Role{people.Legal}, Password: word})
			return err
		},
		"roles": func() error {
			_, err := o.SetRoles(anna, "anna", []people.Role{people.Admin, people.Legal})
			return err
		},
		"codes": func() error { _, err := o.BeginCodes(anna, word); return err },
		"token": func() error {
			_, err := o.AddToken(anna, people.NewToken{Label: "x", Scope: []people.Action{people.PeopleSee}, Days: 1})
			return err
		},
		"begin":  func() error { _, err := o.Begin(t.Context(), people.SignIn{Name: "anna", Password: word}); return err },
		"passwd": func() error { return o.ChangePassword(anna, word, word+" 2") },
	} {
		if err := do(); !errors.Is(err, o.fail) {
			t.Errorf("%s: %v", name, err)
		}
	}
	after, err := o.db.People(t.Context())
	if err != nil || fmt.Sprint(before) != fmt.Sprint(after) {
		t.Errorf("people changed: %v", err)
	}
	if now, err := o.db.Tokens(t.Context(), "anna"); err != nil || len(now) != len(tokens) {
		t.Errorf("tokens changed: %v", err)
	}
}
