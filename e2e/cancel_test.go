package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// bigRoom is large enough that a person could press Ctrl-C in the middle of
// the alignment.
const bigRoom = 20_000

// TestCtrlC interrupts `parley run` while the alignment is going on: the
// command says so and ends with 130, the run is CANCELLED at both nodes, no
// unread message stays on disk, and the same question is answered afterwards.
func TestCtrlC(t *testing.T) {
	t.Parallel()
	r := newRoom(t, bigRoom)
	ask := r.alpha.command("run", "--quiet", "--agreement", r.agreement, "--sql", joinSQL)
	var notes strings.Builder
	ask.Stderr = &notes
	if err := ask.Start(); err != nil {
		t.Fatal(err)
	}
	run := r.latest(t)
	r.atStage(t, run, "align")
	if err := ask.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	var failed *exec.ExitError
	if err := ask.Wait(); !errors.As(err, &failed) || failed.ExitCode() != 130 {
		t.Fatalf("parley run ended with %v, want exit code 130\n%s", err, notes.String())
	}
	if got := notes.String(); got != "parley: cancelled\n" {
		t.Errorf("parley run said %q", got)
	}
	for _, n := range []*node{r.alpha, r.beta} {
		n.waitState(t, run, "CANCELLED", patience+grace)
		n.waitNoSpool(t)
	}
	r.mustAnswer(t, bigRoom)
}

// latest waits for the run that alpha has been asked for.
func (r *room) latest(t *testing.T) string {
	t.Helper()
	for deadline := time.Now().Add(grace); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		var all []struct {
			ID string `json:"id"`
		}
		if err := r.alpha.call("GET", "/v1/runs", nil, &all); err != nil {
			t.Fatal(err)
		}
		if len(all) > 0 {
			return all[0].ID
		}
	}
	t.Fatal("no run was started")
	return ""
}

// atStage returns as soon as alpha's side of the run is in the stage.
func (r *room) atStage(t *testing.T, run, stage string) {
	t.Helper()
	reached := false
	err := r.alpha.follow(run, func(v *view) bool {
		for _, s := range v.Stages {
			reached = reached || s.Name == stage && !s.Finished
		}
		return reached
	})
	if err != nil || !reached {
		t.Fatalf("the run was never seen in stage %q: %v, state %+v", stage, err, r.alpha.look(t, run))
	}
}

// waitState waits until the node's own record of a run has ended in a state.
func (n *node) waitState(t *testing.T, run, want string, within time.Duration) *view {
	t.Helper()
	v := n.waitEnd(t, run, within)
	if v.State != want {
		t.Fatalf("the run is %s at %s (%s), want %s", v.State, n.org, v.Error, want)
	}
	return v
}

func (n *node) waitEnd(t *testing.T, run string, within time.Duration) *view {
	t.Helper()
	for deadline := time.Now().Add(within); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if v := n.look(t, run); v.Ended {
			return v
		}
	}
	t.Fatalf("the run has not ended at %s within %v: %+v", n.org, within, n.look(t, run))
	return nil
}

// waitNoSpool waits until no message of an ended run is left on disk.
func (n *node) waitNoSpool(t *testing.T) {
	t.Helper()
	var left []string
	for deadline := time.Now().Add(grace); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		entries, err := filepath.Glob(filepath.Join(n.home, "spool", "*"))
		if err != nil {
			t.Fatal(err)
		}
		if left = entries; len(left) == 0 {
			return
		}
	}
	slices.Sort(left)
	t.Errorf("%s still has %q in its spool", n.org, left)
}

// kill ends a node without a chance to say so.
func (n *node) kill(t *testing.T) {
	t.Helper()
	if err := n.end(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}
