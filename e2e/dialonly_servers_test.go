//go:build servers

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestNoInboundPort has beta behind a firewall that lets no connection in, and
// without an open port. It is invited, joins, is confirmed, agrees, aligns,
// asks and is asked; after the cable was pulled in the middle of an alignment
// it comes back by itself.
func TestNoInboundPort(t *testing.T) {
	t.Parallel()
	w := newCable(t)
	w.closeInbound(t)
	dir, err := os.MkdirTemp("", "room-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	const people = bigRoom
	if err := errors.Join(writeData(dir, people), writeContracts(dir)); err != nil {
		t.Fatal(err)
	}
	r := &room{dir: dir}
	if r.alpha, err = newNodeAt(dir, filepath.Join(dir, "alpha"), "alpha", "10.77.0.1:7460"); err != nil {
		t.Fatal(err)
	}
	r.alpha.netns = w.a
	r.beta = &node{org: "beta", home: filepath.Join(dir, "beta"), dir: dir, netns: w.b}
	must := func(n *node, args ...string) string {
		t.Helper()
		out, err := n.run(args...)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(out)
	}
	must(r.beta, "init", "--org", "beta", "--dial-only", "--work-factor", "10", "--peer-patience", patience.String())
	for _, n := range []*node{r.alpha, r.beta} {
		t.Cleanup(func() { n.end(syscall.SIGKILL) })
		if err := n.start(); err != nil {
			t.Fatal(err)
		}
	}
	w.mustBeClosed(t)

	must(r.beta, "join", must(r.alpha, "invite"))
	words := map[string]string{}
	for _, p := range []struct {
		at   *node
		name string
	}{{r.alpha, "beta"}, {r.beta, "alpha"}} {
		var list []struct {
			Name  string   `json:"name"`
			Words []string `json:"words"`
		}
		if err := json.Unmarshal([]byte(must(p.at, "partner", "list", "--json")), &list); err != nil || len(list) != 1 || list[0].Name != p.name {
			t.Fatalf("partners of %s: %+v, %v", p.at.org, list, err)
		}
		words[p.at.org] = strings.Join(list[0].Words, " ")
	}
	if words["alpha"] != words["beta"] {
		t.Fatalf("alpha reads %s, beta %s", words["alpha"], words["beta"])
	}
	must(r.alpha, "partner", "confirm", "beta", "--words", words["beta"])
	must(r.beta, "partner", "confirm", "alpha", "--words", words["alpha"])

	must(r.alpha, "dataset", "add", "--contract", "visits.contract.yaml")
	must(r.beta, "dataset", "add", "--contract", "orders.contract.yaml")
	must(r.beta, "dataset", "offer", "orders", "--to", "alpha")
	// alpha asks beta's node for the terms: over a connection that beta opened.
	contracts := func() error { _, err := r.alpha.run("partner", "contracts", "beta"); return err }
	for end := time.Now().Add(grace); contracts() != nil; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(contracts())
		}
	}
	err = r.do(
		step{r.alpha, []string{"agreement", "new", "--dp", "none", "--with", "beta", "--contract", "visits.contract.yaml",
			"--partner-dataset", "orders", "--min-group-size", "5"}, "draft.yaml"},
		step{r.alpha, []string{"agreement", "sign", "draft.yaml"}, "half.json"},
		step{r.beta, []string{"agreement", "sign", "half.json"}, "signed.json"},
		step{r.beta, []string{"agreement", "import", "signed.json"}, "id.txt"},
		step{r.alpha, []string{"agreement", "import", "signed.json"}, "id.txt"},
	)
	if err != nil {
		t.Fatal(err)
	}

	// The cable is pulled in the middle of the first alignment.
	run, err := r.alpha.submit(r.joinQuestion())
	if err != nil {
		t.Fatal(err)
	}
	r.atStage(t, run, "align")
	w.set(t, "down")
	for _, n := range []*node{r.alpha, r.beta} {
		v := n.waitEnd(t, run, 2*patience+3*grace)
		if v.State != "FAILED" {
			t.Errorf("%s: %s: %s", n.org, v.State, v.Error)
		}
		t.Logf("%s: %s", n.org, v.Error)
	}
	w.set(t, "up")
	began := time.Now()
	r.again(t, r.alpha, people)
	t.Logf("answered %.1f s after the cable was back", time.Since(began).Seconds())
	out, err := r.beta.run("run", "--quiet", "--agreement", r.agreement, "--format", "csv", "--sql", joinSQL)
	if got := strings.ReplaceAll(out, "\r\n", "\n"); err != nil || got != wantCSV(people) {
		t.Fatalf("beta's answer is\n%s(%v)\nwant\n%s", got, err, wantCSV(people))
	}
	out, err = r.alpha.run("run", "--quiet", "--agreement", r.agreement, "--format", "csv", "--sql", "SELECT COUNT(DISTINCT email) AS people FROM orders")
	if got := strings.ReplaceAll(out, "\r\n", "\n"); err != nil || got != fmt.Sprintf("people\n%d\n", people/5*4) {
		t.Fatalf("about beta's data alone: %s(%v)", got, err)
	}
	w.mustBeClosed(t)
}

// again asks until the dial-only node is back; it tries every few seconds.
func (r *room) again(t *testing.T, n *node, people int) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		out, err := n.run("run", "--quiet", "--agreement", r.agreement, "--format", "csv", "--sql", joinSQL)
		if err == nil {
			if got := strings.ReplaceAll(out, "\r\n", "\n"); got != wantCSV(people) {
				t.Fatalf("the answer is\n%swant\n%s", got, wantCSV(people))
			}
			return
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// closeInbound has the firewall of end b drop every connection from outside.
func (w *cable) closeInbound(t *testing.T) {
	t.Helper()
	c := exec.Command("ip", "netns", "exec", w.b, "nft", "-f", "-")
	c.Stdin = strings.NewReader(`table inet inbound {
	counter dropped {}
	chain input {
		type filter hook input priority 0; policy drop;
		iif lo accept
		ct state established,related accept
		counter name dropped
	}
}`)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("nft: %v\n%s(needs root and nftables)", err, out)
	}
}

// mustBeClosed knocks at end b from end a, sees the firewall drop it, and that
// nothing at b listens for connections from outside.
func (w *cable) mustBeClosed(t *testing.T) {
	t.Helper()
	before := w.dropped(t)
	if err := exec.Command("ip", "netns", "exec", w.a, "timeout", "2", "bash", "-c", "</dev/tcp/10.77.0.2/7460").Run(); err == nil {
		t.Fatal("a connection to b was made")
	}
	if w.dropped(t) == before {
		t.Fatal("the firewall dropped nothing, so it is not what closes b")
	}
	const listening = " 0A "
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		out, err := exec.Command("ip", "netns", "exec", w.b, "cat", table).Output()
		if err != nil || strings.Contains(string(out), listening) {
			t.Fatalf("something listens at b (%v):\n%s", err, out)
		}
	}
}

func (w *cable) dropped(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("ip", "netns", "exec", w.b, "nft", "list", "counter", "inet", "inbound", "dropped").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
