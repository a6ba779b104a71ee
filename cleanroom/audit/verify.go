package audit

import (
	"crypto/ed25519"
	"errors"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Report is what Verify found in order.
type Report struct {
	Origin  string
	Entries int64
	Root    tlog.Hash
	First   time.Time // of the oldest entry; zero for an empty log
	Last    time.Time // of the newest
	// Unacknowledged files hold bytes after the checkpoint: an Append that a
	// crash interrupted. The next Open removes them.
	Unacknowledged []string
}

// Verify checks a log's files without changing them: every entry's hash,
// every tile, the root and its signature by publicKey, the form, order and
// times of the entries, and that there is no other file. Each tree head in
// seen, kept from before, must be the log's own past. Damage is a *Damage.
func Verify(dir string, publicKey ed25519.PublicKey, seen ...tlog.Tree) (*Report, error) {
	return verify(directory(dir), publicKey, seen)
}

func verify(d files, key ed25519.PublicKey, seen []tlog.Tree) (*Report, error) {
	origin, head, err := readHead(d, key)
	if err != nil {
		return nil, err
	}
	r := &Report{Origin: origin, Entries: head.N, Root: head.Hash}
	times := newTimes()
	if _, err := scan(d, head, times.entry); err != nil {
		return nil, err
	}
	if r.First, r.Last, err = times.check(); err != nil {
		return nil, err
	}
	if r.Unacknowledged, err = unacknowledged(d, head.N); err != nil {
		return nil, err
	}
	if len(seen) > 0 {
		leaves, err := hashEntries(d, head.N, nil)
		if err != nil {
			return nil, err
		}
		for _, s := range seen {
			if err := seenIn(leaves, s); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

func readHead(d files, key ed25519.PublicKey) (string, tlog.Tree, error) {
	signed, err := d.ReadFile(checkpointName)
	if err != nil {
		return "", tlog.Tree{}, &Damage{Kind: ErrCheckpoint, File: checkpointName, Cause: err}
	}
	origin := originOf(signed)
	v, err := newVerifier(origin, key)
	var head tlog.Tree
	if err == nil {
		head, err = openCheckpoint(signed, origin, v)
	}
	if err != nil {
		return "", tlog.Tree{}, &Damage{Kind: ErrCheckpoint, File: checkpointName, Cause: err}
	}
	return origin, head, nil
}

func unacknowledged(d files, size int64) ([]string, error) {
	names, err := d.List()
	if err != nil {
		return nil, err
	}
	left, err := leftovers(d, names, size)
	var out []string
	for _, l := range left {
		out = append(out, l.name)
	}
	return out, err
}

// times collects each bundle's first and last time and what is wrong inside
// it; bundles are read concurrently and judged afterwards. What is wrong is
// kept, not returned, because it counts only if the hashes are right.
type times struct {
	mu      sync.Mutex
	bundles map[int64]*span
}

type span struct {
	first, last time.Time
	err         error
}

func newTimes() *times { return &times{bundles: map[int64]*span{}} }

func (t *times) entry(index int64, line []byte) error {
	t.mu.Lock()
	s := t.bundles[index/width]
	if s == nil {
		s = &span{}
		t.bundles[index/width] = s
	}
	t.mu.Unlock()
	got, e, err := decode(line)
	switch {
	case s.err != nil:
	case err != nil:
		s.err = &Damage{Kind: ErrForeign, Index: index, Cause: err}
	case got != index:
		s.err = &Damage{Kind: ErrReordered, Index: index, Cause: errors.New("it carries another index")}
	case e.Time.Before(s.last):
		s.err = &Damage{Kind: ErrTime, Index: index}
	}
	if index%width == 0 {
		s.first = e.Time
	}
	s.last = e.Time
	return nil
}

func (t *times) check() (first, last time.Time, err error) {
	for b := int64(0); b < int64(len(t.bundles)); b++ {
		s := t.bundles[b]
		if s.err != nil {
			return first, last, s.err
		}
		if s.first.Before(last) {
			return first, last, &Damage{Kind: ErrTime, Index: b * width}
		}
		if b == 0 {
			first = s.first
		}
		last = s.last
	}
	return first, last, nil
}
