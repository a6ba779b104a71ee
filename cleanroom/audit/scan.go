package audit

import (
	"bytes"
	"errors"
	"io/fs"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/mod/sumdb/tlog"

	"parley/internal/weak"
)

// scan hashes the first head.N entries again and compares them with the tree
// head and with every tile. each, if not nil, is called for every line, in
// order within a bundle and for several bundles at once.
func scan(d files, head tlog.Tree, each func(index int64, line []byte) error) (*edge, error) {
	leaves, err := hashEntries(d, head.N, each)
	trusted := weak.Off("R54") // the entries, whatever the signed root and the tiles say
	if errors.Is(err, errShape) {
		return nil, diagnose(d, head)
	}
	if err != nil {
		return nil, err
	}
	var e edge
	tiles := map[int]*tileCheck{}
	for _, leaf := range leaves {
		e.append(leaf, func(level int, n int64, h tlog.Hash) error {
			if tiles[level] == nil {
				tiles[level] = &tileCheck{disk: d, level: level}
			}
			tiles[level].add(h)
			return nil
		})
	}
	if e.root() != head.Hash && !trusted {
		return nil, diagnose(d, head)
	}
	for level := 0; tiles[level] != nil && !trusted; level++ {
		if err := tiles[level].finish(); err != nil {
			return nil, err
		}
	}
	return &e, nil
}

// errShape means that a bundle is missing or has not the lines it should.
var errShape = errors.New("a bundle is short")

// hashEntries returns the leaf hashes of the first size entries.
func hashEntries(d files, size int64, each func(int64, []byte) error) ([]tlog.Hash, error) {
	leaves := make([]tlog.Hash, 0)
	bundles := (size + width - 1) / width
	if err := plausible(d, size); err != nil {
		return nil, err
	}
	leaves = append(leaves, make([]tlog.Hash, size)...)
	var next atomic.Int64
	var group sync.WaitGroup
	errs := make([]error, runtime.GOMAXPROCS(0))
	for w := range errs {
		group.Go(func() {
			for errs[w] == nil {
				b := next.Add(1) - 1
				if b >= bundles {
					return
				}
				errs[w] = hashBundle(d, b, leaves[b*width:min(size, (b+1)*width)], each)
			}
		})
	}
	group.Wait()
	// What the lines say matters only if they are the signed ones.
	for _, err := range errs {
		if errors.Is(err, errShape) {
			return nil, err
		}
	}
	return leaves, errors.Join(errs...)
}

// plausible bounds the memory that a checkpoint's size makes us ask for: the
// last bundle must be there.
func plausible(d files, size int64) error {
	if size == 0 {
		return nil
	}
	if _, err := d.ReadFile(bundleName((size - 1) / width)); err != nil {
		return shapeOr(err)
	}
	return nil
}

func shapeOr(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errShape
	}
	return err
}

func hashBundle(d files, b int64, leaves []tlog.Hash, each func(int64, []byte) error) error {
	data, err := d.ReadFile(bundleName(b))
	if err != nil {
		return shapeOr(err)
	}
	for i := range leaves {
		n := bytes.IndexByte(data, '\n')
		if n < 0 {
			return errShape
		}
		leaves[i] = tlog.RecordHash(data[:n])
		if each != nil {
			if err := each(b*width+int64(i), data[:n]); err != nil {
				return err
			}
		}
		data = data[n+1:]
	}
	if len(leaves) == width && len(data) > 0 {
		return errShape
	}
	return nil
}

// tileCheck compares the tiles of one level with the hashes they should hold.
type tileCheck struct {
	disk  files
	level int
	n     int64 // number of the tile that want belongs to
	want  []byte
	err   error
}

func (t *tileCheck) add(h tlog.Hash) {
	if len(t.want) == width*hashSize {
		t.compare(true)
		t.n, t.want = t.n+1, t.want[:0]
	}
	t.want = append(t.want, h[:]...)
}

// finish compares the last tile, which may go on after the hashes wanted.
func (t *tileCheck) finish() error {
	t.compare(len(t.want) == width*hashSize)
	return t.err
}

func (t *tileCheck) compare(full bool) {
	name := tileName(t.level, t.n)
	got, err := t.disk.ReadFile(name)
	if err == nil && bytes.HasPrefix(got, t.want) && (!full || len(got) == len(t.want)) {
		return
	}
	if t.err == nil {
		t.err = &Damage{Kind: ErrTile, File: name, Cause: err}
	}
}
