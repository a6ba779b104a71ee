package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"parley/e2e/bench/measured"
)

// pair is two running nodes with a signed agreement.
type pair struct {
	nodes     []*node
	agreement string
	prepareS  float64
}

// node is one running node. Publisher's home is node 0's, Shop's node 1's.
type node struct {
	member, home string
	process      *exec.Cmd
	http         *http.Client
}

var killLine = regexp.MustCompile(`(?m)^  kill ([0-9]+) ([0-9]+)$`)

// openPair prepares homes, datasets and the agreement by a rehearsal, ends its
// nodes, and starts them again: what they have used so far is then no part of
// any figure.
func openPair(binary, dir string) (*pair, error) {
	homes := filepath.Join(dir, "homes")
	c := exec.Command(binary, "rehearse", filepath.Join(dir, "room.yaml"), "--keep", "--dir", homes)
	var out, notes bytes.Buffer
	c.Stdout, c.Stderr = &out, &notes
	began := time.Now()
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("rehearse: %w\n%s", err, notes.String())
	}
	p := &pair{}
	ids := killLine.FindStringSubmatch(notes.String())
	if ids == nil {
		return nil, errors.New("the rehearsal did not say which nodes it left running")
	}
	for i, name := range []string{"publisher", "shop"} {
		n := &node{member: name, home: filepath.Join(homes, name)}
		n.http = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(n.home, "control.sock"))
		}}}
		p.nodes = append(p.nodes, n)
		if err := n.endRehearsed(ids[i+1]); err != nil {
			return p, err
		}
	}
	p.prepareS = time.Since(began).Seconds()
	fmt.Printf("  homes, imports, agreement %26.3f s\n", p.prepareS)
	for _, n := range p.nodes {
		if err := n.start(binary); err != nil {
			return p, errors.Join(err, p.close())
		}
	}
	var list []struct {
		ID string `json:"id"`
	}
	if err := p.nodes[0].call(http.MethodGet, "/v1/agreements", nil, &list); err != nil {
		return p, errors.Join(err, p.close())
	}
	if len(list) != 1 {
		return p, errors.Join(fmt.Errorf("the node knows %d agreements", len(list)), p.close())
	}
	p.agreement = list[0].ID
	return p, nil
}

// endRehearsed ends a node that the rehearsal left.
func (n *node) endRehearsed(id string) error {
	pid, err := strconv.Atoi(id)
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return err
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if syscall.Kill(pid, 0) != nil {
			return nil
		}
	}
	return fmt.Errorf("node %d of the rehearsal did not end", pid)
}

func (n *node) start(binary string) error {
	log, err := os.Create(n.home + ".log")
	if err != nil {
		return err
	}
	defer log.Close()
	n.process = exec.Command(binary, "serve", "--home", n.home, "--passphrase-file", n.home+".passphrase")
	n.process.Stderr = log
	n.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := n.process.Start(); err != nil {
		return err
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if n.call(http.MethodGet, "/v1/status", nil, nil) == nil {
			return nil
		}
	}
	return fmt.Errorf("%s's node did not start; see %s", n.member, log.Name())
}

func (p *pair) close() error {
	var err error
	for _, n := range p.nodes {
		if n.process != nil {
			err = errors.Join(err, n.process.Process.Signal(syscall.SIGTERM))
			n.process.Wait()
		}
	}
	return err
}

// call speaks to a node's own API.
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
	resp, err := n.http.Do(req)
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

// view is what is read of a run.
type view struct {
	ID     string `json:"id"`
	State  string `json:"state"`
	Error  string `json:"error"`
	Ended  bool   `json:"ended"`
	Stages []struct {
		Name     string `json:"name"`
		Note     string `json:"note"`
		Wall     int64  `json:"wallNanoseconds"`
		Sent     int64  `json:"sentBytes"`
		Received int64  `json:"receivedBytes"`
	} `json:"stages"`
	Figures *struct {
		Wall     int64 `json:"wallNanoseconds"`
		CPU      int64 `json:"cpuNanoseconds"`
		PeakMiB  int64 `json:"peakMiB"`
		ChildMiB int64 `json:"childPeakMiB"`
	} `json:"figures"`
	Result json.RawMessage `json:"result"`
}

// ask has the shop ask, and reads what it took from both nodes.
func (p *pair) ask(q question) (*measured.Asked, [][]string, error) {
	said, err := p.explain(q)
	if err != nil {
		return nil, nil, err
	}
	began := time.Now()
	asker := p.nodes[1]
	var started view
	if err := asker.call(http.MethodPost, "/v1/runs", map[string]any{"agreement": p.agreement, "sql": q.sql, "fresh": true}, &started); err != nil {
		return nil, nil, err
	}
	v, err := asker.wait(started.ID)
	if err != nil {
		return nil, nil, err
	}
	a := &measured.Asked{How: q.how, Groups: q.groups, WallS: time.Since(began).Seconds()}
	for _, s := range v.Stages {
		a.Stages = append(a.Stages, measured.Stage{Name: s.Name, Note: s.Note, WallS: float64(s.Wall) / 1e9, Bytes: s.Sent + s.Received})
	}
	said.print(q, a)
	for _, n := range p.nodes {
		own, err := n.wait(started.ID)
		if err != nil {
			return nil, nil, err
		}
		f, sent := own.Figures, int64(0)
		for _, s := range own.Stages {
			sent += s.Sent
		}
		a.Nodes = append(a.Nodes, measured.Node{Member: n.member, CPUS: float64(f.CPU) / 1e9, WallS: float64(f.Wall) / 1e9,
			PeakMiB: f.PeakMiB, EnginePeakMiB: f.ChildMiB, SentBytes: sent})
	}
	rows, err := rowsOf(v.Result)
	return a, rows, err
}

// wait polls, so rarely that it takes no time worth speaking of.
func (n *node) wait(run string) (*view, error) {
	for {
		v := &view{}
		if err := n.call(http.MethodGet, "/v1/runs/"+run, nil, v); err != nil {
			return nil, err
		}
		if v.Ended && v.State != "SUCCESS" {
			return nil, fmt.Errorf("%s: %s: %s", n.member, v.State, v.Error)
		}
		if v.Ended && v.Figures != nil {
			return v, nil
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// rowsOf reads a released table as text.
func rowsOf(result json.RawMessage) ([][]string, error) {
	var t struct {
		Rows [][]json.RawMessage `json:"rows"`
	}
	if err := json.Unmarshal(result, &t); err != nil {
		return nil, err
	}
	var out [][]string
	for _, r := range t.Rows {
		var row []string
		for _, v := range r {
			row = append(row, strings.Trim(string(v), `"`))
		}
		out = append(out, row)
	}
	return out, nil
}
