//go:build long

package e2e

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// TestLongKills kills one node or the other at random moments of a run, with
// and without a stored alignment, for as long as PARLEY_SUITE_MINUTES says.
// After every kill the survivor has ended the run in time, neither node shows
// a half-made answer, and the next run gives the right one. The moments follow
// from PARLEY_SEED; how far the run is by then depends on the machine.
func TestLongKills(t *testing.T) {
	minutes, err := strconv.ParseFloat(os.Getenv("PARLEY_SUITE_MINUTES"), 64)
	if err != nil {
		t.Fatalf("PARLEY_SUITE_MINUTES: %v", err)
	}
	seed, err := strconv.ParseUint(os.Getenv("PARLEY_SEED"), 10, 64)
	if err != nil {
		t.Fatalf("PARLEY_SEED: %v", err)
	}
	dice := rand.New(rand.NewPCG(seed, 1))
	end := time.Now().Add(time.Duration(minutes * float64(time.Minute)))
	rooms, kills, late := 0, 0, 0
	for rooms == 0 || time.Now().Before(end) {
		rooms++
		r := newRoom(t, bigRoom)
		for i := 0; i < 6 && (i == 0 || time.Now().Before(end)); i++ {
			kills++
			if !r.killAfter(t, dice, i == 0) {
				late++
			}
			r.mustAnswer(t, bigRoom)
		}
		for _, n := range []*node{r.alpha, r.beta} {
			n.kill(t)
			if _, err := n.run("audit", "verify"); err != nil {
				t.Error(err)
			}
		}
	}
	t.Logf("covered: %d kills in %d rooms, %d of them after the run had ended", kills, rooms, late)
}

// killAfter kills a node up to 3 s into a run that still has to align, up to
// 1 s into another; it returns false if the run was over by then.
func (r *room) killAfter(t *testing.T, dice *rand.Rand, aligning bool) bool {
	t.Helper()
	victim, survivor := r.alpha, r.beta
	if dice.IntN(2) == 0 {
		victim, survivor = r.beta, r.alpha
	}
	limit := time.Second
	if aligning {
		limit *= 3
	}
	delay := time.Duration(dice.Int64N(int64(limit)))
	run, err := r.alpha.submit(r.joinQuestion())
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(delay)
	victim.kill(t)
	known := survivor.call("GET", "/v1/runs/"+run, nil, nil) == nil // else it had not been asked yet
	if err := victim.start(); err != nil {
		t.Fatal(err)
	}
	if v := victim.call("GET", "/v1/runs/"+run, nil, nil); v == nil {
		if end := victim.look(t, run); !end.Ended {
			t.Errorf("after its restart %s says %s", victim.org, end.State)
		}
	}
	if !known {
		return true
	}
	v := survivor.waitEnd(t, run, patience+grace)
	if v.State == "SUCCESS" {
		return false
	}
	checkSurvivor(t, v, survivor)
	return true
}
