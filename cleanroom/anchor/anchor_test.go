package anchor

import (
	"context"
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"parley/cleanroom/audit"
	"parley/cleanroom/store"
)

type key struct{ ed25519.PrivateKey }

func (k key) Public() ed25519.PublicKey { return k.PrivateKey.Public().(ed25519.PublicKey) }

func (k key) Sign(message []byte) ([]byte, error) { return ed25519.Sign(k.PrivateKey, message), nil }

// box is a state file and a log that can be closed, exchanged and opened again.
type box struct {
	t     *testing.T
	dir   string
	store *store.Store
}

func (b *box) path(name string) string { return filepath.Join(b.dir, name) }

func (b *box) open() (*Keeper, error) {
	b.t.Helper()
	var err error
	if b.store, err = store.Open(b.t.Context(), b.path("state.db"), noon); err != nil {
		b.t.Fatal(err)
	}
	log, err := audit.Open(b.path("audit"), key{ed25519.NewKeyFromSeed(make([]byte, 32))}, "test")
	if err != nil {
		b.t.Fatal(err)
	}
	k, err := Open(b.t.Context(), b.store, log)
	if err != nil {
		return nil, err
	}
	rows, err := b.store.Agreements(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	current := map[string][32]byte{}
	for _, r := range rows {
		current[r.ID] = Digest(r.Envelope)
	}
	defer k.Ready()
	return k, k.Check(b.t.Context(), Agreement, current, func(s string) audit.Entry { return entry("agreement.take-up", s) })
}

func (b *box) must() *Keeper {
	b.t.Helper()
	k, err := b.open()
	if err != nil {
		b.t.Fatal(err)
	}
	return k
}

func (b *box) close() {
	if err := b.store.Close(); err != nil {
		b.t.Error(err)
	}
}

// keep returns a function that puts a file or folder back as it is now.
func (b *box) keep(name string) (restore func()) {
	b.t.Helper()
	kept := filepath.Join(b.t.TempDir(), "kept")
	copyAll(b.t, b.path(name), kept)
	return func() {
		if err := os.RemoveAll(b.path(name)); err != nil {
			b.t.Fatal(err)
		}
		copyAll(b.t, kept, b.path(name))
	}
}

func copyAll(t *testing.T, from, to string) {
	t.Helper()
	if st, err := os.Stat(from); err == nil && st.IsDir() {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
		return
	}
	c, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, c, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func entry(action, id string) audit.Entry {
	return audit.Entry{Time: noon, Actor: "acme", Action: action, Outcome: audit.OK, Agreement: id}
}

func (b *box) put(k *Keeper, id, envelope string) error {
	return k.Do(b.t.Context(), Change{Kind: Agreement, Subject: id, Digest: Digest([]byte(envelope)), Entry: entry("agreement.import", id)},
		func(ctx context.Context, a store.Anchor) error {
			return b.store.PutAgreement(ctx, id, []byte(envelope), store.AgreementActive, noon, a)
		})
}

// R56: of the state file and the log one is put back alone, or changed. Each has
// words of its own, and with the right one back all is well.
func TestR56OlderAlone(t *testing.T) {
	b := &box{t: t, dir: t.TempDir()}
	put := func(k *Keeper, id, envelope string) {
		t.Helper()
		if err := b.put(k, id, envelope); err != nil {
			t.Fatal(err)
		}
	}
	k := b.must()
	put(k, "a1", "one")
	b.close()
	olderState, olderLog := b.keep("state.db"), b.keep("audit")
	k = b.must()
	put(k, "a1", "two")
	put(k, "a2", "three")
	b.close()
	newerState, newerLog := b.keep("state.db"), b.keep("audit")
	want := func(what string, want error) {
		t.Helper()
		if _, err := b.open(); !errors.Is(err, want) {
			t.Errorf("%s: %v", what, err)
		}
		b.close()
	}
	olderState()
	want("an older state file", ErrOlder)
	newerState()
	want("the newer one back", nil)
	olderLog()
	want("an older log", ErrAhead)
	newerLog()
	want("the newer one back", nil)
	// A change behind the node's back, and a row that the log knows nothing of.
	for what, change := range map[string]func() error{
		"a changed row": func() error {
			return b.store.PutAgreement(t.Context(), "a1", []byte("four"), store.AgreementActive, noon)
		},
		"a new row": func() error {
			return b.store.PutAgreement(t.Context(), "a3", []byte("four"), store.AgreementActive, noon)
		},
	} {
		newerState()
		b.must()
		if err := change(); err != nil {
			t.Fatal(err)
		}
		b.close()
		want(what, ErrMixed)
	}
	// Both together: nothing here shows it. See TestR56BothOlder of the node.
	olderState()
	olderLog()
	want("both older", nil)
}

// A crash between the two writes leaves the state file one ahead, and the log
// is completed with the very entry that was lost.
func TestCrashBetween(t *testing.T) {
	b := &box{t: t, dir: t.TempDir()}
	k := b.must()
	if err := b.put(k, "a1", "one"); err != nil {
		t.Fatal(err)
	}
	log := b.keep("audit")
	if err := b.put(k, "a1", "two"); err != nil {
		t.Fatal(err)
	}
	b.close()
	log()
	k = b.must()
	e, _, err := k.log.Last(func(*audit.Entry) bool { return true })
	if err != nil || e.Action != "agreement.import" || e.Agreement != "a1" || e.Detail["anchor"] != "2" {
		t.Errorf("the log ends with %+v, %v", e, err)
	}
	b.close()
	k = b.must()
	if size, _ := k.log.Tree(); size != 2 {
		t.Errorf("named again: %d entries", size)
	}
	b.close()
}

// An entry that the log would not take changes nothing.
func TestEntryFirst(t *testing.T) {
	b := &box{t: t, dir: t.TempDir()}
	k := b.must()
	defer b.close()
	bad := Change{Kind: Agreement, Subject: "a1", Entry: entry("NO", "a1")}
	err := k.Do(t.Context(), bad, func(context.Context, store.Anchor) error { t.Error("changed"); return nil })
	if !errors.Is(err, audit.ErrEntry) {
		t.Error(err)
	}
}
