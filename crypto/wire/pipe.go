package wire

import (
	"bytes"
	"context"
	"fmt"
	"io"
)

// Step names one message of a protocol, for example "align/2/e". A step is
// sent at most once per session and direction; a second message with other
// bytes is refused by the transport.
type Step string

// Pipe carries the messages of one session between its two parties. The
// transport under it authenticates the peer, cuts messages into numbered
// chunks, and repeats stored bytes after a cut; implementations say so.
//
// Sizes are never taken from the wire: both sides know them from agreed
// parameters. Send must be given exactly size bytes; the reader from Recv
// yields exactly size bytes and fails with an error otherwise. Send may return
// before the peer has read. Sends and receives of different steps may overlap.
type Pipe interface {
	Send(ctx context.Context, step Step, size int64, r io.Reader) error
	Recv(ctx context.Context, step Step, size int64) (io.ReadCloser, error)
}

// SendBytes sends one message held in memory.
func SendBytes(ctx context.Context, p Pipe, step Step, b []byte) error {
	return p.Send(ctx, step, int64(len(b)), bytes.NewReader(b))
}

// RecvBytes receives one message of exactly size bytes into memory. size is
// from agreed parameters, so the allocation is bounded by them.
func RecvBytes(ctx context.Context, p Pipe, step Step, size int64) ([]byte, error) {
	r, err := p.Recv(ctx, step, size)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b := make([]byte, size)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, fmt.Errorf("message %s: %w", step, err)
	}
	return b, nil
}
