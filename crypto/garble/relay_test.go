package garble

import (
	"bytes"
	"context"
	"io"
	"runtime/metrics"
	"sync"
	"sync/atomic"

	"parley/crypto/wire"
)

// relay is a pipe in memory that forgets a message once it is read, and uses
// its buffers again, so that what a benchmark allocates is the protocol's own.
type relay struct {
	mu      sync.Mutex
	wake    chan struct{}
	waiting map[wire.Step][]byte
	free    [][]byte
	peak    *atomic.Uint64 // bytes of heap objects, both sides and the relay
}

type relayEnd struct{ out, in *relay }

// newRelay returns both ends and the largest heap seen at any message.
func newRelay() (a, b *relayEnd, peak *atomic.Uint64) {
	peak = new(atomic.Uint64)
	one := func() *relay {
		return &relay{wake: make(chan struct{}), waiting: map[wire.Step][]byte{}, peak: peak}
	}
	x, y := one(), one()
	return &relayEnd{x, y}, &relayEnd{y, x}, peak
}

// buffer returns one of n bytes, used before if there is one.
func (r *relay) buffer(n int64) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, b := range r.free {
		if int64(cap(b)) >= n && int64(cap(b)) <= 2*n {
			r.free = append(r.free[:i], r.free[i+1:]...)
			return b[:n]
		}
	}
	return make([]byte, n)
}

func (e *relayEnd) Send(_ context.Context, step wire.Step, size int64, body io.Reader) error {
	r := e.out
	b := r.buffer(size)
	if _, err := io.ReadFull(body, b); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting[step] = b
	close(r.wake)
	r.wake = make(chan struct{})
	return nil
}

func (e *relayEnd) Recv(ctx context.Context, step wire.Step, _ int64) (io.ReadCloser, error) {
	r := e.in
	r.measure()
	for {
		r.mu.Lock()
		b, ok := r.waiting[step]
		delete(r.waiting, step)
		wake := r.wake
		r.mu.Unlock()
		if ok {
			return &relayed{bytes.NewReader(b), r, b}, nil
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (r *relay) measure() {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	for now := s[0].Value.Uint64(); ; {
		old := r.peak.Load()
		if now <= old || r.peak.CompareAndSwap(old, now) {
			return
		}
	}
}

type relayed struct {
	*bytes.Reader
	r *relay
	b []byte
}

func (m *relayed) Close() error {
	m.r.mu.Lock()
	defer m.r.mu.Unlock()
	m.r.free = append(m.r.free, m.b)
	return nil
}
