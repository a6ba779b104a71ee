//go:build long

package garble

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"parley/crypto/wire"
)

// weight 1

// TestLongRuns lets two nodes make one run after another, of random
// specifications and sizes, in both roles. Some are changed on the wire, some
// are cut short, now and then a node forgets its base transfers. Every answer
// is right or withheld as a whole, and no base serves two runs.
func TestLongRuns(t *testing.T) {
	number, err := strconv.ParseUint(os.Getenv("PARLEY_SEED"), 10, 64)
	if err != nil {
		number = 1
	}
	minutes, err := strconv.ParseFloat(os.Getenv("PARLEY_SUITE_MINUTES"), 64)
	if err != nil {
		minutes = 0.5
	}
	end := time.Now().Add(time.Duration(minutes * float64(time.Minute)))
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], number)
	source := rand.NewChaCha8(key)
	r := rng{rand.New(source), source}
	nodes := [2]*Base{new(Base), new(Base)}
	used := map[baseID]bool{}
	runs, cells, kept, ended := 0, 0, 0, 0
	for ; time.Now().Before(end) && !t.Failed(); runs++ {
		if r.IntN(10) == 0 {
			nodes[r.IntN(2)] = new(Base)
		}
		b := mixed(r, randomSpec(r), 1+r.IntN(400))
		binary.BigEndian.PutUint64(b.session[:], uint64(runs))
		garbler := r.IntN(2)
		b.baseG, b.baseE = nodes[garbler], nodes[1-garbler]
		if s := b.baseE.sent; s != nil && b.baseG.got != nil && s.id == b.baseG.got.id {
			if used[s.id] {
				t.Fatal("a base serves a second run")
			}
			used[s.id] = true
			kept++
		}
		ctx, cancel := context.WithCancel(t.Context())
		if r.IntN(4) == 0 {
			b.disturb(r, cancel)
		}
		b.runIn(ctx, t, byte(r.IntN(100)))
		cancel()
		cells += b.spec.Cells
		if b.errE == nil && b.errG == nil {
			b.right(t)
			continue
		}
		ended++
		if b.errE != nil && (b.released != nil || b.baseE.sent != nil) || b.errG != nil && b.baseG.got != nil {
			t.Fatal("something is left of a run that failed")
		}
	}
	t.Logf("covered: %d runs of %d cells, %d with a kept base, %d failed or cut, seed %d", runs, cells, kept, ended, number)
}

// disturb changes or cuts the run at one of its messages.
func (b *both) disturb(r rng, cancel func()) {
	at, cuts, change := r.IntN(7), r.IntN(2) == 0, r.block()
	tamper := func(_ wire.Step, m []byte) []byte {
		if at--; at != 0 || len(m) == 0 {
			return m
		}
		if cuts {
			cancel()
			return m
		}
		m = append([]byte(nil), m...)
		m[change.lo%uint64(len(m))] ^= byte(change.hi) | 1
		return m
	}
	if r.IntN(2) == 0 {
		b.tamperG = tamper
	} else {
		b.tamperE = tamper
	}
}
