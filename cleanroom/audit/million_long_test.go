//go:build long

package audit

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// TestLongMillion verifies a log of 1,000,000 entries on disk.
// weight 2
func TestLongMillion(t *testing.T) {
	const n = 1_000_000
	dir := t.TempDir()
	d := directory(dir)
	var lines []byte
	var e edge
	tiles := map[string][]byte{}
	put := func(name string, b []byte) {
		must(t, os.MkdirAll(filepath.Dir(d.at(name)), 0o700))
		must(t, os.WriteFile(d.at(name), b, 0o600))
	}
	for i := range n {
		line, err := encode(int64(i), entry(i), noSalt)
		must(t, err)
		lines = append(append(lines, line...), '\n')
		if i%width == width-1 || i == n-1 {
			put(bundleName(int64(i)/width), lines)
			lines = lines[:0]
		}
		must(t, e.append(tlog.RecordHash(line), func(level int, n int64, h tlog.Hash) error {
			name := tileName(level, n/width)
			tiles[name] = append(tiles[name], h[:]...)
			return nil
		}))
	}
	for name, b := range tiles {
		put(name, b)
	}
	tiles = nil
	v, err := newVerifier(origin, node.Public())
	must(t, err)
	signed, err := signCheckpoint(origin, noteSigner{v, node}, n, e.root())
	must(t, err)
	put(checkpointName, signed)
	runtime.GC()
	began := time.Now()
	rep, err := Verify(dir, node.Public(), tlog.Tree{N: n, Hash: e.root()})
	must(t, err)
	took := time.Since(began)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("covered: %d entries verified in %s, %d MiB of heap obtained in all", rep.Entries, took.Round(time.Millisecond), m.HeapSys>>20)
}
