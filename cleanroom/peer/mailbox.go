package peer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"parley/crypto/wire"
)

// Errors of a mailbox. They reach the other node as fixed words.
var (
	ErrNoMailbox = errors.New("no such run here")
	ErrChanged   = errors.New("the same chunk came twice with different bytes")
	errClosed    = errors.New("the run has ended here")
)

// Limits of one mailbox, whatever the peer sends.
const (
	inMemory    = 32 << 10 // largest chunk kept in memory instead of the spool
	maxInMemory = 8 << 20  // all of them together
	maxChunks   = 1 << 16  // entries to remember; 256 GiB of full chunks
	// maxRemembered bounds the entries kept after the end of a run, to
	// recognise the repeat of a chunk whose first acknowledgement was lost.
	maxRemembered = 1 << 12
)

// chunkKey names one chunk of one message of a run.
type chunkKey struct {
	step  wire.Step
	index int
}

// chunk is one entry of a mailbox; its mutex guards every field but those
// that never change after admit (digest, size, cost, slip, done).
type chunk struct {
	digest [32]byte
	size   int
	cost   int64         // bytes accounted while unread
	small  []byte        // set while kept in memory
	slip   slip          // where it lies otherwise; id 0 when in memory
	done   chan struct{} // closed once stored, or failed
	err    error         // why it failed; written before done closes
	stored bool
	taken  bool
}

// shelf is where a mailbox keeps the bytes of its chunks. Calls for different
// chunks may overlap; none comes after close.
type shelf interface {
	put(c slip, chunk []byte) error // encrypts in place: chunk is of no use afterwards
	take(c slip) ([]byte, error)
	close() error
}

// mailbox receives the chunks of one run, in any order, each exactly once.
// mu guards every field; wake is closed and replaced on every change.
type mailbox struct {
	mu     sync.Mutex
	wake   chan struct{}
	chunks map[chunkKey]*chunk
	spool  shelf
	keeps  bool // a chunk stays on the shelf after it was read; never changes
	limit  int64
	came   int64 // bytes stored since the mailbox was opened
	unread int64 // bytes stored or being stored, not yet taken
	memory int64 // the part of unread that is in memory
	lastID uint64
	closed bool
	busy   sync.WaitGroup // spool files being written or read; Add under mu, while not closed
	// broken is set when the peer contradicted itself or the spool failed;
	// every reader gets it.
	broken error
}

func newMailbox(s shelf, limit int64) *mailbox {
	return &mailbox{wake: make(chan struct{}), chunks: map[chunkKey]*chunk{}, spool: s, limit: limit}
}

func (m *mailbox) signal() {
	close(m.wake)
	m.wake = make(chan struct{})
}

// put stores a chunk and returns once it is safe. The same chunk again is
// accepted and ignored, but not before the first is stored: the sender
// forgets what was acknowledged. The same place with other bytes breaks the
// run. put owns body.
func (m *mailbox) put(ctx context.Context, k chunkKey, body []byte) error {
	c, isNew, err := m.admit(k, sha256.Sum256(body), body)
	if err != nil {
		return err
	}
	if !isNew {
		select {
		case <-c.done:
			return c.err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	defer m.busy.Done()
	if c.slip.id != 0 {
		err = m.spool.put(c.slip, body)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil { // as if it had never come, so that a repeat may succeed
		delete(m.chunks, k)
		m.unread -= c.cost
	}
	if c.stored, c.err = err == nil, err; c.stored {
		m.came += int64(c.size)
	}
	close(c.done)
	m.signal()
	return err
}

// admit enters a new chunk in the table, or finds the earlier one.
func (m *mailbox) admit(k chunkKey, digest [32]byte, body []byte) (c *chunk, isNew bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch old := m.chunks[k]; {
	case old != nil && old.digest == digest:
		return old, false, nil
	case m.closed:
		return nil, false, errClosed
	case old != nil:
		m.broken = ErrChanged
		m.signal()
		return nil, false, ErrChanged
	case len(m.chunks) >= maxChunks:
		return nil, false, errSpoolFull
	}
	c = &chunk{digest: digest, size: len(body), cost: int64(len(body)), done: make(chan struct{})}
	small := !m.keeps && len(body) <= inMemory && m.memory+c.cost <= maxInMemory
	if !small {
		c.cost = max(c.cost, block)
	}
	if m.unread+c.cost > m.limit {
		return nil, false, errSpoolFull
	}
	if small {
		c.small = body
		m.memory += c.cost
	} else {
		m.lastID++
		c.slip = slip{chunkKey: k, id: m.lastID, size: len(body)}
	}
	m.unread += c.cost
	m.chunks[k] = c
	m.busy.Add(1)
	return c, true, nil
}

// take waits for a chunk and hands its bytes out once.
func (m *mailbox) take(ctx context.Context, k chunkKey, size int) ([]byte, error) {
	for {
		c, wake, err := m.claim(ctx, k, size)
		if err != nil {
			return nil, err
		}
		if c != nil {
			return m.collect(c)
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// claim marks a stored chunk as taken, or returns what to wait for. A claimed
// chunk is counted in busy.
func (m *mailbox) claim(ctx context.Context, k chunkKey, size int) (*chunk, <-chan struct{}, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.chunks[k]
	switch {
	case m.broken != nil:
		return nil, nil, m.broken
	case m.closed && ctx.Err() != nil:
		return nil, nil, context.Cause(ctx) // says why the run ended
	case m.closed:
		return nil, nil, errClosed
	case c == nil || !c.stored:
		return nil, m.wake, nil
	case c.taken:
		return nil, nil, fmt.Errorf("message %s, chunk %d was read before", k.step, k.index)
	case c.size != size:
		return nil, nil, fmt.Errorf("message %s, chunk %d: %d bytes came, the agreed size is %d", k.step, k.index, c.size, size)
	}
	c.taken = true
	m.busy.Add(1)
	return c, nil, nil
}

// collect fetches a claimed chunk's bytes and frees their place.
func (m *mailbox) collect(c *chunk) (b []byte, err error) {
	defer m.busy.Done()
	if c.slip.id != 0 {
		b, err = m.spool.take(c.slip)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.keeps {
		m.unread -= c.cost
	}
	if c.slip.id == 0 {
		m.memory -= c.cost
		b, c.small = c.small, nil
	}
	if err != nil && m.broken == nil {
		m.broken = err
		m.signal()
	}
	return b, err
}

// leading counts the chunks of a message that are stored, from the first to
// before the first gap.
func (m *mailbox) leading(step wire.Step) (n int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return 0, errClosed
	}
	for {
		if c := m.chunks[chunkKey{step, n}]; c == nil || !c.stored {
			return n, nil
		}
		n++
	}
}

// received is the number of bytes that came since the mailbox was opened.
func (m *mailbox) received() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.came
}

// close ends the mailbox: readers and writers fail, files are removed unless
// the mailbox keeps them. What stays is the list of digests.
func (m *mailbox) close() error {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil
	}
	m.closed = true
	m.signal()
	m.mu.Unlock()
	m.busy.Wait() // a file written after the removal would stay for ever
	m.mu.Lock()
	for _, c := range m.chunks {
		c.small = nil
	}
	if len(m.chunks) > maxRemembered {
		m.chunks = nil
	}
	m.mu.Unlock()
	return m.spool.close()
}
