package align

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"testing"

	"parley/crypto/wire"
)

// direct hands bytes from a sender straight to the receiver: it holds nothing,
// so that a send waits until the peer reads that message.
type direct struct {
	mu    sync.Mutex
	steps [2]map[wire.Step]*rendezvous
	bytes atomic.Int64
}

type rendezvous struct {
	r *io.PipeReader
	w *io.PipeWriter
}

func newDirect() *direct {
	return &direct{steps: [2]map[wire.Step]*rendezvous{{}, {}}}
}

func (d *direct) at(sender int, step wire.Step) *rendezvous {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.steps[sender][step] == nil {
		r, w := io.Pipe()
		d.steps[sender][step] = &rendezvous{r, w}
	}
	return d.steps[sender][step]
}

// directEnd is one side's end.
type directEnd struct {
	d    *direct
	side int
}

func (e directEnd) Send(ctx context.Context, step wire.Step, size int64, r io.Reader) error {
	w := e.d.at(e.side, step).w
	defer context.AfterFunc(ctx, func() { w.CloseWithError(ctx.Err()) })()
	n, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{r}, make([]byte, 1<<16))
	e.d.bytes.Add(n)
	if err == nil && n != size {
		err = io.ErrUnexpectedEOF
	}
	w.CloseWithError(err)
	return err
}

func (e directEnd) Recv(ctx context.Context, step wire.Step, _ int64) (io.ReadCloser, error) {
	r := e.d.at(1-e.side, step).r
	return struct {
		io.Reader
		io.Closer
	}{r, closer(context.AfterFunc(ctx, func() { r.CloseWithError(ctx.Err()) }))}, nil
}

type closer func() bool

func (c closer) Close() error { c(); return nil }

// Both sides end over a pipe that stores nothing: no send waits for a message
// that comes only after it.
func TestPipeThatStoresNothing(t *testing.T) {
	c, p := sets(3000, 4000, 1500, 1)
	x := newPair(t, small, len(c), len(p))
	x.c.Memory, x.p.Memory = tinyMemory, 4*tinyMemory
	d := newDirect()
	x.runOver(t.Context(), directEnd{d, 0}, directEnd{d, 1}, each(c), each(p))
	if x.errC != nil || x.errP != nil {
		t.Fatal(x.errC, x.errP)
	}
	checkSlots(t, x, c, p, 1500)
}
