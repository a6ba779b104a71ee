package align

import (
	"bytes"
	"context"
	"errors"
	mathrand "math/rand/v2"
	"slices"
	"testing"
)

// sortedBy runs the sorter over records split between two files.
func sortedBy(t *testing.T, memory int64, records [][]byte) (out [][]byte) {
	t.Helper()
	cfg := Config{Memory: memory, Own: len(records), Work: work(t, t.TempDir())}
	size := len(records[0])
	for i, part := range [][][]byte{records[:len(records)/3], records[len(records)/3:]} {
		w, err := cfg.Work.Create([]string{"a", "b"}[i], cfg.chunk(size))
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range part {
			if _, err := w.Write(b); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Complete(); err != nil {
			t.Fatal(err)
		}
	}
	s := &sorter{work: cfg.Work, bytes: cfg.sorting(), chunk: cfg.chunk}
	err := s.sort(t.Context(), []string{"a", "b"}, size, func(b []byte) error {
		out = append(out, bytes.Clone(b))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Records come out in order, none lost, whatever the memory and however
// skewed or equal they are.
func TestSortIsASort(t *testing.T) {
	r := mathrand.New(mathrand.NewPCG(1, 2))
	for _, size := range []int{20, 36} {
		for _, n := range []int{1, 9, 1500} {
			for _, spread := range []int{256, 2, 1} {
				records := make([][]byte, n)
				for i := range records {
					records[i] = make([]byte, size)
					for j := range records[i] {
						records[i][j] = byte(r.IntN(spread))
					}
				}
				want := slices.SortedFunc(slices.Values(records), bytes.Compare)
				for _, memory := range []int64{1, 30000, 0} {
					if got := sortedBy(t, memory, records); !slices.EqualFunc(got, want, bytes.Equal) {
						t.Fatalf("%d records of %d bytes, %d values a byte, memory %d: not sorted", n, size, spread, memory)
					}
				}
			}
		}
	}
}

func TestSortStops(t *testing.T) {
	cfg := Config{Work: work(t, t.TempDir())}
	w, err := cfg.Work.Create("a", cfg.chunk(32))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(func() error { _, err := w.Write(make([]byte, 320)); return err }(), w.Complete()); err != nil {
		t.Fatal(err)
	}
	s := &sorter{work: cfg.Work, bytes: cfg.sorting(), chunk: cfg.chunk}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	emit := func([]byte) error { t.Error("a record came after the end"); return nil }
	if err := s.sort(ctx, []string{"a"}, 32, emit); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	stop := errors.New("stop")
	if err := s.sort(t.Context(), []string{"a"}, 32, func([]byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
}

// A list is rising only if every entry is above the one before.
func TestRising(t *testing.T) {
	for list, fails := range map[string]bool{"": false, "a": false, "abc": false, "abb": true, "aba": true, "ba": true, "\x00": false} {
		var r rising
		for i := range len(list) {
			r.next([]byte{list[i]})
		}
		if r.failed != fails {
			t.Errorf("%q: failed is %v", list, r.failed)
		}
	}
}
