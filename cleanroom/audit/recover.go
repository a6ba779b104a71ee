package audit

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// load brings the log into memory, starts it if there is none, and cuts off
// what a crash left after the checkpoint.
func (l *Log) load(v note.Verifier) error {
	names, err := l.disk.List()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	signed, err := l.disk.ReadFile(checkpointName)
	if errors.Is(err, fs.ErrNotExist) {
		return l.start(names)
	}
	if err != nil {
		return err
	}
	head, err := openCheckpoint(signed, l.origin, v)
	if err != nil {
		return &Damage{Kind: ErrCheckpoint, File: checkpointName, Cause: err}
	}
	e, err := scan(l.disk, head, nil)
	if err != nil {
		return err
	}
	left, err := leftovers(l.disk, names, head.N)
	if err != nil {
		return err
	}
	for _, t := range left {
		if err := write(l.disk, t.name, t.keep, nil); err != nil {
			return err
		}
	}
	l.edge, l.signed = *e, signed
	return l.loadLast()
}

// start signs an empty tree, so that a log whose checkpoint was deleted can
// never be taken for a new one: a new log has no other file.
func (l *Log) start(names []string) error {
	for _, n := range names {
		if n != checkpointName+".tmp" {
			return &Damage{Kind: ErrCheckpoint, File: checkpointName, Cause: fs.ErrNotExist}
		}
	}
	if err := l.disk.MkdirAll("."); err != nil {
		return err
	}
	return l.checkpoint(&l.edge)
}

// loadLast finds where the next entry goes and the time of the newest.
func (l *Log) loadLast() error {
	if l.edge.size == 0 {
		return nil
	}
	lines, err := readLines(l.disk, (l.edge.size-1)/width)
	if err != nil {
		return err
	}
	_, e, err := decode(lines[(l.edge.size-1)%width])
	if err != nil {
		return err
	}
	l.last = e.Time
	if l.edge.size%width != 0 {
		for _, line := range lines[:l.edge.size%width] {
			l.bundle += int64(len(line)) + 1
		}
	}
	return nil
}

// leftover is a file with bytes after those that the checkpoint covers.
type leftover struct {
	name string
	keep int64
}

// leftovers finds them, and refuses what one interrupted Append cannot have
// left: adopting or removing that would hide that someone wrote here.
func leftovers(d files, names []string, size int64) ([]leftover, error) {
	var left []leftover
	for _, name := range names {
		if name == checkpointName || name == checkpointName+".tmp" {
			continue
		}
		keep, limit, err := extent(d, name, size)
		if err != nil {
			return nil, err
		}
		b, err := d.ReadFile(name)
		if err != nil {
			return nil, err
		}
		extra := b[min(keep, int64(len(b))):]
		if len(extra) > limit || strings.HasPrefix(name, "entries/") && !oneLine(extra) {
			return nil, &Damage{Kind: ErrForeign, File: name}
		}
		if len(extra) > 0 {
			left = append(left, leftover{name, keep})
		}
	}
	return left, nil
}

// oneLine reports that b is at most one line, whole or cut short.
func oneLine(b []byte) bool {
	i := bytes.IndexByte(b, '\n')
	return i < 0 || i == len(b)-1
}

// extent says how many bytes of a file belong to a log of this size and how
// many more an interrupted Append may have left in it.
func extent(d files, name string, size int64) (keep int64, limit int, err error) {
	if name == bundleName(size/width) {
		lines, err := readLines(d, size/width)
		if err != nil {
			return 0, 0, err
		}
		for _, line := range lines[:min(size%width, int64(len(lines)))] {
			keep += int64(len(line)) + 1
		}
		return keep, maxEntry + 1, nil
	}
	if b, ok := parseNumber(name, "entries/"); ok && b < size/width {
		return 1 << 62, 0, nil // a full bundle, whose length scan has checked
	}
	hashes := size
	for level := 0; level == 0 || hashes > 0 || completes(size, level); level++ {
		if n, ok := parseNumber(name, tilePrefix(level)); ok {
			switch {
			case n < hashes/width:
				return 1 << 62, 0, nil
			case n == hashes/width:
				return hashes % width * hashSize, hashSize, nil
			}
		}
		hashes /= width
	}
	return 0, 0, &Damage{Kind: ErrForeign, File: name}
}

// completes reports whether entry number size would complete a subtree whose
// root is the first hash of this tile level.
func completes(size int64, level int) bool {
	return level < levels && (size+1)>>(levels*level) > 0
}

// seenIn checks a tree head kept by someone else against the leaves.
func seenIn(leaves []tlog.Hash, seen tlog.Tree) error {
	if seen.N > int64(len(leaves)) {
		return &Damage{Kind: ErrTruncated, Index: int64(len(leaves)), Cause: errSeenLonger}
	}
	if rootAt(leaves[:seen.N]) != seen.Hash {
		return &Damage{Kind: ErrRewritten, Index: seen.N}
	}
	return nil
}

var errSeenLonger = errors.New("a longer log was seen before")
