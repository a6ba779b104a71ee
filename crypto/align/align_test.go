package align

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"parley/crypto/spill"
	"parley/crypto/wire"
	"parley/crypto/wire/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// off and small are paddings for tests of other things.
var (
	off   = Padding{Off: true}
	small = Padding{T: 6, Epsilon: 5}
)

// pair is one run of both parties in memory.
type pair struct {
	c, p       Config
	endC, endP *wiretest.End
	resC, resP *Result
	errC, errP error
}

func newPair(t testing.TB, pad Padding, nC, nP int) *pair {
	t.Helper()
	side := func(role Role, own, peer int) Config {
		c := Config{Role: role, Session: [32]byte{1, 2, 3}, Own: own, Peer: peer, Padding: pad, Work: work(t, t.TempDir())}
		rand.Read(c.Seed[:])
		return c
	}
	x := &pair{c: side(RoleC, nC, nP), p: side(RoleP, nP, nC)}
	x.endC, x.endP = wiretest.Pair()
	return x
}

// workKey seals the work files of all tests.
var workKey = [32]byte{7}

// work opens a work directory until the test ends.
func work(t testing.TB, path string) *spill.Dir {
	t.Helper()
	root, err := os.OpenRoot(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	d, err := spill.Open(root, workKey)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// each gives units held in memory. It reuses the slice, as it may.
func each(units [][]byte) Units {
	return func(_ context.Context, yield func([]byte) error) error {
		var b []byte
		for _, u := range units {
			b = append(b[:0], u...)
			if err := yield(b); err != nil {
				return err
			}
		}
		return nil
	}
}

// run runs both parties; when one fails, the other is cancelled, as a node
// does when told of a failure.
func (x *pair) run(ctx context.Context, c, p [][]byte) {
	x.runOver(ctx, x.endC, x.endP, each(c), each(p))
}

func (x *pair) runOver(ctx context.Context, endC, endP wire.Pipe, c, p Units) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	side := func(cfg Config, end wire.Pipe, units Units, res **Result, err *error) {
		wg.Go(func() {
			if *res, *err = Run(ctx, end, cfg, units); *err != nil {
				cancel()
			}
		})
	}
	side(x.c, endC, c, &x.resC, &x.errC)
	side(x.p, endP, p, &x.resP, &x.errP)
	wg.Wait()
}

// align runs and demands success.
func align(t testing.TB, pad Padding, c, p [][]byte) *pair {
	t.Helper()
	x := newPair(t, pad, len(c), len(p))
	x.run(context.Background(), c, p)
	if x.errC != nil || x.errP != nil {
		t.Fatalf("C: %v; P: %v", x.errC, x.errP)
	}
	return x
}

// sets returns two shuffled sets with the given overlap.
func sets(nC, nP, shared int, seed uint64) (c, p [][]byte) {
	for i := range nC {
		c = append(c, fmt.Appendf(nil, "unit%d@example.org", i))
	}
	for i := range nP {
		p = append(p, fmt.Appendf(nil, "unit%d@example.org", nC-shared+i))
	}
	r := mathrand.New(mathrand.NewPCG(seed, 1))
	r.Shuffle(nC, func(i, j int) { c[i], c[j] = c[j], c[i] })
	r.Shuffle(nP, func(i, j int) { p[i], p[j] = p[j], p[i] })
	return c, p
}

// fataler is what testing.T and rapid.T share.
type fataler interface{ Fatalf(string, ...any) }

// checkSlots demands that slots are equal exactly where units are, and that
// both sides agree on the total.
func checkSlots(t fataler, x *pair, c, p [][]byte, shared int) {
	unitAt := map[uint32]string{}
	enter := func(units [][]byte, r *Result) {
		if len(r.Slots) != len(units) {
			t.Fatalf("%d slots for %d units", len(r.Slots), len(units))
		}
		own := map[uint32]bool{}
		for i, slot := range r.Slots {
			if int(slot) >= r.Total || own[slot] {
				t.Fatalf("slot %d of %d is out of range or given twice", slot, r.Total)
			}
			own[slot] = true
			if u, ok := unitAt[slot]; ok && u != string(units[i]) {
				t.Fatalf("two units share slot %d", slot)
			}
			unitAt[slot] = string(units[i])
		}
	}
	enter(c, x.resC)
	enter(p, x.resP)
	if x.resC.Total != x.resP.Total {
		t.Fatalf("totals differ: %d and %d", x.resC.Total, x.resP.Total)
	}
	if want := len(c) + len(p) - shared; len(unitAt) != want {
		t.Fatalf("%d slots hold units, want %d", len(unitAt), want)
	}
	if x.c.Padding.Off && x.resC.Total != len(unitAt) {
		t.Fatalf("%d slots without padding, want %d", x.resC.Total, len(unitAt))
	}
}

func TestSlotsAnySets(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		nC, nP := rapid.IntRange(0, 40).Draw(r, "nC"), rapid.IntRange(0, 40).Draw(r, "nP")
		shared := rapid.IntRange(0, min(nC, nP)).Draw(r, "shared")
		pad := rapid.SampledFrom([]Padding{off, small}).Draw(r, "padding")
		c, p := sets(nC, nP, shared, rapid.Uint64().Draw(r, "seed"))
		x := newPair(t, pad, nC, nP)
		x.run(context.Background(), c, p)
		if x.errC != nil || x.errP != nil {
			r.Fatalf("C: %v; P: %v", x.errC, x.errP)
		}
		checkSlots(r, x, c, p, shared)
	})
}

func TestSlotsSizes(t *testing.T) {
	for _, v := range []struct {
		nC, nP, shared int
		pad            Padding
	}{
		{2000, 2000, 700, off},
		{600, 2000, 600, off},
		{700, 300, 0, off}, // C may be the larger side
		{0, 0, 0, DefaultPadding()},
		{1, 500, 1, DefaultPadding()},
		{257, 256, 256, off},
	} {
		c, p := sets(v.nC, v.nP, v.shared, 7)
		checkSlots(t, align(t, v.pad, c, p), c, p, v.shared)
	}
}

// Units are byte strings of any content and length.
func TestSlotsOddUnits(t *testing.T) {
	c := [][]byte{{}, {0}, {0, 0}, []byte("a"), make([]byte, 5000)}
	p := [][]byte{{0, 0}, {}, []byte("A"), make([]byte, 4999)}
	checkSlots(t, align(t, off, c, p), c, p, 2)
}

func TestRefusesOwnFaults(t *testing.T) {
	c, _ := sets(3, 0, 0, 1)
	for name, change := range map[string]func(*Config){
		"no role":      func(c *Config) { c.Role = 0 },
		"count":        func(c *Config) { c.Own = 4 },
		"negative":     func(c *Config) { c.Peer = -1 },
		"too many":     func(c *Config) { c.Peer = maxUnits + 1 },
		"no padding":   func(c *Config) { c.Padding = Padding{} },
		"weak padding": func(c *Config) { c.Padding = Padding{T: 277, Epsilon: 0.1} },
		"both":         func(c *Config) { c.Padding = Padding{T: 278, Epsilon: 0.1, Off: true} },
		"no seed":      func(c *Config) { c.Seed = [32]byte{} },
		"memory":       func(c *Config) { c.Memory = -1 },
		"no work":      func(c *Config) { c.Work = nil },
	} {
		x := newPair(t, DefaultPadding(), 3, 0)
		change(&x.c)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if _, err := Run(ctx, x.endC, x.c, each(c)); err == nil || ctx.Err() != nil {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
		if len(x.endC.Sent()) != 0 {
			t.Errorf("%s: something was sent", name)
		}
	}
}

func TestRefusesDuplicateOwnUnits(t *testing.T) {
	x := newPair(t, off, 3, 2)
	x.run(t.Context(), [][]byte{[]byte("a"), []byte("b"), []byte("a")}, [][]byte{[]byte("c"), []byte("d")})
	if x.errC != ErrDuplicateUnit {
		t.Errorf("got %v", x.errC)
	}
	if len(x.endC.Sent()) != 0 {
		t.Error("a list with duplicates was sent")
	}
}
