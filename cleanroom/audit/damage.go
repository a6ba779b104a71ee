package audit

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Kinds of damage, to test for with errors.Is.
var (
	ErrFlipped    = errors.New("an entry was changed")
	ErrDeleted    = errors.New("entries are missing from the middle")
	ErrTruncated  = errors.New("entries are missing from the end")
	ErrReordered  = errors.New("entries are not in their order")
	ErrTile       = errors.New("a hash tile does not match the entries")
	ErrCheckpoint = errors.New("the checkpoint is missing or does not verify")
	ErrForeign    = errors.New("there is a file or entry that is not the log's")
	ErrTime       = errors.New("an entry is older than the one before it")
	ErrRewritten  = errors.New("the log is not a continuation of one seen before")
)

// Damage says what is wrong with a log's files, and where.
type Damage struct {
	Kind  error
	Index int64  // first entry concerned, where it is about entries
	File  string // relative to the log's directory, where it is about a file
	Cause error  // further detail, may be nil
}

func (d *Damage) Error() string {
	s := d.Kind.Error()
	if d.File != "" {
		s += ": file " + d.File
	} else {
		s += fmt.Sprintf(": entry %d", d.Index)
	}
	if d.Cause != nil {
		s += ": " + d.Cause.Error()
	}
	return s
}

func (d *Damage) Unwrap() []error {
	if d.Cause != nil {
		return []error{d.Kind, d.Cause}
	}
	return []error{d.Kind}
}

// diagnose names the damage of entries that do not give the signed root. It
// looks for each line found among the leaf hashes, if those still give the
// root, else goes by the index inside the line.
func diagnose(d files, head tlog.Tree) *Damage {
	lines, atEnd := allLines(d, head.N)
	place := placer(d, head)
	at := make([]int64, len(lines))
	for i, line := range lines {
		if at[i] = place(line); at[i] < 0 {
			return &Damage{Kind: ErrFlipped, Index: int64(i)}
		}
	}
	if !slices.IsSortedFunc(at, func(a, b int64) int {
		if a > b {
			return 1
		}
		return -1 // equal is out of order as well: an entry was repeated
	}) {
		return &Damage{Kind: ErrReordered, Index: firstOff(at)}
	}
	switch missing := firstOff(at); {
	case missing == int64(len(at)) && missing == head.N:
		// Every line is where it belongs and yet the root differs.
		return &Damage{Kind: ErrFlipped}
	case missing == int64(len(at)) && atEnd:
		return &Damage{Kind: ErrTruncated, Index: missing}
	default:
		return &Damage{Kind: ErrDeleted, Index: missing}
	}
}

// firstOff is the first position whose entry belongs elsewhere, or the length.
func firstOff(at []int64) int64 {
	for i, a := range at {
		if a != int64(i) {
			return int64(i)
		}
	}
	return int64(len(at))
}

// allLines reads what is left of the first size entries. atEnd reports that
// whatever is missing is missing after the last line found.
func allLines(d files, size int64) (lines [][]byte, atEnd bool) {
	atEnd = true
	short := false
	for b := int64(0); b*width < size; b++ {
		found, _ := readLines(d, b)
		if want := min(width, size-b*width); int64(len(found)) > want && b == (size-1)/width {
			found = found[:want] // the rest is not covered by the checkpoint
		}
		if short && len(found) > 0 {
			atEnd = false
		}
		short = short || len(found) < width
		lines = append(lines, found...)
	}
	return lines, atEnd
}

// placer returns a function from a line to its index, -1 if it has none.
func placer(d files, head tlog.Tree) func([]byte) int64 {
	var leaves []tlog.Hash
	for b := int64(0); b*width < head.N; b++ {
		t, _ := d.ReadFile(tileName(0, b))
		for i := 0; i+hashSize <= len(t) && int64(len(leaves)) < head.N; i += hashSize {
			leaves = append(leaves, tlog.Hash(t[i:i+hashSize]))
		}
	}
	if int64(len(leaves)) == head.N && rootAt(leaves) == head.Hash {
		index := make(map[tlog.Hash]int64, len(leaves))
		for i, h := range leaves {
			index[h] = int64(i)
		}
		return func(line []byte) int64 {
			if i, ok := index[tlog.RecordHash(line)]; ok {
				return i
			}
			return -1
		}
	}
	return func(line []byte) int64 {
		if i, _, err := decode(line); err == nil && i >= 0 && i < head.N {
			return i
		}
		return -1
	}
}
