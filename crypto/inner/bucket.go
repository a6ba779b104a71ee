package inner

import (
	"errors"
	"iter"
)

var (
	errOutside = errors.New("inner: an entry is outside the agreed slots or groups")
	errChanged = errors.New("inner: the entries were not the same when they were read again")
)

// bucket is the entries in stable order of key, 0 ≤ key < keys, and where each
// key starts. It reads them twice, first with a check of each entry, and holds
// nothing but the result.
func bucket(entries iter.Seq[Entry], keys int, check func(Entry) error, key func(Entry) int) ([]Entry, []uint32, error) {
	start := make([]uint32, keys+1)
	count := 0
	for e := range entries {
		if err := check(e); err != nil {
			return nil, nil, err
		}
		if count++; count > 1<<31 {
			return nil, nil, errors.New("inner: too many entries")
		}
		start[key(e)+1]++
	}
	for k := range keys {
		start[k+1] += start[k]
	}
	next := append([]uint32(nil), start[:keys]...)
	sorted := make([]Entry, count)
	for e := range entries {
		k := key(e)
		if k >= keys || next[k] == start[k+1] {
			return nil, nil, errChanged
		}
		sorted[next[k]] = e
		next[k]++
	}
	return sorted, start, nil
}

// blockOf is the block of a slot; N is a power of two.
func (s *Set) blockOf(slot uint32) int { return int(slot) >> s.logN }
