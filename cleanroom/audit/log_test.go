package audit

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/mod/sumdb/tlog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixedKey is a signer from a name, the same in every test.
type fixedKey struct{ key ed25519.PrivateKey }

func keyOf(name string) fixedKey {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, name)
	return fixedKey{ed25519.NewKeyFromSeed(seed)}
}

func (k fixedKey) Public() ed25519.PublicKey           { return k.key.Public().(ed25519.PublicKey) }
func (k fixedKey) Sign(message []byte) ([]byte, error) { return ed25519.Sign(k.key, message), nil }

var (
	node   = keyOf("acme")
	origin = "parley/acme/audit"
	t0     = time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
)

func entry(i int) Entry {
	return Entry{
		Time: t0.Add(time.Duration(i) * time.Second), Actor: "client", Action: "run.release", Outcome: OK,
		Agreement: "sha256:" + strings.Repeat("ab", 32), Run: fmt.Sprintf("run-%d", i), Dataset: "orders",
		Detail: map[string]string{"minGroupSize": "50", "planHash": strings.Repeat("cd", 32)},
	}
}

// noSalt makes entries the same in every test.
var noSalt = [16]byte{5, 5, 5}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

func openLog(t testing.TB, d files) *Log {
	t.Helper()
	l, err := open(d, node, origin)
	must(t, err)
	l.salt = func(b []byte) (int, error) { return copy(b, noSalt[:]), nil }
	return l
}

func fill(t testing.TB, l *Log, n int) {
	t.Helper()
	size, _ := l.Tree()
	for i := range n {
		index, err := l.Append(context.Background(), entry(int(size)+i))
		must(t, err)
		if index != size+int64(i) {
			t.Fatalf("index %d, want %d", index, size+int64(i))
		}
	}
}

func TestAppendReadVerify(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "audit")
	l, err := Open(dir, node, origin)
	must(t, err)
	fill(t, l, 5)
	l, err = Open(dir, node, origin)
	must(t, err)
	fill(t, l, 3)
	got, err := l.Read(3, 100)
	must(t, err)
	if len(got) != 5 {
		t.Fatalf("read %d entries, want 5", len(got))
	}
	for i, e := range got {
		if fmt.Sprint(e) != fmt.Sprint(entry(3+i)) {
			t.Fatalf("entry %d is %v", 3+i, e)
		}
	}
	r, err := Verify(dir, node.Public())
	must(t, err)
	size, root := l.Tree()
	if r.Entries != 8 || r.Root != root || size != 8 || r.Origin != origin || !r.Last.Equal(entry(7).Time) || !r.First.Equal(t0) {
		t.Fatalf("report %+v", r)
	}
	_, err = Verify(dir, keyOf("mallory").Public())
	wantErr(t, err, ErrCheckpoint)
	_, err = Open(dir, keyOf("mallory"), origin)
	wantErr(t, err, ErrCheckpoint)
	_, err = Open(dir, node, "parley/other/audit")
	wantErr(t, err, ErrCheckpoint)
}

// Tree heads, tiles and proofs are those of RFC 6962 as package tlog has it,
// at and around the sizes where tiles and levels fill up.
func TestTreeMatchesTlog(t *testing.T) {
	d := newMemory()
	l := openLog(t, d)
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(idx []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(idx))
		for i, x := range idx {
			out[i] = stored[x]
		}
		return out, nil
	})
	const total = 2*width + 3
	for i := range total {
		line, err := encode(int64(i), entry(i), noSalt)
		must(t, err)
		hs, err := tlog.StoredHashes(int64(i), line, reader)
		must(t, err)
		stored = append(stored, hs...)
		fill(t, l, 1)
		want, err := tlog.TreeHash(int64(i)+1, reader)
		must(t, err)
		if _, root := l.Tree(); root != want {
			t.Fatalf("root of %d entries is %v, want %v", i+1, root, want)
		}
	}
	size, root := l.Tree()
	for _, i := range []int64{0, 1, 255, 256, 511, 512, 514} {
		p, err := l.Inclusion(size, i)
		must(t, err)
		line, err := encode(i, entry(int(i)), noSalt)
		must(t, err)
		must(t, tlog.CheckRecord(p, size, root, i, tlog.RecordHash(line)))
	}
	older, err := tlog.TreeHash(300, reader)
	must(t, err)
	p, err := l.Consistency(size, 300)
	must(t, err)
	must(t, tlog.CheckTree(p, size, root, 300, older))

	// A head seen before is part of this log; another log's is not.
	_, err = verify(d, node.Public(), []tlog.Tree{{N: 300, Hash: older}, {N: size, Hash: root}})
	must(t, err)
	_, err = verify(d, node.Public(), []tlog.Tree{{N: 299, Hash: older}})
	wantErr(t, err, ErrRewritten)
	_, err = verify(d, node.Public(), []tlog.Tree{{N: size + 1, Hash: root}})
	wantErr(t, err, ErrTruncated)
}

func TestConcurrentAppends(t *testing.T) {
	d := newMemory()
	l := openLog(t, d)
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[int64]bool{}
	for w := range 8 {
		wg.Go(func() {
			for i := range 40 {
				index, err := l.Append(context.Background(), entry(w*40+i))
				mu.Lock()
				if err != nil || seen[index] {
					t.Errorf("index %d twice, or %v", index, err)
				}
				seen[index] = true
				mu.Unlock()
				if _, err := l.Read(index, 1); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	r, err := verify(d, node.Public(), nil)
	must(t, err)
	if r.Entries != 320 {
		t.Fatalf("%d entries", r.Entries)
	}
}

// A clock that goes back never makes the log's times go back, and is noted.
func TestClockGoesBack(t *testing.T) {
	d := newMemory()
	l := openLog(t, d)
	fill(t, l, 1)
	e := entry(0)
	e.Time = e.Time.Add(-24 * time.Hour)
	_, err := l.Append(context.Background(), e)
	must(t, err)
	got, err := l.Read(1, 1)
	must(t, err)
	if !got[0].Time.Equal(t0) || got[0].Detail["clockBehind"] != "86400000000000" {
		t.Fatalf("got %v", got[0])
	}
	_, err = verify(d, node.Public(), nil)
	must(t, err)
}

func TestRefusedEntries(t *testing.T) {
	l := openLog(t, newMemory())
	for want, change := range map[string]func(*Entry){
		"not a valid audit entry: time is missing or out of range":               func(e *Entry) { e.Time = time.Time{} },
		"not a valid audit entry: actor is missing":                              func(e *Entry) { e.Actor = "" },
		"not a valid audit entry: actor is too long or holds control characters": func(e *Entry) { e.Actor = "a\nb" },
		"not a valid audit entry: run is too long or holds control characters":   func(e *Entry) { e.Run = strings.Repeat("x", 257) },
		"not a valid audit entry: action is not lower-case words joined by dots": func(e *Entry) { e.Action = "SELECT *" },
		"not a valid audit entry: outcome is not ok, refused or failed":          func(e *Entry) { e.Outcome = "yes" },
		"not a valid audit entry: a detail has a key that is not in the list":    func(e *Entry) { e.Detail = map[string]string{"sql": "x"} },
		"not a valid audit entry: detail code is not a name":                     func(e *Entry) { e.Detail = map[string]string{"code": "ann@example.org"} },
		"not a valid audit entry: detail planHash is not a hash":                 func(e *Entry) { e.Detail = map[string]string{"planHash": "ann"} },
		"not a valid audit entry: detail bytesIn is not a number":                func(e *Entry) { e.Detail = map[string]string{"bytesIn": "-1"} },
		"not a valid audit entry: detail until is not a time":                    func(e *Entry) { e.Detail = map[string]string{"until": "tomorrow"} },
	} {
		e := entry(0)
		change(&e)
		_, err := l.Append(context.Background(), e)
		if err == nil || err.Error() != want || !errors.Is(err, ErrEntry) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	fill(t, l, 1) // none of them harmed the log
}

// Every line that the key list allows stays below the size of a line.
func TestLargestEntryFits(t *testing.T) {
	e := entry(0)
	long := strings.Repeat("\u20ac", maxText/3)
	e.Actor, e.Agreement, e.Run, e.Dataset = long, long, long, long
	e.Detail = map[string]string{}
	for _, k := range DetailKeys() {
		e.Detail[k.Key] = map[string]string{"hash": "sha256:" + strings.Repeat("a", 64), "name": strings.Repeat("n", 128), "member": strings.Repeat("m", 64),
			"number": strings.Repeat("9", 19), "rational": strings.Repeat("9", 500) + "/" + strings.Repeat("9", 500), "time": "2031-02-03T04:05:06Z"}[k.Shape]
	}
	_, err := openLog(t, newMemory()).Append(context.Background(), e)
	must(t, err)
}

func TestFilesArePrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "audit")
	l, err := Open(dir, node, origin)
	must(t, err)
	fill(t, l, 1)
	names, err := directory(dir).List()
	must(t, err)
	for _, n := range names {
		info, err := os.Stat(filepath.Join(dir, n))
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", n, info.Mode())
		}
	}
}
