package audit

import (
	"bytes"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Tree returns the size and root of the log as last signed.
func (l *Log) Tree() (size int64, root tlog.Hash) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.edge.size, l.edge.root()
}

// Checkpoint returns the signed note in force, to be kept by someone else.
func (l *Log) Checkpoint() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.signed)
}

// Inclusion proves that the entry with this index is in the tree of the given
// size; tlog.CheckRecord checks the proof.
func (l *Log) Inclusion(size, index int64) (tlog.RecordProof, error) {
	return tlog.ProveRecord(size, index, l.hashes())
}

// Consistency proves that the tree of size older is the start of the tree of
// size newer; tlog.CheckTree checks the proof.
func (l *Log) Consistency(newer, older int64) (tlog.TreeProof, error) {
	return tlog.ProveTree(newer, older, l.hashes())
}

// Read returns up to n entries from index from on. Each is checked against
// the signed tree before it is returned.
func (l *Log) Read(from int64, n int) ([]Entry, error) {
	size, _ := l.Tree()
	if from < 0 || n < 0 {
		return nil, errors.New("audit log: entries are counted from 0")
	}
	end := min(size, from+min(int64(n), size))
	if from >= end {
		return nil, nil
	}
	want, err := l.leaves(from, end)
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, 0, end-from)
	for b := from / width; b*width < end; b++ {
		lines, err := readLines(l.disk, b)
		if err != nil {
			return nil, fmt.Errorf("audit log: %w", err)
		}
		for i := max(from, b*width); i < min(end, (b+1)*width); i++ {
			k := i - b*width
			if k >= int64(len(lines)) || tlog.RecordHash(lines[k]) != want[i-from] {
				return nil, &Damage{Kind: ErrFlipped, Index: i, File: bundleName(b)}
			}
			_, e, err := decode(lines[k])
			if err != nil {
				return nil, fmt.Errorf("audit log: entry %d: %w", i, err)
			}
			entries = append(entries, e)
		}
	}
	return entries, nil
}

func (l *Log) leaves(from, end int64) ([]tlog.Hash, error) {
	indexes := make([]int64, 0, end-from)
	for i := from; i < end; i++ {
		indexes = append(indexes, tlog.StoredHashIndex(0, i))
	}
	return l.hashes().ReadHashes(indexes)
}

// hashes reads tiles and checks each against the signed root.
func (l *Log) hashes() tlog.HashReader {
	size, root := l.Tree()
	return tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, tiles{l.disk})
}

// tiles reads partial tiles as prefixes of the files: a file only grows.
type tiles struct{ disk files }

func (tiles) Height() int { return levels }

func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(want []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(want))
	for i, w := range want {
		b, err := t.disk.ReadFile(tileName(w.L, w.N))
		if err != nil {
			return nil, err
		}
		if len(b) < w.W*hashSize {
			return nil, &Damage{Kind: ErrTile, File: tileName(w.L, w.N)}
		}
		out[i] = b[:w.W*hashSize]
	}
	return out, nil
}

// readLines returns the complete lines of a bundle, without their newlines.
func readLines(d files, bundle int64) ([][]byte, error) {
	b, err := d.ReadFile(bundleName(bundle))
	if err != nil {
		return nil, err
	}
	lines, _ := splitLines(b)
	return lines, nil
}

// splitLines returns the complete lines and what follows the last newline.
func splitLines(b []byte) (lines [][]byte, rest []byte) {
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			return lines, b
		}
		lines, b = append(lines, b[:i]), b[i+1:]
	}
}
