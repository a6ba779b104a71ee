package audit

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// memory is a disk in memory that knows what would survive a power cut:
// a file's bytes after Sync, a name after SyncDir of its directory. It can
// fail one step and then, like a stopped machine, every later one.
type memory struct {
	mu       sync.Mutex
	names    map[string]*content // as the running system sees them
	durable  map[string]*content // names as they are on the platter
	left     int                 // steps until the fault; negative: none
	partial  bool                // the failing step is half done
	hit      bool
	failOnce bool // later steps work again
}

type content struct{ now, synced []byte }

var errDisk error = syscall.EIO

func newMemory() *memory {
	return &memory{names: map[string]*content{}, durable: map[string]*content{}, left: -1}
}

// step returns whether the step is to be carried out, and its error.
func (m *memory) step() (do bool, err error) {
	if m.left < 0 {
		return true, nil
	}
	if m.left > 0 {
		m.left--
		return true, nil
	}
	if m.hit && m.failOnce {
		return true, nil
	}
	first := !m.hit
	m.hit = true
	return first && m.partial, errDisk
}

// restart is the disk after a power cut: lose drops what was not synced.
func (m *memory) restart(lose bool) *memory {
	n := newMemory()
	from := m.names
	if lose {
		from = m.durable
	}
	for name, c := range from {
		b := c.now
		if lose {
			b = c.synced
		}
		k := &content{bytes.Clone(b), bytes.Clone(b)}
		n.names[name], n.durable[name] = k, k
	}
	return n
}

func (m *memory) copy() *memory { return m.restart(false) }

func (m *memory) ReadFile(name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.names[name]
	if c == nil {
		return nil, fs.ErrNotExist
	}
	return bytes.Clone(c.now), nil
}

func (m *memory) List() ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for n := range m.names {
		out = append(out, n)
	}
	slices.Sort(out)
	return out, nil
}

func (m *memory) MkdirAll(string) error { return nil }

func (m *memory) Open(name string) (file, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.names[name] == nil {
		do, err := m.step()
		if do {
			m.names[name] = &content{}
		}
		if err != nil {
			return nil, err
		}
	}
	return &handle{m, m.names[name]}, nil
}

func (m *memory) Rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	do, err := m.step()
	if do {
		if m.names[from] == nil {
			return errors.Join(err, fs.ErrNotExist)
		}
		m.names[to] = m.names[from]
		delete(m.names, from)
	}
	return err
}

func (m *memory) SyncDir(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	do, err := m.step()
	if !do {
		return err
	}
	for n := range m.durable {
		if path.Dir(n) == dir && m.names[n] == nil {
			delete(m.durable, n)
		}
	}
	for n, c := range m.names {
		if path.Dir(n) == dir {
			m.durable[n] = c
		}
	}
	return err
}

type handle struct {
	m *memory
	c *content
}

func (h *handle) WriteAt(b []byte, off int64) (int, error) {
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	do, err := h.m.step()
	if !do {
		return 0, err
	}
	if err != nil {
		b = b[:len(b)/2] // torn
	}
	if need := int(off) + len(b); need > len(h.c.now) {
		h.c.now = append(h.c.now, make([]byte, need-len(h.c.now))...)
	}
	copy(h.c.now[off:], b)
	return len(b), err
}

func (h *handle) Truncate(size int64) error {
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	if int(size) == len(h.c.now) {
		return nil
	}
	do, err := h.m.step()
	if do {
		h.c.now = bytes.Clone(h.c.now[:min(int(size), len(h.c.now))])
	}
	return err
}

func (h *handle) Sync() error {
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	do, err := h.m.step()
	if do {
		h.c.synced = bytes.Clone(h.c.now)
	}
	return err
}

func (h *handle) Close() error { return nil }

// text is a file's content, for tests.
func (m *memory) text(name string) string { return string(m.names[name].now) }

func (m *memory) set(name, text string) { m.names[name] = &content{now: []byte(strings.Clone(text))} }
