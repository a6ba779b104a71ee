package peer

import (
	"context"
	"errors"
	"fmt"
	"io"

	"parley/crypto/wire"
)

var errSize = errors.New("a message cannot have this size")

// Pipe returns the wire.Pipe of a run with the other node: chunks are pushed
// to its mailbox and read from ours. The mailbox must be open.
func (m *Mail) Pipe(run string, c *Client) wire.Pipe {
	return &pipe{run: run, client: c, box: m.box(run)}
}

type pipe struct {
	run    string
	client *Client
	box    *mailbox
}

// fits reports whether a message can be sent at all: the number of its chunks
// must be below what a mailbox remembers.
func fits(size int64) bool { return size >= 0 && size <= maxChunks*ChunkSize }

// Send implements wire.Pipe. It returns when the other node has stored the
// last chunk.
func (p *pipe) Send(ctx context.Context, step wire.Step, size int64, r io.Reader) error {
	if !fits(size) {
		return fmt.Errorf("send %s: %w", step, errSize)
	}
	buf := make([]byte, min(size, ChunkSize))
	for index, left := 0, size; ; index++ {
		n := min(left, ChunkSize)
		if _, err := io.ReadFull(r, buf[:n]); err != nil && n > 0 {
			return fmt.Errorf("message %s is shorter than announced: %w", step, err)
		}
		if err := p.client.put(ctx, p.run, step, index, buf[:n]); err != nil {
			return fmt.Errorf("send %s: %w", step, err)
		}
		if left -= n; left == 0 {
			return nil
		}
	}
}

// Recv implements wire.Pipe.
func (p *pipe) Recv(ctx context.Context, step wire.Step, size int64) (io.ReadCloser, error) {
	if p.box == nil {
		return nil, ErrNoMailbox
	}
	if !fits(size) {
		return nil, fmt.Errorf("receive %s: %w", step, errSize)
	}
	return &message{ctx: ctx, box: p.box, step: step, left: size}, nil
}
