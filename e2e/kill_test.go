package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestKillPartner kills the partner's node in the middle of an alignment. The
// build tag `servers` adds every stage and either node.
func TestKillPartner(t *testing.T) {
	t.Parallel()
	r := newRoom(t, bigRoom)
	r.killAt(t, "align", r.beta, r.alpha)
	r.mustAnswer(t, bigRoom)
}

// killAt asks the room's question, kills the victim by SIGKILL once the run is
// in the stage, and checks what the survivor makes of it and what the victim
// remembers after a restart. Stages at the end take milliseconds, so that a
// kill may come too late: then nothing is shown, and it is tried again.
func (r *room) killAt(t *testing.T, stage string, victim, survivor *node) {
	t.Helper()
	for range 10 {
		run, err := r.alpha.submit(r.joinQuestion())
		if err != nil {
			t.Fatal(err)
		}
		r.atStage(t, run, stage)
		victim.kill(t)
		killed := time.Now()
		v := survivor.waitEnd(t, run, patience+grace)
		t.Logf("%s killed in %q: %s ended the run after %.1f s: %s: %s", victim.org, stage, survivor.org, time.Since(killed).Seconds(), v.State, v.Error)
		if err := victim.start(); err != nil {
			t.Fatal(err)
		}
		if v.State == "SUCCESS" {
			if end := victim.look(t, run); !end.Ended {
				t.Errorf("after its restart %s still says %s of a run that ended", victim.org, end.State)
			}
			continue
		}
		checkSurvivor(t, v, survivor)
		checkVictim(t, victim.look(t, run))
		return
	}
	t.Fatalf("ten runs ended before the kill in stage %q took effect", stage)
}

// checkSurvivor wants a clear error, no answer, and nothing left behind.
func checkSurvivor(t *testing.T, v *view, n *node) {
	t.Helper()
	if v.State != "FAILED" || v.Result != nil || v.Receipt != nil {
		t.Errorf("at %s the run is %s with %d bytes of result", n.org, v.State, len(v.Result))
	}
	// The last two are what a node is told by a partner that is up again.
	clear := strings.Contains(v.Error, "does not answer") || strings.Contains(v.Error, "no longer knows the run") ||
		strings.Contains(v.Error, "does not know this run")
	if !clear {
		t.Errorf("%s says only: %s", n.org, v.Error)
	}
	n.waitNoSpool(t)
}

// checkVictim wants the run to be over after the restart, without an answer.
func checkVictim(t *testing.T, v *view) {
	t.Helper()
	if !v.Ended || v.State != "FAILED" || v.Result != nil || v.Error == "" {
		t.Errorf("after its restart the killed node says %s, ended %v, error %q", v.State, v.Ended, v.Error)
	}
}
