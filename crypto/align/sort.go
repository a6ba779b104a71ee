package align

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/bits"
	"slices"
	"sync"

	"parley/crypto/spill"
)

// sorter sorts files of records bytewise, in memory as far as it goes, and by
// merging sorted runs beyond. Records must be pseudorandom: the time taken
// follows their values, and a skewed list is sorted slower. mu lets one sort
// at a time use the memory.
type sorter struct {
	work  *spill.Dir
	bytes int                  // of memory
	chunk func(record int) int // of the files of runs
	mu    sync.Mutex
	buf   []byte
	keys  []sortKey
	ends  []uint32
}

// sortKey stands for a record: its first eight bytes and its place in buf.
type sortKey struct {
	prefix uint64
	at     uint32
}

// maxRuns bounds the files open at a time. A list so long that its runs would
// be more gets longer runs, and memory beyond the configured one: at the
// default, from 480 million points on.
const maxRuns = 256

// keyBytes is what a record costs besides its bytes: its key and its share of
// the table of buckets.
const keyBytes = 17

// sort calls emit with each record of the named files, in order. The record is
// valid until emit returns. Between records of one value any order may come.
func (s *sorter) sort(ctx context.Context, names []string, record int, emit func([]byte) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	in, n, err := s.open(names, record)
	if err != nil {
		return err
	}
	defer in.close()
	length := max(s.bytes/(record+keyBytes), (n+maxRuns-1)/maxRuns, 1)
	if length > math.MaxUint32 {
		length = math.MaxUint32
	}
	if n <= length {
		return s.load(ctx, in, n, record, emit)
	}
	var runs []string
	defer func() { s.work.Remove(runs...) }()
	for done := 0; done < n; done += length {
		name := fmt.Sprintf("run.%03d", len(runs))
		runs = append(runs, name)
		if err := s.writeRun(ctx, name, in, min(length, n-done), record); err != nil {
			return err
		}
	}
	return s.merge(ctx, runs, record, emit)
}

// input reads several files as one.
type input struct {
	io.Reader
	files []*spill.Reader
}

func (s *sorter) open(names []string, record int) (in *input, n int, err error) {
	in = &input{}
	var parts []io.Reader
	for _, name := range names {
		r, err := s.work.Read(name)
		if err != nil {
			in.close()
			return nil, 0, err
		}
		in.files = append(in.files, r)
		parts = append(parts, r)
		n += int(r.Size() / int64(record))
	}
	in.Reader = io.MultiReader(parts...)
	return in, n, nil
}

func (in *input) close() {
	for _, r := range in.files {
		r.Close()
	}
}

func (s *sorter) writeRun(ctx context.Context, name string, in io.Reader, n, record int) error {
	w, err := s.work.Create(name, s.chunk(record))
	if err != nil {
		return err
	}
	defer w.Close()
	err = s.load(ctx, in, n, record, func(b []byte) error {
		_, err := w.Write(b)
		return err
	})
	if err != nil {
		return err
	}
	return w.CompleteBrief()
}

// load reads n records, and emits them in order.
func (s *sorter) load(ctx context.Context, in io.Reader, n, record int, emit func([]byte) error) error {
	s.buf = sized(s.buf, n*record)
	const step = 1 << 20
	for at := 0; at < len(s.buf); at += step {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := readFull(in, s.buf[at:min(at+step, len(s.buf))]); err != nil {
			return err
		}
	}
	s.order(n, record)
	for i, k := range s.keys {
		if i%watch == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		at := int(k.at) * record
		if err := emit(s.buf[at : at+record]); err != nil {
			return err
		}
	}
	return nil
}

// watch is the number of records between two looks at the context.
const watch = 1 << 14

// order sorts the keys of the records in buf. Records are spread evenly, so
// that a table of buckets by first bits leaves about eight to each.
func (s *sorter) order(n, record int) {
	s.keys = sized(s.keys, n)
	wide := bits.Len(uint(n / 8))
	shift := 64 - wide
	s.ends = sized(s.ends, 1<<wide)
	clear(s.ends)
	for at := 0; at < len(s.buf); at += record {
		s.ends[binary.BigEndian.Uint64(s.buf[at:])>>shift]++
	}
	sum := uint32(0)
	for i, c := range s.ends {
		s.ends[i] = sum
		sum += c
	}
	for i := range n {
		prefix := binary.BigEndian.Uint64(s.buf[i*record:])
		end := &s.ends[prefix>>shift]
		s.keys[*end] = sortKey{prefix, uint32(i)}
		*end++
	}
	start := uint32(0)
	for _, end := range s.ends {
		s.orderBucket(s.keys[start:end], record)
		start = end
	}
}

func (s *sorter) orderBucket(keys []sortKey, record int) {
	if len(keys) > 32 {
		slices.SortFunc(keys, func(a, b sortKey) int { return s.compare(a, b, record) })
		return
	}
	for i := 1; i < len(keys); i++ {
		for j := i; j > 0 && (keys[j].prefix < keys[j-1].prefix ||
			keys[j].prefix == keys[j-1].prefix && s.compare(keys[j], keys[j-1], record) < 0); j-- {
			keys[j], keys[j-1] = keys[j-1], keys[j]
		}
	}
}

// sized returns a slice of length n, the given one if it has the room.
func sized[T any](b []T, n int) []T {
	if cap(b) < n {
		return make([]T, n)
	}
	return b[:n]
}

func (s *sorter) compare(a, b sortKey, record int) int {
	if c := cmp.Compare(a.prefix, b.prefix); c != 0 {
		return c
	}
	x, y := int(a.at)*record, int(b.at)*record
	return bytes.Compare(s.buf[x:x+record], s.buf[y:y+record])
}
