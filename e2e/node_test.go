package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// patience is what the nodes under test are told to wait for a silent
// partner, and grace what is added for noticing and for a busy machine.
const (
	patience = 2 * time.Second
	grace    = 8 * time.Second
)

// node is one organisation: a home folder and, while it is up, a process.
type node struct {
	org     string
	home    string
	address string // host:port of its peer door
	dir     string // working folder of its commands
	netns   string // network namespace of its commands; "" for the tests' own
	process *exec.Cmd
	exited  chan error
}

// freeAddress finds a port that was free a moment ago, on a random loopback
// address, where hardly anyone else will take it in the meantime.
func freeAddress() (string, error) {
	var b [3]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	l, err := net.Listen("tcp", fmt.Sprintf("127.%d.%d.%d:0", 1+b[0]%250, b[1], 1+b[2]%250))
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// newNode makes a home at dir/org by `parley init`.
func newNode(dir, org string) (*node, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	return newNodeAt(dir, filepath.Join(dir, org), org, address)
}

func newNodeAt(dir, home, org, address string) (*node, error) {
	n := &node{org: org, home: home, address: address, dir: dir}
	_, err := n.run("init", "--org", org, "--listen", address, "--address", address,
		"--allow-loopback-peers", "--work-factor", "10", "--peer-patience", patience.String())
	return n, err
}

// command prepares a parley command for this node.
func (n *node) command(args ...string) *exec.Cmd {
	line := append([]string{binary}, append(args, "--home", n.home)...)
	if n.netns != "" {
		line = append([]string{"ip", "netns", "exec", n.netns}, line...)
	}
	c := exec.Command(line[0], line[1:]...)
	c.Dir = n.dir
	c.Env = append(os.Environ(), "PARLEY_PASSPHRASE="+passphrase, "TZ=UTC")
	return c
}

const passphrase = "correct horse battery"

// run executes a parley command and returns what it printed.
func (n *node) run(args ...string) (string, error) {
	var out, notes bytes.Buffer
	c := n.command(args...)
	c.Stdout, c.Stderr = &out, &notes
	if err := c.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: parley %s: %w\n%s", n.org, args[0], err, notes.String())
	}
	return out.String(), nil
}

// start runs `parley serve` until the control socket answers. Its log is kept
// in HOME/serve.log.
func (n *node) start() error {
	log, err := os.OpenFile(n.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	n.process = n.command("serve")
	n.process.Stderr = log
	n.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := n.process.Start(); err != nil {
		return err
	}
	n.exited = make(chan error, 1)
	go func(p *exec.Cmd, exited chan error) { exited <- p.Wait() }(n.process, n.exited)
	return n.ready()
}

// logFile lies beside the home, which may be on a full disk.
func (n *node) logFile() string { return filepath.Join(n.dir, filepath.Base(n.home)+".serve.log") }

func (n *node) ready() error {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if n.call(http.MethodGet, "/v1/status", nil, nil) == nil {
			return nil
		}
		select {
		case err := <-n.exited:
			n.process = nil
			log, _ := os.ReadFile(n.logFile())
			return fmt.Errorf("the node of %s did not start: %w\n%s", n.org, err, log)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("the node of %s did not start within 30 s", n.org)
}

// end sends a signal to the node and waits for its process to be gone.
func (n *node) end(s syscall.Signal) error {
	if n.process == nil {
		return nil
	}
	p := n.process
	n.process = nil
	if err := p.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-n.exited:
		if s == syscall.SIGKILL {
			return nil
		}
		return err
	case <-time.After(15 * time.Second):
		return errors.Join(fmt.Errorf("the node of %s did not end within 15 s of %v", n.org, s), p.Process.Kill())
	}
}

// client speaks to the control socket, as the command line does.
func (n *node) client() *http.Client {
	socket := filepath.Join(n.home, "control.sock")
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}}}
}

// call sends JSON to the node's own API and reads JSON back.
func (n *node) call(method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, "http://node"+path, body)
	if err != nil {
		return err
	}
	resp, err := n.client().Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s", method, path, b)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(b, out)
}

// question and view are what the tests use of the API's JSON. They are
// written out here, not imported: the tests are a program of someone else's.
type question struct {
	Agreement string `json:"agreement"`
	SQL       string `json:"sql"`
	// Fresh has the answer computed, also if the node has given it before.
	Fresh bool `json:"fresh"`
}

type view struct {
	State   string          `json:"state"`
	Error   string          `json:"error"`
	Ended   bool            `json:"ended"`
	Result  json.RawMessage `json:"result"`
	Receipt []byte          `json:"receipt"`
	Stages  []struct {
		Name     string `json:"name"`
		Sent     int64  `json:"sentBytes"`
		Finished bool   `json:"finished"`
	} `json:"stages"`
}

// submit starts a run and returns its id.
func (n *node) submit(q question) (string, error) {
	var got struct {
		ID string `json:"id"`
	}
	err := n.call(http.MethodPost, "/v1/runs", q, &got)
	return got.ID, err
}

// look returns the run as this node sees it now.
func (n *node) look(t *testing.T, run string) *view {
	t.Helper()
	v := &view{}
	if err := n.call(http.MethodGet, "/v1/runs/"+run, nil, v); err != nil {
		t.Fatal(err)
	}
	return v
}

// follow calls each for every state of a run until it ends, each returns
// true, or the connection is cut.
func (n *node) follow(run string, each func(*view) (stop bool)) error {
	resp, err := n.client().Get("http://node/v1/runs/" + run + "/events")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	lines := bufio.NewReader(resp.Body)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return nil // the stream ends with the run or with the node
		}
		v := &view{}
		if err := json.Unmarshal(line, v); err != nil {
			return err
		}
		if each(v) {
			return nil
		}
	}
}
