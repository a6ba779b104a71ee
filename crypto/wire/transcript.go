package wire

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"sort"
	"sync"
)

// Transcript collects the digest of every message of a session, in both
// directions. Both parties arrive at the same Sum however their sends and
// receives were interleaved, because messages are ordered by sender and step.
// It is safe for concurrent use.
type Transcript struct {
	mu       sync.Mutex
	messages map[string][32]byte
	sent     int64
	received int64
}

// NewTranscript returns an empty transcript.
func NewTranscript() *Transcript { return &Transcript{messages: map[string][32]byte{}} }

func (t *Transcript) add(sender string, step Step, digest [32]byte, sent, received int64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := sender + "\x00" + string(step)
	if _, dup := t.messages[key]; dup {
		return fmt.Errorf("message %s from %s seen twice in one session", step, sender)
	}
	t.messages[key] = digest
	t.sent += sent
	t.received += received
	return nil
}

// Sum is the transcript hash so far, bound to the session id.
func (t *Transcript) Sum(session [32]byte) [32]byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	keys := make([]string, 0, len(t.messages))
	for k := range t.messages {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	parts := [][]byte{session[:]}
	for _, k := range keys {
		d := t.messages[k]
		parts = append(parts, []byte(k), d[:])
	}
	return Sum(LabelTranscript, parts...)
}

// Bytes reports how many bytes of messages were sent and received.
func (t *Transcript) Bytes() (sent, received int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sent, t.received
}

// Record returns a pipe that enters every message into the transcript. own
// and peer name the parties, the same way on both sides.
func (t *Transcript) Record(p Pipe, own, peer string) Pipe {
	return &recorded{pipe: p, t: t, own: own, peer: peer}
}

type recorded struct {
	pipe      Pipe
	t         *Transcript
	own, peer string
}

func (r *recorded) Send(ctx context.Context, step Step, size int64, body io.Reader) error {
	h := sha256.New()
	if err := r.pipe.Send(ctx, step, size, io.TeeReader(body, h)); err != nil {
		return err
	}
	return r.t.add(r.own, step, [32]byte(h.Sum(nil)), size, 0)
}

func (r *recorded) Recv(ctx context.Context, step Step, size int64) (io.ReadCloser, error) {
	body, err := r.pipe.Recv(ctx, step, size)
	if err != nil {
		return nil, err
	}
	if size == 0 { // no Read will ever complete it
		if err := r.t.add(r.peer, step, sha256.Sum256(nil), 0, 0); err != nil {
			return nil, err
		}
	}
	return &recordedBody{body: body, h: sha256.New(), r: r, step: step, size: size, left: size}, nil
}

// recordedBody enters the digest once the last byte has been read.
type recordedBody struct {
	body io.ReadCloser
	h    hash.Hash
	r    *recorded
	step Step
	size int64
	left int64
}

func (b *recordedBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.h.Write(p[:n])
	b.left -= int64(n)
	if n > 0 && b.left == 0 {
		if e := b.r.t.add(b.r.peer, b.step, [32]byte(b.h.Sum(nil)), 0, b.size); e != nil {
			return n, e
		}
	}
	return n, err
}

func (b *recordedBody) Close() error { return b.body.Close() }

// Absorb adds another transcript's messages and bytes to this one, for a run
// that contains a session of its own. No message may be in both.
func (t *Transcript) Absorb(other *Transcript) error {
	other.mu.Lock()
	defer other.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	for k, d := range other.messages {
		if _, dup := t.messages[k]; dup {
			return errors.New("two sessions of one run have a message of the same name")
		}
		t.messages[k] = d
	}
	t.sent += other.sent
	t.received += other.received
	return nil
}
