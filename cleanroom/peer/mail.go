package peer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"parley/crypto/wire"
)

// keepEnded is how many ended runs' lists of digests are kept.
const keepEnded = 16

// Mail keeps the mailboxes of the runs that are going on. A chunk for a run
// without a mailbox is refused, so that nobody can make a node store things
// it did not agree to.
type Mail struct {
	root  *os.Root
	limit int64

	mu    sync.Mutex
	boxes map[string]*mailbox // by run id; mu
	ended []string            // closed ones, oldest first; mu
}

// NewMail makes an empty spool in dir, removing what a crash left: its key is
// gone, so the bytes are of no use to anyone. Only what is named like a run is
// removed. limit bounds one run's unread bytes.
func NewMail(dir string, limit int64) (*Mail, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make spool: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open spool: %w", err)
	}
	left, err := os.ReadDir(dir)
	for _, e := range left {
		if runPattern.MatchString(e.Name()) {
			err = errors.Join(err, root.RemoveAll(e.Name()))
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("empty spool: %w", err), root.Close())
	}
	return &Mail{root: root, limit: limit, boxes: map[string]*mailbox{}}, nil
}

// Open makes the mailbox of a run, whose id is 32 hex digits and not open
// already. The returned function closes it and removes what was not read; it
// may be called more than once.
func (m *Mail) Open(run string) (func(), error) {
	if !runPattern.MatchString(run) {
		return nil, errors.New("open mailbox: the run id is malformed")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.boxes[run] != nil {
		return nil, errors.New("open mailbox: this run has one, or had one")
	}
	s, err := newSpool(m.root, run)
	if err != nil {
		return nil, err
	}
	return m.enter(run, newMailbox(s, m.limit)), nil
}

// OpenKept makes or takes up the mailbox of a piece of work that outlives runs
// and the process; id is 32 hex digits. Its chunks lie in dir, which it takes
// over, sealed under key, and reading does not remove them: the same messages
// can be read again after a crash, and their sender need not send them again.
// The returned function closes the mailbox and leaves the files, which are the
// caller's to remove.
func (m *Mail) OpenKept(id string, dir *os.Root, key [32]byte) (func(), error) {
	if !runPattern.MatchString(id) {
		return nil, errors.Join(errors.New("open mailbox: the id is malformed"), dir.Close())
	}
	box, err := newKeptMailbox(dir, key, m.limit)
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if at := slices.Index(m.ended, id); at >= 0 {
		m.ended = slices.Delete(m.ended, at, at+1)
	} else if m.boxes[id] != nil {
		return nil, errors.Join(errors.New("open mailbox: it is open already"), dir.Close())
	}
	return m.enter(id, box), nil
}

// enter makes a mailbox known and returns what closes it; mu is held.
func (m *Mail) enter(id string, box *mailbox) func() {
	m.boxes[id] = box
	return sync.OnceFunc(func() {
		box.close() // a file that cannot be removed now is removed at the next start
		m.retire(id)
	})
}

// retire keeps a closed mailbox for a while and lets the oldest go.
func (m *Mail) retire(run string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended = append(m.ended, run)
	if len(m.ended) > keepEnded {
		delete(m.boxes, m.ended[0])
		m.ended = m.ended[1:]
	}
}

func (m *Mail) box(run string) *mailbox {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.boxes[run]
}

func (m *Mail) put(ctx context.Context, run string, k chunkKey, body []byte) error {
	box := m.box(run)
	if box == nil {
		return ErrNoMailbox
	}
	return box.put(ctx, k, body)
}

// leading counts the stored chunks that a message begins with.
func (m *Mail) leading(run string, step wire.Step) (int, error) {
	box := m.box(run)
	if box == nil {
		return 0, ErrNoMailbox
	}
	return box.leading(step)
}

// Close ends every mailbox and removes the files of runs.
func (m *Mail) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var err error
	for _, box := range m.boxes {
		err = errors.Join(err, box.close())
	}
	return errors.Join(err, m.root.Close())
}
