package peer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/crypto/wire"
)

var ctxb = context.Background()

// box opens one mailbox in a fresh spool.
func box(t testing.TB, limit int64) (*mailbox, string) {
	t.Helper()
	dir := t.TempDir()
	m, err := NewMail(dir, limit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	if _, err := m.Open(runA); err != nil {
		t.Fatal(err)
	}
	return m.box(runA), filepath.Join(dir, runA)
}

func sealable(b []byte) []byte { return append(make([]byte, 0, len(b)+sealRoom), b...) }

func files(t testing.TB, dir string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSpoolHoldsNoPlaintextAndIsEmptied(t *testing.T) {
	dir := t.TempDir()
	m, err := NewMail(dir, 64<<20)
	if err != nil {
		t.Fatal(err)
	}
	done, err := m.Open(runA)
	if err != nil {
		t.Fatal(err)
	}
	canary := bytes.Repeat([]byte("canary:unit@example.com;"), 4000)
	if err := m.put(ctxb, runA, chunkKey{"x", 0}, sealable(canary)); err != nil {
		t.Fatal(err)
	}
	spooled := files(t, filepath.Join(dir, runA))
	if len(spooled) != 1 {
		t.Fatalf("%d files", len(spooled))
	}
	got, err := os.ReadFile(spooled[0])
	if err != nil || len(got) != len(canary)+sealRoom || bytes.Contains(got, []byte("canary")) {
		t.Errorf("the file holds %d bytes, plaintext: %v (%v)", len(got), bytes.Contains(got, []byte("canary")), err)
	}
	done()
	done()
	if left := files(t, dir); len(left) > 0 {
		t.Errorf("after the run: %v", left)
	}
	if _, err := m.Open(runB); err != nil { // and now the node is killed
		t.Fatal(err)
	}
	if err := m.put(ctxb, runB, chunkKey{"x", 0}, sealable(canary)); err != nil {
		t.Fatal(err)
	}
	again, err := NewMail(dir, 64<<20)
	if err != nil {
		t.Fatal(err)
	}
	if left := files(t, dir); len(left) > 0 {
		t.Errorf("after a restart: %v", left)
	}
	again.Close()
	m.Close()
}

// What the node did not name itself is not removed at a start.
func TestForeignFilesAreLeft(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.pdf"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := NewMail(dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if len(files(t, dir)) != 1 {
		t.Error("a wrongly configured spool folder was emptied")
	}
}

func TestTamperedSpoolIsNoticed(t *testing.T) {
	body := noise(5, inMemory+1)
	for what, change := range map[string]func(path string) error{
		"one bit": func(p string) error {
			b, err := os.ReadFile(p)
			b[100] ^= 1
			return errors.Join(err, os.WriteFile(p, b, 0o600))
		},
		"cut":       func(p string) error { return os.Truncate(p, 50) },
		"exchanged": func(p string) error { return os.Rename(filepath.Join(filepath.Dir(p), "00000002"), p) },
	} {
		m, dir := box(t, 1<<20)
		for i := range 2 {
			if err := m.put(ctxb, chunkKey{"x", i}, sealable(body)); err != nil {
				t.Fatal(err)
			}
		}
		if err := change(filepath.Join(dir, "00000001")); err != nil {
			t.Fatal(err)
		}
		if _, err := m.take(ctxb, chunkKey{"x", 0}, len(body)); !errors.Is(err, errTampered) {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := m.take(ctxb, chunkKey{"x", 1}, len(body)); !errors.Is(err, errTampered) {
			t.Errorf("%s: the run goes on: %v", what, err)
		}
	}
}

// A refused chunk costs nothing, so that room is there again once some was
// read.
func TestSpoolFull(t *testing.T) {
	for _, size := range []int{inMemory, inMemory + 1} {
		m, _ := box(t, int64(2*size))
		k := func(i int) chunkKey { return chunkKey{"x", i} }
		for i := range 2 {
			if err := m.put(ctxb, k(i), sealable(noise(1, size))); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 {
			if err := m.put(ctxb, k(2), sealable(noise(1, size))); !errors.Is(err, errSpoolFull) {
				t.Fatalf("third of %d bytes: %v", size, err)
			}
		}
		if _, err := m.take(ctxb, k(0), size); err != nil {
			t.Fatal(err)
		}
		if err := m.put(ctxb, k(2), sealable(noise(1, size))); err != nil {
			t.Errorf("after a read: %v", err)
		}
	}
}

// Tiny chunks for steps nobody reads: memory and table have an end.
func TestFloodOfTinyChunks(t *testing.T) {
	m, dir := box(t, 1<<30)
	var err error
	stored := 0
	for ; err == nil; stored++ {
		err = m.put(ctxb, chunkKey{wire.Step(fmt.Sprint("s", stored)), 0}, []byte("x"))
	}
	if !errors.Is(err, errSpoolFull) || stored-1 != maxChunks || len(files(t, dir)) > 0 {
		t.Errorf("%d stored, %d on disk, then %v", stored-1, len(files(t, dir)), err)
	}
	m, dir = box(t, 1<<30)
	for i := range maxInMemory/inMemory + 10 {
		if err := m.put(ctxb, chunkKey{"s", i}, sealable(make([]byte, inMemory))); err != nil {
			t.Fatal(err)
		}
	}
	if m.memory != maxInMemory || len(files(t, dir)) != 10 {
		t.Errorf("%d bytes in memory, %d on disk", m.memory, len(files(t, dir)))
	}
}

// A chunk whose file could not be written was never there: the failure is
// told, nothing is accounted, and the repeat succeeds.
func TestFailedWriteIsNotAcknowledged(t *testing.T) {
	m, dir := box(t, 1<<20)
	body := noise(2, inMemory+1)
	blocker := filepath.Join(dir, "00000001")
	if err := os.Mkdir(blocker, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := m.put(ctxb, chunkKey{"x", 0}, sealable(body)); err == nil {
		t.Fatal("acknowledged")
	}
	if m.unread != 0 || len(m.chunks) != 0 {
		t.Errorf("%d bytes, %d chunks accounted", m.unread, len(m.chunks))
	}
	if err := m.put(ctxb, chunkKey{"x", 0}, sealable(body)); err != nil {
		t.Fatal(err)
	}
	if got, err := m.take(ctxb, chunkKey{"x", 0}, len(body)); err != nil || !bytes.Equal(got, body) {
		t.Error(err)
	}
}

// A repeat that comes while the first is being written waits for its outcome.
func TestRepeatDuringWriteWaits(t *testing.T) {
	m, _ := box(t, 1<<20)
	body := noise(2, inMemory+1)
	k := chunkKey{"x", 0}
	c, isNew, err := m.admit(k, sha256.Sum256(body), body) // the first, stopped before its write
	if err != nil || !isNew {
		t.Fatal(err)
	}
	defer m.busy.Done() // as the first's put would
	repeat := make(chan error, 1)
	go func() { repeat <- m.put(ctxb, k, sealable(body)) }()
	select {
	case err := <-repeat:
		t.Fatalf("acknowledged before it was stored: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	gone, cancel := context.WithCancelCause(ctxb)
	cancel(errCut)
	if err := m.put(gone, k, sealable(body)); !errors.Is(err, errCut) {
		t.Errorf("a repeat whose caller left: %v", err)
	}
	c.err = errors.New("disk")
	close(c.done)
	if err := <-repeat; err != c.err {
		t.Errorf("the repeat got %v", err)
	}
}

// Puts, repeats, takes and the end, all at once. Run with -race.
func TestMailboxUnderLoad(t *testing.T) {
	m, dir := box(t, 64<<20)
	ctx, stop := context.WithCancel(ctxb)
	var all sync.WaitGroup
	var taken atomic.Int64
	for i := range 64 {
		body := noise(byte(i), inMemory-32+i)
		for range 2 {
			all.Go(func() { m.put(ctx, chunkKey{"x", i}, sealable(body)) })
		}
		for range 2 {
			all.Go(func() {
				if got, err := m.take(ctx, chunkKey{"x", i}, len(body)); err == nil {
					taken.Add(1)
					if !bytes.Equal(got, body) {
						t.Error("other bytes came out")
					}
				}
			})
		}
	}
	time.Sleep(5 * time.Millisecond)
	if err := m.close(); err != nil {
		t.Error(err)
	}
	stop()
	all.Wait()
	if taken.Load() > 64 {
		t.Error("a chunk was handed out twice")
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("files are left: %v", files(t, dir))
	}
}

// The end of a run waits for a file that is being written: one that appeared
// after the removal would stay on disk.
func TestCloseWaitsForWriters(t *testing.T) {
	m, dir := box(t, 1<<20)
	body := noise(2, inMemory+1)
	c, _, err := m.admit(chunkKey{"x", 0}, sha256.Sum256(body), body)
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan error, 1)
	go func() { closed <- m.close() }()
	time.Sleep(20 * time.Millisecond)
	if err := m.spool.put(c.slip, sealable(body)); err != nil {
		t.Errorf("the spool went away under a writer: %v", err)
	}
	m.busy.Done()
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Error("the spool is still there")
	}
}
