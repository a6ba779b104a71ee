package peer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"parley/crypto/wire"
)

var errSize = errors.New("a message cannot have this size")

// Pipe is the wire.Pipe of a run, or of a piece of work of its own, with the
// other node: chunks are pushed to its mailbox and read from ours.
type Pipe struct {
	run    string
	client *Client
	box    *mailbox
	sent   atomic.Int64
}

var _ wire.Pipe = (*Pipe)(nil)

// Pipe returns the pipe of a run with the other node. The mailbox must be
// open. If the mailbox is kept, Send first asks the other node what it has of
// the message and does not send that again.
func (m *Mail) Pipe(run string, c *Client) *Pipe {
	return &Pipe{run: run, client: c, box: m.box(run)}
}

// Bytes reports the bytes of messages that went over the network through this
// pipe, and those that came since its mailbox was opened.
func (p *Pipe) Bytes() (sent, received int64) {
	if p.box != nil {
		received = p.box.received()
	}
	return p.sent.Load(), received
}

// fits reports whether a message can be sent at all: the number of its chunks
// must be below what a mailbox remembers.
func fits(size int64) bool { return size >= 0 && size <= maxChunks*ChunkSize }

// chunksOf is the number of chunks of a message; an empty one has one.
func chunksOf(size int64) int { return max(1, int((size+ChunkSize-1)/ChunkSize)) }

// Send implements wire.Pipe. It reads all of r, whatever of it the other node
// has, and returns when the other node has stored the last chunk.
func (p *Pipe) Send(ctx context.Context, step wire.Step, size int64, r io.Reader) error {
	if !fits(size) {
		return fmt.Errorf("send %s: %w", step, errSize)
	}
	have := 0
	if p.box != nil && p.box.keeps {
		var err error
		if have, err = p.client.stored(ctx, p.run, step, chunksOf(size)); err != nil {
			return fmt.Errorf("send %s: %w", step, err)
		}
	}
	buf := make([]byte, min(size, ChunkSize))
	for index, left := 0, size; ; index++ {
		n := min(left, ChunkSize)
		if _, err := io.ReadFull(r, buf[:n]); err != nil && n > 0 {
			return fmt.Errorf("message %s is shorter than announced: %w", step, err)
		}
		if index >= have {
			if err := p.client.put(ctx, p.run, step, index, buf[:n]); err != nil {
				return fmt.Errorf("send %s: %w", step, err)
			}
			p.sent.Add(n)
		}
		if left -= n; left == 0 {
			return nil
		}
	}
}

// Recv implements wire.Pipe.
func (p *Pipe) Recv(ctx context.Context, step wire.Step, size int64) (io.ReadCloser, error) {
	if p.box == nil {
		return nil, ErrNoMailbox
	}
	if !fits(size) {
		return nil, fmt.Errorf("receive %s: %w", step, errSize)
	}
	return &message{ctx: ctx, box: p.box, step: step, left: size}, nil
}
