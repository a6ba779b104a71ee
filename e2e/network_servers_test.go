//go:build servers

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestCutLink has the two nodes on two networks with a cable between them,
// and pulls the cable in the middle of the alignment: no packet says that
// anything is wrong, and yet both nodes end the run in time, and answer when
// the cable is back.
func TestCutLink(t *testing.T) {
	t.Parallel()
	w := newCable(t)
	dir, err := os.MkdirTemp("", "room-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	r, err := openRoomOn(dir, bigRoom, w)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []*node{r.alpha, r.beta} {
		t.Cleanup(func() { n.end(syscall.SIGKILL) })
		if err := n.start(); err != nil {
			t.Fatal(err)
		}
	}
	run, err := r.alpha.submit(r.joinQuestion())
	if err != nil {
		t.Fatal(err)
	}
	r.atStage(t, run, "align")
	w.set(t, "down")
	cut := time.Now()
	for _, n := range []*node{r.alpha, r.beta} {
		v := n.waitEnd(t, run, 2*patience+grace)
		t.Logf("%s ended the run %.1f s after the cut: %s: %s", n.org, time.Since(cut).Seconds(), v.State, v.Error)
		if v.State != "FAILED" || !strings.Contains(v.Error, "does not answer") {
			t.Errorf("%s: %s: %s", n.org, v.State, v.Error)
		}
		n.waitNoSpool(t)
	}
	w.set(t, "up")
	r.mustAnswer(t, bigRoom)
}

// cable is a pair of network namespaces with a link between them.
//
//	ns a  10.77.0.1  <── veth ──>  10.77.0.2  ns b
type cable struct{ a, b string }

func newCable(t *testing.T) *cable {
	t.Helper()
	w := &cable{fmt.Sprintf("parley-a%d", os.Getpid()), fmt.Sprintf("parley-b%d", os.Getpid())}
	for _, ns := range []string{w.a, w.b} {
		t.Cleanup(func() { exec.Command("ip", "netns", "delete", ns).Run() })
		ip(t, "netns", "add", ns)
	}
	ip(t, "-n", w.a, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", w.b)
	ip(t, "-n", w.a, "address", "add", "10.77.0.1/24", "dev", "cable")
	ip(t, "-n", w.b, "address", "add", "10.77.0.2/24", "dev", "cable")
	w.set(t, "up")
	return w
}

// set pulls or plugs the cable at both ends.
func (w *cable) set(t *testing.T, state string) {
	t.Helper()
	ip(t, "-n", w.a, "link", "set", "cable", state)
	ip(t, "-n", w.b, "link", "set", "cable", state)
}

func ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v\n%s(needs root and iproute2)", strings.Join(args, " "), err, out)
	}
}

// openRoomOn is openRoom with each node at its end of a cable.
func openRoomOn(dir string, people int, w *cable) (r *room, err error) {
	r = &room{dir: dir}
	if err := writeData(dir, people); err != nil {
		return nil, err
	}
	if err := writeContracts(dir); err != nil {
		return nil, err
	}
	if r.alpha, err = newNodeAt(dir, filepath.Join(dir, "alpha"), "alpha", "10.77.0.1:7460"); err != nil {
		return nil, err
	}
	if r.beta, err = newNodeAt(dir, filepath.Join(dir, "beta"), "beta", "10.77.0.2:7460"); err != nil {
		return nil, err
	}
	r.alpha.netns, r.beta.netns = w.a, w.b
	return r, r.agree()
}
