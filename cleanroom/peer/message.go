package peer

import (
	"context"
	"io"

	"parley/crypto/wire"
)

// message reads the chunks of one message in order. A message of no bytes is
// one empty chunk.
type message struct {
	ctx   context.Context
	box   *mailbox
	step  wire.Step
	left  int64
	index int
	cur   []byte
	err   error // once set, it is all that Read returns
}

// Read implements io.Reader.
func (r *message) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(r.cur) == 0 && r.err == nil {
		r.next()
	}
	if len(r.cur) == 0 {
		return 0, r.err
	}
	n := copy(p, r.cur)
	r.cur = r.cur[n:]
	return n, nil
}

func (r *message) next() {
	if r.left == 0 && r.index > 0 {
		r.err = io.EOF
		return
	}
	size := int(min(r.left, ChunkSize))
	r.cur, r.err = r.box.take(r.ctx, chunkKey{r.step, r.index}, size)
	r.left, r.index = r.left-int64(size), r.index+1
}

// Close implements io.Closer. What was not read stays until the run ends.
func (r *message) Close() error { return nil }
