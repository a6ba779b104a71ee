package cleanroom_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"parley/cleanroom"
	"parley/cleanroom/anchor"
	"parley/cleanroom/cleanroomtest"
	staff "parley/cleanroom/people"
	"parley/cleanroom/store"
)

// TestR56Accounts: accounts that somebody wrote into the state file, or an
// older copy of it in which a token was not revoked yet, keep the node from
// starting.
func TestR56Accounts(t *testing.T) {
	t.Parallel()
	home, l := newHome(t, "shop")
	cheap := func(o *cleanroom.Options) { o.PasswordCost = cleanroomtest.Cost() }
	m, stop := serve(t, home, l, cheap)
	m.Person(t, "anna", staff.Admin)
	m.Person(t, "ben", staff.Legal)
	stop()
	db := filepath.Join(string(home), "state.db")
	older, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	m, stop = serve(t, home, relisten(t, l), cheap)
	if _, err := m.People().Disable(t.Context(), "ben"); err != nil {
		t.Fatal(err)
	}
	stop()
	newer, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	starts := func(why string, want error) {
		t.Helper()
		n, err := cleanroom.Open(t.Context(), cleanroom.Options{Home: home, Keys: keyring(t, home), Now: time.Now, Log: slog.New(slog.DiscardHandler), Engine: cleanroomtest.Engine()})
		if err == nil {
			n.Close()
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", why, err, want)
		}
	}
	write := func(b []byte) {
		t.Helper()
		if err := os.WriteFile(db, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	change := func(fn func(*store.Store) error) {
		t.Helper()
		write(newer)
		s, err := store.Open(t.Context(), db, time.Now())
		if err == nil {
			err = errors.Join(fn(s), s.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	starts("as it was left", nil)
	write(older)
	starts("an older copy", anchor.ErrOlder)
	change(func(s *store.Store) error {
		return s.PutPerson(t.Context(), store.Person{Name: "mallory", Roles: []string{"admin"}, Password: "x", Created: time.Now()})
	})
	starts("one more admin", anchor.ErrMixed)
	change(func(s *store.Store) error {
		p, err := s.Person(t.Context(), "ben")
		p.Disabled = time.Time{}
		return errors.Join(err, s.ChangePerson(t.Context(), p, time.Time{}))
	})
	starts("ben enabled again by hand", anchor.ErrMixed)
	change(func(s *store.Store) error {
		return s.PutToken(t.Context(), store.Token{ID: "00000000", Person: "anna", Session: true, Hash: [32]byte{1}, Created: time.Now(), Expires: time.Now().Add(time.Hour)}, nil)
	})
	starts("one more session", anchor.ErrMixed)
	change(func(s *store.Store) error {
		return s.PutConsent(t.Context(), store.Consent{Kind: "agreement", Subject: "sha256:00", Person: "anna", Given: time.Now()})
	})
	starts("a yes that nobody said", anchor.ErrMixed)
	write(newer)
	starts("as it was left, again", nil)
}
