package peer

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"parley/crypto/wire"
)

const keptLimit = 64 << 20

var keptKey = [32]byte{7}

// openKept opens the kept mailbox of runA in dir, as a node would after a
// start.
func openKept(t testing.TB, m *Mail, dir string) (closeBox func()) {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	closeBox, err = m.OpenKept(runA, root, keptKey)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closeBox)
	return closeBox
}

// newMail is a Mail of its own, as every process has.
func newMail(t testing.TB, limit int64) *Mail {
	t.Helper()
	m, err := NewMail(t.TempDir(), limit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// What was received before a kill is read again after it, from the first byte
// and as often as the process is started; nothing readable lies on disk.
func TestKeptChunksOutliveTheProcess(t *testing.T) {
	dir := t.TempDir()
	canary := bytes.Repeat([]byte("canary:unit@example.com;"), 10)
	whole := noise(1, 2*ChunkSize+5)
	bodies := map[chunkKey][]byte{{"align/1/u", 0}: canary, {"align/1/u", 9}: {}, {"x", 0}: whole[:ChunkSize],
		{"x", 1}: whole[ChunkSize : 2*ChunkSize], {"x", 2}: whole[2*ChunkSize:]}
	m := newMail(t, keptLimit)
	openKept(t, m, dir)
	for k, body := range bodies {
		if err := m.put(ctxb, runA, k, sealable(body)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(files(t, dir)); n != len(bodies) { // the small ones too
		t.Errorf("%d files", n)
	}
	for _, f := range files(t, dir) {
		if b, err := os.ReadFile(f); err != nil || bytes.Contains(b, []byte("canary")) {
			t.Errorf("%s can be read: %v", f, err)
		}
	}
	for range 2 { // the process is killed: nothing is closed
		m = newMail(t, keptLimit)
		openKept(t, m, dir)
		box := m.box(runA)
		if got, err := wire.RecvBytes(ctxb, m.Pipe(runA, nil), "x", int64(len(whole))); err != nil || !bytes.Equal(got, whole) {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
		for k, body := range bodies {
			if err := box.put(ctxb, k, sealable(body)); err != nil {
				t.Errorf("the same chunk again: %v", err)
			}
		}
		if box.received() != 0 {
			t.Error("what was there counts as received anew")
		}
		if n, err := box.leading("x"); n != 3 || err != nil {
			t.Errorf("%d chunks, %v", n, err)
		}
		if n, err := box.leading("align/1/u"); n != 1 || err != nil {
			t.Errorf("%d chunks before the gap, %v", n, err)
		}
	}
	box := m.box(runA)
	if err := box.put(ctxb, chunkKey{"x", 2}, sealable(noise(9, 5))); !errors.Is(err, ErrChanged) {
		t.Errorf("other bytes after a restart: %v", err)
	}
	if _, err := box.take(ctxb, chunkKey{"align/1/u", 0}, len(canary)); !errors.Is(err, ErrChanged) {
		t.Errorf("a reader after that: %v", err)
	}
}

// A closed mailbox leaves its files, answers repeats, and can be opened again
// however many others came in between.
func TestKeptMailboxIsOpenedAgain(t *testing.T) {
	dir := t.TempDir()
	m := newMail(t, keptLimit)
	closeBox := openKept(t, m, dir)
	if err := m.put(ctxb, runA, chunkKey{"x", 0}, sealable([]byte("abc"))); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.OpenKept(runA, root, keptKey); err == nil {
		t.Error("opened twice at once")
	}
	closeBox()
	if err := m.put(ctxb, runA, chunkKey{"x", 0}, sealable([]byte("abc"))); err != nil {
		t.Errorf("a repeat after the end: %v", err)
	}
	if err := m.put(ctxb, runA, chunkKey{"x", 1}, sealable([]byte("abc"))); !errors.Is(err, errClosed) {
		t.Errorf("more after the end: %v", err)
	}
	if _, err := m.leading(runA, "x"); !errors.Is(err, errClosed) {
		t.Errorf("asked after the end: %v", err)
	}
	openKept(t, m, dir)
	for i := range keepEnded + 1 { // none of these may retire the open one
		id := strings.Repeat("0", 30) + string("0123456789abcdef"[i/16]) + string("0123456789abcdef"[i%16])
		done, err := m.Open(id)
		if err != nil {
			t.Fatal(err)
		}
		done()
	}
	if got, err := wire.RecvBytes(ctxb, m.Pipe(runA, nil), "x", 3); err != nil || string(got) != "abc" {
		t.Errorf("%q, %v", got, err)
	}
}

// What does not open is as if it had never come: it is asked for again.
func TestDamagedKeptChunksAreDropped(t *testing.T) {
	body := noise(5, 5000)
	name := func(i int) string { return chunkKey{"a/b", i}.file() }
	for what, spoil := range map[string]func(dir string) error{
		"one bit": func(dir string) error {
			b, err := os.ReadFile(filepath.Join(dir, name(1)))
			b[100] ^= 1
			return errors.Join(err, os.WriteFile(filepath.Join(dir, name(1)), b, 0o600))
		},
		"cut":       func(dir string) error { return os.Truncate(filepath.Join(dir, name(1)), 4000) },
		"empty":     func(dir string) error { return os.Truncate(filepath.Join(dir, name(1)), 0) },
		"exchanged": func(dir string) error { return os.Rename(filepath.Join(dir, name(2)), filepath.Join(dir, name(1))) },
		"renamed": func(dir string) error {
			return errors.Join(os.Rename(filepath.Join(dir, name(1)), filepath.Join(dir, "a_c+00000001")))
		},
		"a link": func(dir string) error {
			return errors.Join(os.Rename(filepath.Join(dir, name(1)), filepath.Join(dir, "z")), os.Symlink("z", filepath.Join(dir, name(1))))
		},
		"half written": func(dir string) error {
			return os.Rename(filepath.Join(dir, name(1)), filepath.Join(dir, name(1)+unfinished))
		},
		"too large": func(dir string) error { return os.Truncate(filepath.Join(dir, name(1)), ChunkSize+29) },
		"a folder": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, name(1))), os.Mkdir(filepath.Join(dir, name(1)), 0o700))
		},
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			m := newMail(t, keptLimit)
			closeBox := openKept(t, m, dir)
			for i := range 3 {
				if err := m.put(ctxb, runA, chunkKey{"a/b", i}, sealable(body)); err != nil {
					t.Fatal(err)
				}
			}
			closeBox()
			if err := spoil(dir); err != nil {
				t.Fatal(err)
			}
			openKept(t, m, dir)
			if n, err := m.leading(runA, "a/b"); n != 1 || err != nil {
				t.Errorf("%d chunks, %v", n, err)
			}
			if _, err := os.Lstat(filepath.Join(dir, name(1))); !os.IsNotExist(err) {
				t.Error("the damaged file is still there")
			}
			for i := 1; i < 3; i++ {
				if err := m.put(ctxb, runA, chunkKey{"a/b", i}, sealable(body)); err != nil {
					t.Fatal(err)
				}
			}
			for i := range 3 {
				if got, err := m.box(runA).take(ctxb, chunkKey{"a/b", i}, len(body)); err != nil || !bytes.Equal(got, body) {
					t.Errorf("chunk %d: %v", i, err)
				}
			}
			if n := len(files(t, dir)); n != 3 {
				t.Errorf("%d files", n)
			}
		})
	}
}

// A file that is changed while the mailbox is open ends the work.
func TestKeptChunkChangedMeanwhile(t *testing.T) {
	dir := t.TempDir()
	m := newMail(t, keptLimit)
	openKept(t, m, dir)
	if err := m.put(ctxb, runA, chunkKey{"x", 0}, sealable(noise(1, 99))); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, "x+00000000"), 50); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := m.box(runA).take(ctxb, chunkKey{"x", 0}, 99); !errors.Is(err, errTampered) {
			t.Error(err)
		}
	}
}

// Names of files that no chunk has are not chunks.
func TestKeptNames(t *testing.T) {
	for _, k := range []chunkKey{{"x", 0}, {"align/1/u", maxChunks - 1}, {"a.b-c/d", 17}} {
		if got, ok := keyOfFile(k.file()); !ok || got != k {
			t.Errorf("%v became %v", k, got)
		}
	}
	for _, name := range []string{"", "x", "x+", "x+0", "x+0000000G", "x+0000000A", "x+00010000", "x/y+00000000", "_x+00000000", "x+00000000.part",
		"+00000000", "X+00000000", "x++0000000", strings.Repeat("x", 65) + "+00000000"} {
		if _, ok := keyOfFile(name); ok {
			t.Errorf("%q was taken for a chunk", name)
		}
	}
}

// All that a kept mailbox received counts against its limit, read or not, and
// after a restart too.
func TestKeptMailboxIsBounded(t *testing.T) {
	dir := t.TempDir()
	m := newMail(t, 3*block)
	openKept(t, m, dir)
	for i := range 3 {
		if err := m.put(ctxb, runA, chunkKey{"x", i}, sealable([]byte("a"))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := m.box(runA).take(ctxb, chunkKey{"x", 0}, 1); err != nil {
		t.Fatal(err)
	}
	if err := m.put(ctxb, runA, chunkKey{"x", 3}, sealable([]byte("a"))); !errors.Is(err, errSpoolFull) {
		t.Errorf("a fourth: %v", err)
	}
	m = newMail(t, 3*block)
	openKept(t, m, dir)
	if err := m.put(ctxb, runA, chunkKey{"x", 3}, sealable([]byte("a"))); !errors.Is(err, errSpoolFull) {
		t.Errorf("a fourth after a restart: %v", err)
	}
}

// counter notes the chunks that a server is sent.
type counter struct {
	mu     sync.Mutex
	chunks []string // step and index; mu
}

func (c *counter) watch(s *Server) {
	inner := s.http.Handler
	s.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			c.mu.Lock()
			c.chunks = append(c.chunks, r.URL.Query().Get("step")+" "+r.URL.Query().Get("chunk"))
			c.mu.Unlock()
		}
		inner.ServeHTTP(w, r)
	})
}

func (c *counter) list() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	slices.Sort(c.chunks)
	return c.chunks
}

// A sender that takes up its work sends what the other node does not have, and
// no more, but reads all of its message.
func TestSendSkipsWhatWasStored(t *testing.T) {
	var puts counter
	n, _, c := known(t, puts.watch)
	openKept(t, n.mail, t.TempDir())
	body := noise(1, 3*ChunkSize+100)
	for _, i := range []int{0, 1, 3} { // 3 came out of turn
		if err := c.put(ctxb, runA, "big", i, body[i*ChunkSize:min((i+1)*ChunkSize, len(body))]); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.put(ctxb, runA, "empty", 0, nil); err != nil {
		t.Fatal(err)
	}
	before := len(puts.list())
	sender := newMail(t, keptLimit)
	openKept(t, sender, t.TempDir())
	p := sender.Pipe(runA, c)
	for step, message := range map[wire.Step][]byte{"big": body, "empty": nil, "new": []byte("new"), "nothing": nil} {
		r := bytes.NewReader(message)
		if err := p.Send(ctxb, step, int64(len(message)), r); err != nil || r.Len() > 0 {
			t.Fatalf("%s: %v, %d bytes not read", step, err, r.Len())
		}
	}
	want := []string{"big 0", "big 1", "big 2", "big 3", "big 3", "empty 0", "new 0", "nothing 0"}
	if got := puts.list(); !slices.Equal(got, want) || before != 4 {
		t.Errorf("sent %v\nwant %v", got, want)
	}
	if sent, received := p.Bytes(); sent != ChunkSize+100+3 || received != 0 {
		t.Errorf("%d bytes sent, %d received", sent, received)
	}
	got, err := wire.RecvBytes(ctxb, n.mail.Pipe(runA, nil), "big", int64(len(body)))
	if err != nil || !bytes.Equal(got, body) {
		t.Error(err)
	}
	// Other bytes where something was skipped are not noticed here, but where
	// anything is sent they are.
	body[2*ChunkSize]++
	if err := c.put(ctxb, runA, "big", 2, body[2*ChunkSize:3*ChunkSize]); !IsProblem(err, RefusedChanged) {
		t.Errorf("other bytes: %v", err)
	}
}

// The other node cannot have more of a message than there is, and what it says
// is read as strictly as everything.
func TestHostileStored(t *testing.T) {
	answer := ""
	_, _, c := known(t, func(s *Server) {
		s.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(answer)) })
	})
	for _, answer = range []string{`{"chunks":3}`, `{"chunks":-1}`, `{"chunks":1e9}`, `{"chunks":1.5}`, `{"chunks":"1"}`,
		`{"chunks":1,"chunks":2}`, `{"chunks":1,"bytes":[1]}`, `{"chunks":99999999999999999999}`, `[1]`, `1`, ``} {
		if got, err := c.stored(context.Background(), runA, "x", 2); err == nil {
			t.Errorf("%s was understood as %d", answer, got)
		}
	}
	answer = `{"chunks":2}`
	if got, err := c.stored(context.Background(), runA, "x", 2); err != nil || got != 2 {
		t.Errorf("%d, %v", got, err)
	}
}

// Who may not post may not ask either, and gets the same answer for every
// reason; a name that is none gets no other.
func TestStoredIsGuarded(t *testing.T) {
	n, cert, c := known(t, nil)
	openKept(t, n.mail, t.TempDir())
	n.open(t, runB)
	mine := fingerprint(cert.Leaf)
	n.svc.may = func(from, run string) bool { return from == mine && run != runB }
	for _, id := range []string{runB, "nonsense", strings.ToUpper(runA)} {
		if _, err := c.stored(ctxb, id, "x", 1); !IsProblem(err, RefusedUnknown) {
			t.Errorf("%s: %v", id, err)
		}
	}
	if _, err := c.stored(ctxb, hex64[:32], "x", 1); !IsProblem(err, RefusedUnknown) {
		t.Errorf("without a mailbox: %v", err)
	}
	hc := n.raw(t, cert)
	for _, q := range []string{"", "step=", "step=X", "step=../x", "step=x&step=y", "step=x&chunk=0", "chunk=0", "step=x&z=1", "step=x;y",
		"step=" + strings.Repeat("x", 65)} {
		code, got := n.do(t, hc, "GET", "/peer/v1/runs/"+runA+"/messages?"+q, nil, nil)
		if want := `{"type":"urn:parley:problem:malformed","title":"malformed","status":400,"detail":"the message's name is malformed"}`; code != 400 || strings.TrimSpace(got) != want {
			t.Errorf("%.60q: %d %s", q, code, got)
		}
	}
}
