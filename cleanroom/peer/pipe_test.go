package peer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"parley/crypto/wire"
)

func noise(seed byte, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

// pair is two nodes that know each other, with one run open at both.
func pair(t *testing.T) (a, b wire.Pipe, na, nb *node) {
	t.Helper()
	na, nb = start(t, nil), start(t, nil)
	na.svc.know(nb.cert, true)
	nb.svc.know(na.cert, true)
	na.open(t, runA)
	nb.open(t, runA)
	return na.mail.Pipe(runA, nb.client(t, na.cert)), nb.mail.Pipe(runA, na.client(t, nb.cert)), na, nb
}

func TestMessagesBothWaysInParallel(t *testing.T) {
	a, b, na, nb := pair(t)
	sizes := map[wire.Step]int{"x/empty": 0, "x/one": 1, "x/small": inMemory, "x/spooled": inMemory + 1,
		"x/whole": ChunkSize, "x/more": ChunkSize + 1, "x/large": 9 << 20}
	g, ctx := errgroup.WithContext(context.Background())
	for step, size := range sizes {
		for i, ends := range [][2]wire.Pipe{{a, b}, {b, a}} {
			body := noise(byte(i), size)
			g.Go(func() error { return wire.SendBytes(ctx, ends[0], step, body) })
			g.Go(func() error {
				got, err := wire.RecvBytes(ctx, ends[1], step, int64(size))
				if err == nil && !bytes.Equal(got, body) {
					err = fmt.Errorf("%s came with other bytes", step)
				}
				return err
			})
		}
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, n := range []*node{na, nb} {
		box := n.mail.box(runA)
		if box.unread != 0 || box.memory != 0 {
			t.Errorf("%d bytes unread, %d in memory after everything was read", box.unread, box.memory)
		}
	}
}

// A message that is read before it is sent, and whose chunks come last first.
func TestChunksOutOfOrder(t *testing.T) {
	n, _, c := known(t, nil)
	n.open(t, runA)
	body := noise(1, 2*ChunkSize+5)
	got := make(chan []byte)
	go func() {
		b, _ := wire.RecvBytes(context.Background(), n.mail.Pipe(runA, nil), "x", int64(len(body)))
		got <- b
	}()
	for i := 2; i >= 0; i-- {
		if err := c.put(context.Background(), runA, "x", i, body[i*ChunkSize:min((i+1)*ChunkSize, len(body))]); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(<-got, body) {
		t.Error("the message was put together wrongly")
	}
}

func TestSizesAreChecked(t *testing.T) {
	a, b, _, _ := pair(t)
	ctx := context.Background()
	if err := wire.SendBytes(ctx, a, "x/y", []byte("four")); err != nil {
		t.Fatal(err)
	}
	_, err := wire.RecvBytes(ctx, b, "x/y", 5)
	if want := "message x/y: message x/y, chunk 0: 4 bytes came, the agreed size is 5"; err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	if got, err := wire.RecvBytes(ctx, b, "x/y", 4); err != nil || string(got) != "four" {
		t.Fatalf("%q, %v", got, err)
	}
	_, err = wire.RecvBytes(ctx, b, "x/y", 4)
	if want := "message x/y: message x/y, chunk 0 was read before"; err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	err = a.Send(ctx, "x/z", 10, strings.NewReader("short"))
	if want := "message x/z is shorter than announced: unexpected EOF"; err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	for _, size := range []int64{-1, -1 << 63, 1<<63 - 1, maxChunks*ChunkSize + 1} {
		if err := a.Send(ctx, "x", size, strings.NewReader("")); !errors.Is(err, errSize) {
			t.Errorf("send of %d bytes: %v", size, err)
		}
		if _, err := a.Recv(ctx, "x", size); !errors.Is(err, errSize) {
			t.Errorf("receive of %d bytes: %v", size, err)
		}
	}
}

// An empty message that is read to its end waits for the sender.
func TestEmptyMessageIsAwaited(t *testing.T) {
	a, b, _, _ := pair(t)
	r, err := b.Recv(context.Background(), "x", 0)
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan error, 1)
	go func() {
		got, err := io.ReadAll(r)
		if err == nil && len(got) > 0 {
			err = errors.New("bytes in an empty message")
		}
		read <- err
	}()
	select {
	case err := <-read:
		t.Fatalf("read ended before anything was sent: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	if err := wire.SendBytes(context.Background(), a, "x", nil); err != nil {
		t.Fatal(err)
	}
	if err := <-read; err != nil {
		t.Error(err)
	}
}

// The reason for which a run is cancelled reaches whoever waits, in a send as
// in a receive, and a closed mailbox does not hide it.
func TestCauseIsKept(t *testing.T) {
	_, b, _, nb := pair(t)
	because := errors.New("the analyst changed her mind")
	ctx, cancel := context.WithCancelCause(context.Background())
	recv := make(chan error, 1)
	go func() { _, err := wire.RecvBytes(ctx, b, "x", 1); recv <- err }()
	time.Sleep(10 * time.Millisecond)
	cancel(because)
	if err := <-recv; !errors.Is(err, because) {
		t.Errorf("receive: %v", err)
	}
	if err := wire.SendBytes(ctx, b, "y", []byte("y")); !errors.Is(err, because) {
		t.Errorf("send: %v", err)
	}
	if err := nb.mail.box(runA).close(); err != nil {
		t.Fatal(err)
	}
	if _, err := wire.RecvBytes(ctx, b, "z", 1); !errors.Is(err, because) {
		t.Errorf("receive after close: %v", err)
	}
	if _, err := wire.RecvBytes(context.Background(), b, "z", 1); !errors.Is(err, errClosed) {
		t.Errorf("receive after close without a cause: %v", err)
	}
}

func TestSameChunkAgainIsHarmlessOtherBytesAreNot(t *testing.T) {
	n, _, c := known(t, nil)
	n.open(t, runA)
	ctx := context.Background()
	pipe := n.mail.Pipe(runA, nil)
	big := noise(3, inMemory+1)
	for range 3 {
		if err := c.put(ctx, runA, "x", 0, big); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := wire.RecvBytes(ctx, pipe, "x", int64(len(big))); err != nil || !bytes.Equal(got, big) {
		t.Fatal(err)
	}
	if err := c.put(ctx, runA, "x", 0, big); err != nil {
		t.Fatalf("after it was read: %v", err)
	}
	waiting := make(chan error, 1)
	go func() { _, err := wire.RecvBytes(ctx, pipe, "other", 1); waiting <- err }()
	big[0]++
	err := c.put(ctx, runA, "x", 0, big)
	if !IsProblem(err, RefusedChanged) || err.Error() != sentences[RefusedChanged] {
		t.Errorf("other bytes: %v", err)
	}
	if err := <-waiting; !errors.Is(err, ErrChanged) {
		t.Errorf("a reader of the broken run got %v", err)
	}
}

// A repeat whose first acknowledgement was lost is accepted even though the
// run has ended meanwhile; anything new is not.
func TestRepeatAfterTheEnd(t *testing.T) {
	n, _, c := known(t, nil)
	done := n.open(t, runA)
	ctx := context.Background()
	if err := c.put(ctx, runA, "last", 0, []byte("bytes")); err != nil {
		t.Fatal(err)
	}
	done()
	if err := c.put(ctx, runA, "last", 0, []byte("bytes")); err != nil {
		t.Errorf("the repeat: %v", err)
	}
	for step, body := range map[wire.Step]string{"last": "other", "new": "bytes"} {
		if err := c.put(ctx, runA, step, 0, []byte(body)); !IsProblem(err, RefusedUnknown) {
			t.Errorf("%s: %v", step, err)
		}
	}
	if _, err := n.mail.Open(runA); err == nil {
		t.Error("a run's mailbox was opened twice")
	}
}

// digestOf is what a sender puts into the header.
func digestOf(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }
