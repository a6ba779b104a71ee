//go:build servers

package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestFullDisk fills the disk under one node's home, leaving a little more
// room each time, so that the write that fails is another one each time: the
// audit log, the state, the spool, the alignment. Every run then gives the
// right answer or none, and the node stays up. The audit log takes no entry
// after a failed write until it has been opened anew, so with room again the
// node is restarted; it then answers, and its log is sound.
func TestFullDisk(t *testing.T) {
	for _, org := range []string{"alpha", "beta"} {
		t.Run(org, func(t *testing.T) {
			t.Parallel()
			fullDisk(t, org)
		})
	}
}

const smallRoom = 500

func fullDisk(t *testing.T, org string) {
	dir, err := os.MkdirTemp("", "room-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	home := mountSmall(t, filepath.Join(dir, org), 24)
	r, err := openRoom(dir, smallRoom)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []*node{r.alpha, r.beta} {
		t.Cleanup(func() { n.end(syscall.SIGKILL) })
		if err := n.start(); err != nil {
			t.Fatal(err)
		}
	}
	failures := 0
	for _, free := range []int64{0, 8 << 10, 32 << 10, 64 << 10, 128 << 10, 256 << 10, 512 << 10, 1 << 20} {
		empty := fill(t, home, free)
		failures += r.rightOrNothing(t)
		for _, n := range []*node{r.alpha, r.beta} {
			if err := n.call("GET", "/v1/status", nil, nil); err != nil {
				t.Fatalf("with %d bytes free on the disk of %s, %s does not answer: %v", free, org, n.org, err)
			}
		}
		empty()
		r.restart(t, org)
		r.mustAnswer(t, smallRoom)
	}
	if failures == 0 {
		t.Error("no run failed: the disk was never full when it mattered")
	}
	t.Logf("%d of 8 runs gave no answer", failures)
	for _, n := range []*node{r.alpha, r.beta} {
		if err := n.end(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if _, err := n.run("audit", "verify"); err != nil {
			t.Error(err)
		}
	}
}

// mountSmall makes a folder on a tmpfs of so many MiB.
func mountSmall(t *testing.T, dir string, mib int) string {
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700,size="+strconv.Itoa(mib)+"m"); err != nil {
		t.Fatalf("mount a tmpfs, which needs root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill takes all but some bytes of a folder's disk, and returns how to give
// them back.
func fill(t *testing.T, dir string, free int64) (empty func()) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, 4096)
	var size int64
	for err = nil; err == nil; {
		var n int
		n, err = f.Write(page)
		size += int64(n)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if err := f.Truncate(max(0, size-free)); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(f.Name()); err != nil {
			t.Fatal(err)
		}
	}
}

func (r *room) restart(t *testing.T, org string) {
	t.Helper()
	n := r.alpha
	if org == "beta" {
		n = r.beta
	}
	if err := errors.Join(n.end(syscall.SIGTERM), n.start()); err != nil {
		t.Fatal(err)
	}
}

// rightOrNothing asks the room's question; it returns 1 if there was no
// answer and fails the test if there was a wrong one, or one with an error.
func (r *room) rightOrNothing(t *testing.T) int {
	t.Helper()
	out, err := r.alpha.run("run", "--quiet", "--agreement", r.agreement, "--format", "csv", "--sql", joinSQL)
	out = strings.ReplaceAll(out, "\r\n", "\n")
	switch {
	case err == nil && out == wantCSV(smallRoom):
		return 0
	case err != nil && out == "":
		t.Log(err)
		return 1
	}
	t.Errorf("the answer is %q with error %v", out, err)
	return 1
}
