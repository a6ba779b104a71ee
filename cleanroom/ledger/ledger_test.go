package ledger

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/ncruces/go-sqlite3/driver"

	"parley/cleanroom/anchor"
	"parley/cleanroom/audit"
	"parley/cleanroom/store"
)

type key struct{ ed25519.PrivateKey }

func (k key) Public() ed25519.PublicKey { return k.PrivateKey.Public().(ed25519.PublicKey) }

func (k key) Sign(message []byte) ([]byte, error) { return ed25519.Sign(k.PrivateKey, message), nil }

// box is a ledger that can be closed and opened again.
type box struct {
	t     *testing.T
	dir   string
	key   key
	store *store.Store
	log   *audit.Log
}

func newBox(t *testing.T) *box {
	t.Helper()
	return &box{t: t, dir: t.TempDir(), key: key{ed25519.NewKeyFromSeed(make([]byte, 32))}}
}

func (b *box) open() (*Ledger, error) {
	b.t.Helper()
	var err error
	if b.store, err = store.Open(b.t.Context(), filepath.Join(b.dir, "state.db"), time.Unix(0, 0)); err != nil {
		b.t.Fatal(err)
	}
	if b.log, err = audit.Open(filepath.Join(b.dir, "audit"), b.key, "test"); err != nil {
		b.t.Fatal(err)
	}
	k, err := anchor.Open(b.t.Context(), b.store, b.log)
	if err != nil {
		return nil, err
	}
	return Open(b.t.Context(), b.store, b.log, k)
}

func (b *box) must() *Ledger {
	b.t.Helper()
	l, err := b.open()
	if err != nil {
		b.t.Fatal(err)
	}
	i := printOf("orders", "s", 0, 100)
	i.Version = version
	if _, err := l.Identify(b.t.Context(), i); err != nil {
		b.t.Fatal(err)
	}
	return l
}

func (b *box) close() {
	if err := b.store.Close(); err != nil {
		b.t.Error(err)
	}
}

var version = "sha256:" + strings.Repeat("0", 64)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func charge(run, epsilon string) store.Charge {
	return store.Charge{Kind: Run, Dataset: "orders", Version: version, Agreement: "a", Asker: "agency", Run: run, Epsilon: epsilon, Delta: "0", Rho: "0"}
}

// A budget of a period counts what was charged in it, by a clock that does not
// go back (R53).
func TestPeriod(t *testing.T) {
	b := newBox(t)
	l := b.must()
	defer b.close()
	limit := Limits{Budget: &Budget{Epsilon: budget("1", "0").Epsilon, Delta: budget("1", "0").Delta, Days: 7}}
	var e *Exceeded
	for _, c := range []struct {
		days    float64
		epsilon string
		ok      bool
	}{{0, "0.6", true}, {1, "0.4", true}, {2, "0.1", false}, {6.9, "0.1", false}, {-30, "0.1", false}, {7.1, "0.6", true}, {0, "0.1", false}} {
		err := l.Charge(t.Context(), noon.Add(time.Duration(c.days*24)*time.Hour), charge("r", c.epsilon), limit)
		if (err == nil) != c.ok || err != nil && !errors.As(err, &e) {
			t.Errorf("day %v: %v", c.days, err)
		}
	}
}

// A crash between the ledger and the log leaves the ledger one ahead: the log
// is completed, and the charge stands (R13). Anything else that does not fit
// is refused (R56).
func TestLedgerAndLog(t *testing.T) {
	b := newBox(t)
	l := b.must()
	state := filepath.Join(b.dir, "state.db")
	pay := func(l *Ledger, run string) {
		t.Helper()
		if err := l.Charge(t.Context(), noon, charge(run, "1"), Limits{}); err != nil {
			t.Fatal(err)
		}
	}
	pay(l, "r1")
	b.close()
	older, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	l = b.must()
	pay(l, "r2")
	// As if the node had died before the log was written.
	away := filepath.Join(b.dir, "away")
	if err := os.Rename(filepath.Join(b.dir, "audit"), away); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "audit"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.Charge(t.Context(), noon, charge("r3", "1"), Limits{}); !errors.Is(err, audit.ErrPoisoned) {
		t.Fatalf("a charge without the log: %v", err)
	}
	if err := l.Charge(t.Context(), noon, charge("r4", "1"), Limits{}); !errors.Is(err, audit.ErrPoisoned) {
		t.Fatalf("one more: %v", err)
	}
	b.close()
	if err := errors.Join(os.Remove(filepath.Join(b.dir, "audit")), os.Rename(away, filepath.Join(b.dir, "audit"))); err != nil {
		t.Fatal(err)
	}
	l = b.must()
	if l.seq != 3 {
		t.Errorf("%d charges", l.seq)
	}
	last, ok, err := b.log.Last(func(e *audit.Entry) bool { return e.Action == action })
	if err != nil || !ok || last.Run != "r3" || last.Detail["charge"] != "3" {
		t.Errorf("the log ends with %+v, %v", last, err)
	}
	b.close()

	newer, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	put := func(content []byte) {
		if err := os.WriteFile(state, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(older)
	if _, err := b.open(); !errors.Is(err, ErrOlder) {
		t.Errorf("an older ledger: %v", err)
	}
	b.close()
	put(newer)
	change(t, state, `UPDATE charges SET slip = '0' WHERE seq = 1`)
	if _, err := b.open(); !errors.Is(err, ErrMixed) {
		t.Errorf("a changed charge: %v", err)
	}
	b.close()
	put(newer)
	change(t, state, `DELETE FROM charges`)
	if _, err := b.open(); !errors.Is(err, ErrOlder) {
		t.Errorf("no charges: %v", err)
	}
	b.close()
	put(newer)
	if err := os.RemoveAll(filepath.Join(b.dir, "audit")); err != nil {
		t.Fatal(err)
	}
	if _, err := b.open(); !errors.Is(err, ErrAhead) {
		t.Errorf("no log: %v", err)
	}
	b.close()
}

// change edits the file behind the store's back.
func change(t *testing.T, path, statement string) {
	t.Helper()
	s, err := sql.Open("sqlite3", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.ExecContext(context.Background(), statement); err != nil {
		t.Fatal(err)
	}
}
