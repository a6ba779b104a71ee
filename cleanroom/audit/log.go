package audit

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// ErrPoisoned is returned (wrapped) by a log that failed to write before.
var ErrPoisoned = errors.New("the audit log failed to write; make room or mend the disk, then restart the node")

// Log is an open audit log. It is safe for concurrent use; appends queue. The
// caller sees to it that one process has the directory open.
type Log struct {
	disk   files
	origin string
	signer note.Signer
	salt   func(b []byte) (int, error) // random bytes

	mu     sync.Mutex // over all below
	edge   edge
	bundle int64     // bytes in the bundle that the next entry goes to
	last   time.Time // of the newest entry
	signed []byte    // checkpoint in force
	err    error     // once set, nothing more is appended
}

// Open opens the log in dir, or starts one if the directory is empty or not
// there. origin names the log in its checkpoints, for example
// "parley/acme/audit". It checks every hash and the checkpoint's signature. A
// last entry that no checkpoint covers was never acknowledged and is removed;
// anything else that does not fit is a *Damage error and nothing is changed.
func Open(dir string, signer Signer, origin string) (*Log, error) {
	return open(directory(dir), signer, origin)
}

func open(d files, signer Signer, origin string) (*Log, error) {
	v, err := newVerifier(origin, signer.Public())
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	l := &Log{disk: d, origin: origin, signer: noteSigner{v, signer}, salt: rand.Read}
	if err := l.load(v); err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	return l, nil
}

// Append adds an entry and returns its index, after it is durable. An entry's
// time is never before that of the one before; a clock that went back is
// noted in the detail clockBehind. ErrEntry and an ended ctx change nothing;
// every other error poisons the log.
func (l *Log) Append(ctx context.Context, e Entry) (int64, error) {
	if err := e.check(); err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return 0, l.err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	e = l.inOrder(e)
	var salt [16]byte
	if _, err := l.salt(salt[:]); err != nil {
		return 0, err
	}
	line, err := encode(l.edge.size, e, salt)
	if err != nil {
		return 0, err
	}
	if err := l.write(line); err != nil {
		l.err = fmt.Errorf("%w: %w", ErrPoisoned, err)
		return 0, l.err
	}
	l.last = e.Time
	return l.edge.size - 1, nil
}

// inOrder keeps times monotonic. Refusing the entry instead would let a clock
// step of a millisecond stop the node.
func (l *Log) inOrder(e Entry) Entry {
	e.Time = e.Time.UTC().Round(0)
	behind := l.last.Sub(e.Time)
	if behind <= 0 {
		return e
	}
	detail := map[string]string{"clockBehind": strconv.FormatInt(int64(behind), 10)}
	for k, v := range e.Detail {
		detail[k] = v
	}
	e.Time, e.Detail = l.last, detail
	return e
}

// write puts entry, hashes and checkpoint on disk in this order, each synced
// before the next, so that a checkpoint never covers what could be lost.
func (l *Log) write(line []byte) error {
	next := l.edge.clone()
	if err := put(l.disk, bundleName(next.size/width), l.bundle, append(line, '\n')); err != nil {
		return err
	}
	err := next.append(tlog.RecordHash(line), func(level int, n int64, h tlog.Hash) error {
		return put(l.disk, tileName(level, n/width), n%width*hashSize, h[:])
	})
	if err != nil {
		return err
	}
	if err := l.checkpoint(&next); err != nil {
		return err
	}
	l.edge = next
	l.bundle += int64(len(line)) + 1
	if next.size%width == 0 {
		l.bundle = 0
	}
	return nil
}

func (l *Log) checkpoint(e *edge) error {
	b, err := signCheckpoint(l.origin, l.signer, e.size, e.root())
	if err != nil {
		return err
	}
	if err := replace(l.disk, checkpointName, b); err != nil {
		return err
	}
	l.signed = b
	return nil
}
