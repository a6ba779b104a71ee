package sampledata

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Two writes give the same bytes, and every main file has the rows it should.
func TestSizesAndBytes(t *testing.T) {
	for _, room := range Rooms() {
		for _, n := range []int{Least, 50_000} {
			a, b := t.TempDir(), t.TempDir()
			for _, dir := range []string{a, b} {
				if err := Write(room, dir, n); err != nil {
					t.Fatal(err)
				}
			}
			files, err := filepath.Glob(filepath.Join(a, "*.csv"))
			if err != nil || len(files) < 2 {
				t.Fatalf("%s: %v, %v", room, files, err)
			}
			for _, f := range files {
				first, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				second, err := os.ReadFile(filepath.Join(b, filepath.Base(f)))
				if err != nil || !bytes.Equal(first, second) {
					t.Errorf("%s: another write, other bytes: %v", filepath.Base(f), err)
				}
				if rows := bytes.Count(first, []byte("\n")) - 1; rows < n || rows > 3*n {
					t.Errorf("%s of %s at %d: %d rows", filepath.Base(f), room, n, rows)
				}
			}
		}
	}
	if err := Write("media", t.TempDir(), Least-1); !errors.Is(err, ErrSize) {
		t.Errorf("got %v", err)
	}
	if err := Write("attic", t.TempDir(), Least); err == nil {
		t.Error("a room that is not there")
	}
}
