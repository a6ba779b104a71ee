package align

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

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

func newPair(pad Padding, nC, nP int) *pair {
	x := &pair{
		c: Config{Role: RoleC, Session: [32]byte{1, 2, 3}, Own: nC, Peer: nP, Padding: pad, Rand: rand.Reader},
		p: Config{Role: RoleP, Session: [32]byte{1, 2, 3}, Own: nP, Peer: nC, Padding: pad, Rand: rand.Reader},
	}
	x.endC, x.endP = wiretest.Pair()
	return x
}

// run runs both parties; when one fails, the other is cancelled, as a node
// does when told of a failure.
func (x *pair) run(ctx context.Context, c, p [][]byte) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	side := func(cfg Config, end wire.Pipe, units [][]byte, res **Result, err *error) {
		wg.Go(func() {
			if *res, *err = Run(ctx, end, cfg, units); *err != nil {
				cancel()
			}
		})
	}
	side(x.c, x.endC, c, &x.resC, &x.errC)
	side(x.p, x.endP, p, &x.resP, &x.errP)
	wg.Wait()
}

// align runs and demands success.
func align(t testing.TB, pad Padding, c, p [][]byte) *pair {
	t.Helper()
	x := newPair(pad, len(c), len(p))
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
		x := newPair(pad, nC, nP)
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
		"no random":    func(c *Config) { c.Rand = nil },
		"short random": func(c *Config) { c.Rand = io.LimitReader(rand.Reader, 200) },
	} {
		x := newPair(DefaultPadding(), 3, 0)
		change(&x.c)
		if _, err := Run(t.Context(), x.endC, x.c, c); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if len(x.endC.Sent()) != 0 {
			t.Errorf("%s: something was sent", name)
		}
	}
}

func TestRefusesDuplicateOwnUnits(t *testing.T) {
	x := newPair(off, 3, 2)
	x.run(t.Context(), [][]byte{[]byte("a"), []byte("b"), []byte("a")}, [][]byte{[]byte("c"), []byte("d")})
	if x.errC != ErrDuplicateUnit {
		t.Errorf("got %v", x.errC)
	}
	if len(x.endC.Sent()) != 0 {
		t.Error("a list with duplicates was sent")
	}
}
