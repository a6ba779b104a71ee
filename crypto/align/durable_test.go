package align

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"

	"parley/crypto/wire"
)

// durable carries messages between two sides that may be killed and resumed.
// It keeps what was sent, compares what is sent again, and yields every message
// from its first byte.
type durable struct {
	mu   sync.Mutex
	wake chan struct{}
	sent [2]map[wire.Step][]byte // by side, 0 for C
	t    testing.TB
}

func newDurable(t testing.TB) *durable {
	d := &durable{t: t, wake: make(chan struct{})}
	for i := range d.sent {
		d.sent[i] = map[wire.Step][]byte{}
	}
	return d
}

// life is one side's pipe from its start to its kill.
type life struct {
	d     *durable
	side  int
	event func() error // an error kills the side
}

const piece = 997

func (l *life) Send(ctx context.Context, step wire.Step, size int64, r io.Reader) error {
	var buf [piece]byte
	for at := 0; int64(at) < size; {
		if err := errors.Join(l.event(), ctx.Err()); err != nil {
			return err
		}
		n, err := io.ReadFull(r, buf[:min(piece, size-int64(at))])
		if err != nil {
			return err
		}
		l.d.take(l.side, step, at, buf[:n])
		at += n
	}
	l.d.take(l.side, step, int(size), nil)
	return nil
}

// take appends what is new and compares what is not.
func (d *durable) take(side int, step wire.Step, at int, b []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	have := d.sent[side][step]
	if n := min(len(b), len(have)-at); n > 0 {
		if !bytes.Equal(have[at:at+n], b[:n]) {
			d.t.Errorf("side %d sent other bytes of %s after it was resumed", side, step)
		}
		b = b[n:]
	}
	d.sent[side][step] = append(have, b...)
	close(d.wake)
	d.wake = make(chan struct{})
}

func (l *life) Recv(ctx context.Context, step wire.Step, size int64) (io.ReadCloser, error) {
	return io.NopCloser(&arriving{l, ctx, step, 0, size}), nil
}

type arriving struct {
	l    *life
	ctx  context.Context
	step wire.Step
	at   int64
	size int64
}

func (a *arriving) Read(b []byte) (int, error) {
	if a.at == a.size {
		return 0, io.EOF
	}
	if err := a.l.event(); err != nil {
		return 0, err
	}
	d := a.l.d
	for {
		d.mu.Lock()
		have, wake := d.sent[1-a.l.side][a.step], d.wake
		d.mu.Unlock()
		if n := copy(b[:min(len(b), piece)], have[min(a.at, int64(len(have))):]); n > 0 {
			a.at += int64(n)
			return n, nil
		}
		select {
		case <-wake:
		case <-a.ctx.Done():
			return 0, a.ctx.Err()
		}
	}
}
