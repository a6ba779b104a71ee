// Package wiretest joins two parties of a protocol in memory, for tests.
package wiretest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"

	"parley/crypto/wire"
)

// Pair returns the two ends of a pipe. What one end sends the other receives,
// by step, in any order.
func Pair() (a, b *End) {
	x, y := newBox(), newBox()
	return &End{out: x, in: y}, &End{out: y, in: x}
}

// End is one side of a Pair.
type End struct {
	out, in *box
	// Tamper, when set, may change a message before the peer sees it.
	Tamper func(step wire.Step, body []byte) []byte
}

var _ wire.Pipe = (*End)(nil)

// Send implements wire.Pipe.
func (e *End) Send(_ context.Context, step wire.Step, size int64, r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if int64(len(b)) != size {
		return fmt.Errorf("message %s: %d bytes announced, %d given", step, size, len(b))
	}
	if e.Tamper != nil {
		b = e.Tamper(step, b)
	}
	return e.out.put(step, b)
}

// Recv implements wire.Pipe.
func (e *End) Recv(ctx context.Context, step wire.Step, size int64) (io.ReadCloser, error) {
	b, err := e.in.take(ctx, step)
	if err != nil {
		return nil, err
	}
	if int64(len(b)) != size {
		return nil, fmt.Errorf("message %s: %d bytes expected, %d came", step, size, len(b))
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

// Sent returns a copy of every message this end sent, by step.
func (e *End) Sent() map[wire.Step][]byte { return e.out.copy() }

type box struct {
	mu   sync.Mutex
	wake chan struct{}
	all  map[wire.Step][]byte
}

func newBox() *box { return &box{wake: make(chan struct{}), all: map[wire.Step][]byte{}} }

func (b *box) put(step wire.Step, body []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, dup := b.all[step]; dup {
		return fmt.Errorf("message %s sent twice", step)
	}
	b.all[step] = body
	close(b.wake)
	b.wake = make(chan struct{})
	return nil
}

func (b *box) take(ctx context.Context, step wire.Step) ([]byte, error) {
	for {
		b.mu.Lock()
		body, ok := b.all[step]
		wake := b.wake
		b.mu.Unlock()
		if ok {
			return body, nil
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (b *box) copy() map[wire.Step][]byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := make(map[wire.Step][]byte, len(b.all))
	for k, v := range b.all {
		m[k] = bytes.Clone(v)
	}
	return m
}
