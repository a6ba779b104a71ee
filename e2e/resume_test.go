package e2e

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// resumeRoom is large enough that every message of its alignment has a moment
// of its own.
const resumeRoom = 40_000

// TestResumeAlignment kills one node in the middle of an alignment: asked
// again, the two go on where they were.
func TestResumeAlignment(t *testing.T) {
	t.Parallel()
	r := newRoom(t, resumeRoom)
	r.killAndResume(t, resumeRoom, r.beta, 0.5)
}

// killAndResume asks the room's question, kills the victim once the nodes have
// acknowledged a part of what the alignment sends in all, restarts it, and
// asks again. The answer is right and hardly anything is sent twice. It returns
// the bytes that were acknowledged before, and those that were sent again.
func (r *room) killAndResume(t *testing.T, people int, victim *node, part float64) (acknowledged, again int64) {
	t.Helper()
	survivor := r.alpha
	if victim == survivor {
		survivor = r.beta
	}
	whole := alignmentBytes(people)
	run, err := r.alpha.submit(r.joinQuestion())
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Minute); r.acknowledged(t) < int64(part*float64(whole)); time.Sleep(2 * time.Millisecond) {
		if v := r.alpha.look(t, run); v.Ended || time.Now().After(deadline) {
			t.Fatalf("the alignment never came so far: %s %s", v.State, v.Error)
		}
	}
	victim.kill(t)
	acknowledged = r.acknowledged(t)
	if v := survivor.waitEnd(t, run, patience+grace); v.State != "FAILED" || !strings.Contains(v.Error, "asking again takes it up") {
		t.Errorf("%s ended the run as %s: %s", survivor.org, v.State, v.Error)
	}
	// The survivor may have stored more of the victim's than the victim knew.
	acknowledged = max(acknowledged, r.acknowledged(t))
	if err := victim.start(); err != nil {
		t.Fatal(err)
	}
	r.mustAnswer(t, people)
	sent := int64(0)
	for _, n := range []*node{r.alpha, r.beta} {
		sent += n.alignmentSent(t, r.latest(t), "align (resumed)")
		if left := n.leftWork(t); len(left) > 0 {
			t.Errorf("%s still has %q", n.org, left)
		}
	}
	again = sent - (whole - acknowledged)
	t.Logf("%s killed when %d of %d bytes were acknowledged; %d sent after that, %d of them again (%.1f %%)",
		victim.org, acknowledged, whole, sent, again, 100*float64(again)/float64(acknowledged))
	if again > acknowledged/10 {
		t.Errorf("%d of %d acknowledged bytes were sent again", again, acknowledged)
	}
	return acknowledged, again
}

// alignmentBytes is what an alignment of a room sends in all, both nodes
// together: 128 bytes for every unit of one side, 64 for every one of the
// other, 12 for every slot, and 32 less for every unit of both. Each side adds
// 1,112 dummies, of which both have 556, give or take a few dozen.
func alignmentBytes(people int) int64 {
	fifth := int64(people / 5)
	side, both := 4*fifth+1112, 3*fifth+556
	return (128+64)*side + 12*(2*side-both) - 32*both
}

// acknowledged counts the bytes of the unfinished alignment that either node
// has stored of the other's.
func (r *room) acknowledged(t *testing.T) (sum int64) {
	t.Helper()
	for _, n := range []*node{r.alpha, r.beta} {
		for _, f := range n.leftWork(t) {
			info, err := os.Lstat(f)
			if err == nil && filepath.Base(filepath.Dir(f)) == "received" && !strings.HasSuffix(f, ".part") {
				sum += info.Size() - 28 // nonce and tag
			}
		}
	}
	return sum
}

// leftWork lists the files of unfinished alignments.
func (n *node) leftWork(t *testing.T) (all []string) {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(n.home, "alignments", "*.work"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		filepath.WalkDir(d, func(path string, e fs.DirEntry, err error) error { // a file may go while we look
			if err == nil && !e.IsDir() {
				all = append(all, path)
			}
			return nil
		})
	}
	return all
}

// alignmentSent is what a node sent in a run's stage of that name.
func (n *node) alignmentSent(t *testing.T, run, stage string) int64 {
	t.Helper()
	v := n.look(t, run)
	for _, s := range v.Stages {
		if s.Name == stage {
			return s.Sent
		}
	}
	t.Errorf("%s has no stage %q: %+v", n.org, stage, v.Stages)
	return 0
}
