package history

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"parley/cleanroom/store"
)

var hasher = NewHasher([32]byte{7})

func unit(n int) uint64 { return hasher.Unit(fmt.Append(nil, "unit", n)) }

func sketchOf(x map[int]int64, k int) *Sketch {
	s, places := NewSketch(SizeFor(k)), hasher.Placer()
	for u, v := range x {
		at := places.Of(unit(u))
		s.Add(&at, v)
	}
	return s
}

// seeded draws from PARLEY_SEED, so that a failure can be repeated.
func seeded(t *testing.T) *rand.Rand {
	seed, err := strconv.ParseUint(os.Getenv("PARLEY_SEED"), 10, 64)
	if err != nil {
		seed = 1
	}
	t.Logf("PARLEY_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 5))
}

// The sketch against the truth, on random pairs of vectors around k: 10,000
// were run once; a share of them in every test run. A far pair taken for a
// close one (a refusal too many) has a chance below one in ten thousand; a
// close one is never taken for a far one.
func TestRandomPairs(t *testing.T) {
	pairs := 200
	if n, err := strconv.Atoi(os.Getenv("PARLEY_PAIRS")); err == nil {
		pairs = n
	}
	r := seeded(t)
	tooMany := 0
	for range pairs {
		k := []int{2, 10, 50, 64, 65, 100}[r.IntN(6)]
		a := map[int]int64{}
		for i := range 200 + r.IntN(800) {
			a[i] = 1 + r.Int64N(5)
		}
		b, changes := maps.Clone(a), r.IntN(3*k)
		for range changes {
			switch u := r.IntN(1000); r.IntN(3) {
			case 0:
				delete(b, u)
			case 1:
				b[u] = r.Int64N(1<<60) - 1<<59
			default:
				b[u+1000] = 1
			}
		}
		differ := 0
		for u := range 2000 {
			if a[u] != b[u] {
				differ++
			}
		}
		want := Far
		if differ == 0 {
			want = Same
		} else if differ < k {
			want = Close
		}
		got := sketchOf(a, k).combine(sketchOf(b, k), -1).judge(hasher, k)
		if got == Close && want == Far {
			tooMany++
			continue
		}
		if got != want {
			t.Fatalf("k %d, %d units differ: verdict %d, want %d", k, differ, got, want)
		}
	}
	if tooMany > 1+pairs/1000 {
		t.Errorf("%d of %d far pairs were taken for close ones", tooMany, pairs)
	}
}

// One less than k is refused and k is not, for each way to differ.
func TestAtTheThreshold(t *testing.T) {
	for _, k := range []int{2, 10, 50, 200, 1000} {
		for _, n := range []int{0, 1, k - 1, k, k + 1, 10 * k} {
			a, b := map[int]int64{}, map[int]int64{}
			for i := range 3000 {
				a[i], b[i] = 2, 2
			}
			for i := range n {
				b[i+2900] = 3
			}
			want := Far
			if n == 0 {
				want = Same
			} else if n < k {
				want = Close
			}
			if got := sketchOf(a, k).combine(sketchOf(b, k), -1).judge(hasher, k); got != want {
				t.Errorf("k %d, %d differ: %d, want %d", k, n, got, want)
			}
		}
	}
}

func TestFieldArithmetic(t *testing.T) {
	for _, x := range []uint64{1, 2, prime - 1, 1 << 60, 123456789} {
		if mul(x, inverse(x)) != 1 || add(x, sub(0, x)) != 0 {
			t.Errorf("%d", x)
		}
	}
	if mul(prime-1, prime-1) != 1 || reduce(prime) != 0 || of(-1) != prime-1 {
		t.Error("the field's edges are wrong")
	}
}

type setup struct {
	*History
	t *testing.T
	n int
}

func newHistory(t *testing.T) *setup {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	h, err := New(s, [32]byte{7})
	if err != nil {
		t.Fatal(err)
	}
	return &setup{History: h, t: t}
}

// admit asks for the units from…to-1 of 1000, of a version.
func (s *setup) admit(version string, k, from, to int, skip ...int) error {
	s.t.Helper()
	s.n++
	set := map[int]int64{}
	for i := from; i < to; i++ {
		set[i] = 1
	}
	for _, u := range skip {
		delete(set, u)
	}
	q := &Question{Identity: "d", Version: version, Run: fmt.Sprint("run", s.n), K: k, Units: 1000,
		Whole: func() (*Sketch, error) {
			all := map[int]int64{}
			for i := range 1000 {
				all[i] = 1
			}
			return sketchOf(all, k), nil
		},
		Selection: Selection{Vectors: []*Vector{{Kind: Units, Support: uint64(len(set)), Sketch: sketchOf(set, k)}}}}
	_, err := s.Admit(context.Background(), q, time.Unix(int64(s.n), 0))
	return err
}

func tooClose(err error) bool {
	var e *TooClose
	return errors.As(err, &e)
}

// R01, R02, R22 on the record alone.
func TestAdmit(t *testing.T) {
	s := newHistory(t)
	for _, c := range []struct {
		what     string
		version  string
		from, to int
		skip     []int
		close    bool
	}{
		{"the first", "v1", 0, 400, nil, false},
		{"the same", "v1", 0, 400, nil, false},
		{"one less (R01)", "v1", 0, 400, []int{17}, true},
		{"k-1 more", "v1", 0, 409, nil, true},
		{"k more", "v1", 0, 410, nil, false},
		{"what was left out, and one (R02)", "v1", 399, 1000, nil, true},
		{"exactly what was left out", "v1", 400, 1000, nil, false},
		{"far from all", "v1", 500, 800, nil, false},
		{"what that left out", "v1", 800, 1000, nil, false},
		{"the first again after one unit changed (R22)", "v2", 0, 400, []int{3}, true},
		{"after k changed", "v2", 20, 410, nil, false},
		{"another version, nothing changed", "v3", 500, 800, nil, false},
	} {
		if err := s.admit(c.version, 10, c.from, c.to, c.skip...); tooClose(err) != c.close || (err != nil && !c.close) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	// A refused selection was not recorded: what is close to it alone is fine.
	fresh := newHistory(t)
	for i, err := range []error{fresh.admit("v1", 10, 0, 400), fresh.admit("v1", 10, 0, 405), fresh.admit("v1", 10, 0, 412)} {
		if tooClose(err) != (i == 1) {
			t.Errorf("question %d: %v", i, err)
		}
	}
}

// Repeating a question fills no disk.
func TestRepeatsAreRecordedOnce(t *testing.T) {
	s := newHistory(t)
	for range 5 {
		if err := s.admit("v1", 10, 0, 400); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := s.store.Selections(t.Context(), "d", 10); err != nil || len(all) != 1 {
		t.Errorf("%d selections, %v", len(all), err)
	}
}

// A row that was changed or moved is no row.
func TestSealed(t *testing.T) {
	s := newHistory(t)
	if err := s.admit("v1", 10, 0, 400); err != nil {
		t.Fatal(err)
	}
	other, err := New(s.store, [32]byte{8})
	if err != nil {
		t.Fatal(err)
	}
	s.History = other
	if err := s.admit("v1", 10, 0, 500); !errors.Is(err, errHistory) {
		t.Errorf("under another key: %v", err)
	}
}
