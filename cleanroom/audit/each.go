package audit

import (
	"crypto/ed25519"
	"errors"
	"fmt"
)

// Each reads all entries of a log's files in order, after Verify has found them
// sound. line is the entry as it stands in the file.
func Each(dir string, key ed25519.PublicKey, fn func(index int64, e *Entry, line []byte) error) error {
	d := directory(dir)
	_, head, err := readHead(d, key)
	if err != nil {
		return err
	}
	for b := int64(0); b*width < head.N; b++ {
		lines, err := readLines(d, b)
		if err != nil {
			return err
		}
		for i, line := range lines[:min(int64(len(lines)), head.N-b*width)] {
			index := b*width + int64(i)
			_, e, err := decode(line)
			if err != nil {
				return fmt.Errorf("entry %d: %w", index, err)
			}
			if err := fn(index, &e, line); err != nil {
				return err
			}
		}
	}
	return nil
}

// Files gives out the log's files as they were under a head of it: entries and
// hashes that came later are cut off.
func (l *Log) Files(h Head, fn func(name string, b []byte) error) error {
	if err := fn(checkpointName, h.Note); err != nil {
		return err
	}
	names, err := l.disk.List()
	if err != nil {
		return err
	}
	for _, name := range names {
		if name == checkpointName || name == checkpointName+".tmp" {
			continue
		}
		keep, _, err := extent(l.disk, name, h.Size)
		if errors.Is(err, ErrForeign) {
			continue // of entries that came later
		}
		if err != nil {
			return err
		}
		b, err := l.disk.ReadFile(name)
		if err != nil {
			return err
		}
		if b = b[:min(keep, int64(len(b)))]; len(b) == 0 {
			continue
		}
		if err := fn(name, b); err != nil {
			return err
		}
	}
	return nil
}
