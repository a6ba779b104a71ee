package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"parley/agreements"
	"parley/cleanroom"
	"parley/cleanroom/api"
)

// member is one organisation of a rehearsal: a home of its own and a node in
// a process of its own.
type member struct {
	name     string
	home     home
	address  string
	pass     string
	process  *exec.Cmd
	exited   chan struct{} // closed when the process has ended
	door     *door
	card     agreements.Member
	datasets []cleanroom.Dataset
}

// newMember makes a home by running `parley init`, as a person would.
func newMember(ctx context.Context, dir, name string) (*member, error) {
	var secret [16]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	m := &member{name: name, home: home{dir: filepath.Join(dir, slug(name))}, address: address, pass: hex.EncodeToString(secret[:])}
	// The key file of a rehearsal lives for minutes under a random
	// passphrase, so it need not be slow to guess.
	out, err := m.command(ctx, "init", "--org", name, "--listen", address, "--address", address,
		"--allow-loopback-peers", "--work-factor", "10").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("init %s: %w\n%s", name, err, out)
	}
	return m, nil
}

func slug(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(name))
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

func (m *member) command(ctx context.Context, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	c := exec.CommandContext(ctx, self, append(args, "--home", m.home.dir)...)
	c.Env = append(os.Environ(), "PARLEY_PASSPHRASE="+m.pass)
	return c
}

// start runs the node and waits until its control socket answers. The node
// is in a process group of its own, so that Ctrl-C reaches this command
// alone, which then cancels properly.
func (m *member) start(ctx context.Context, keep bool) error {
	log, err := os.Create(filepath.Join(m.home.dir, "serve.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	m.process = m.command(context.WithoutCancel(ctx), "serve")
	m.process.Stderr = log
	m.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if !keep {
		m.process.SysProcAttr.Pdeathsig = syscall.SIGTERM
	}
	if err := m.process.Start(); err != nil {
		return err
	}
	m.exited = make(chan struct{})
	go func() {
		m.process.Wait()
		close(m.exited)
	}()
	return m.ready(ctx)
}

func (m *member) ready(ctx context.Context) error {
	for deadline := time.Now().Add(20 * time.Second); ; {
		d, err := dial(m.home)
		if err == nil {
			m.door = d
			return d.call(ctx, http.MethodGet, "/v1/card", nil, &m.card)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-m.exited:
			log, _ := os.ReadFile(filepath.Join(m.home.dir, "serve.log"))
			return fmt.Errorf("the node of %s did not start:\n%s", m.name, log)
		case <-time.After(30 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the node of %s did not start within 20 s; see %s", m.name, filepath.Join(m.home.dir, "serve.log"))
		}
	}
}

// stop ends the node, politely first.
func (m *member) stop() {
	if m.process == nil || m.exited == nil {
		return
	}
	m.process.Process.Signal(syscall.SIGTERM)
	select {
	case <-m.exited:
	case <-time.After(10 * time.Second):
		m.process.Process.Kill()
		<-m.exited
	}
}

// add imports the member's datasets.
func (m *member) add(ctx context.Context, contracts [][]byte, dir string) error {
	for _, c := range contracts {
		var d cleanroom.Dataset
		if err := m.door.call(ctx, http.MethodPost, "/v1/datasets", api.AddDataset{Contract: string(c), Dir: dir}, &d); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		m.datasets = append(m.datasets, d)
	}
	return nil
}

// rehearsal is a room with its members running.
type rehearsal struct {
	room      *room
	dir       string
	members   []*member
	agreement string // id
	keep      bool
}

// open starts every member, imports the data, and has the agreement signed by
// each and given to each.
func openRehearsal(ctx context.Context, r *room, dir string, keep bool) (*rehearsal, error) {
	re := &rehearsal{room: r, dir: dir, keep: keep}
	contracts := make([][][]byte, len(r.Members))
	for i, m := range r.Members {
		for _, c := range m.Contracts {
			b, err := c.read(r.dir)
			if err != nil {
				return re, err
			}
			contracts[i] = append(contracts[i], b)
		}
		mem, err := newMember(ctx, dir, m.Name)
		if err != nil {
			return re, err
		}
		re.members = append(re.members, mem)
	}
	g, gctx := errgroup.WithContext(ctx)
	for i, m := range re.members {
		g.Go(func() error {
			if err := m.start(ctx, keep); err != nil {
				return err
			}
			return m.add(gctx, contracts[i], r.dir)
		})
	}
	if err := g.Wait(); err != nil {
		return re, err
	}
	return re, re.agree(ctx, contracts)
}

// agree makes, signs and distributes the agreement.
func (re *rehearsal) agree(ctx context.Context, contracts [][][]byte) error {
	ra := re.room.Agreement
	o := cleanroom.DraftOptions{Title: re.room.Title, Purpose: ra.Purpose, Clauses: ra.Clauses, Terms: ra.Terms, MinGroupSize: ra.MinGroupSize,
		AdHoc: ra.AdHoc, DP: ra.DP, Receivers: ra.Receivers, Analyses: ra.Analyses}
	o.NotBefore = time.Now().UTC().Add(-time.Minute).Truncate(time.Second)
	o.NotAfter = o.NotBefore.AddDate(0, 0, ra.Days)
	for i, m := range re.members {
		o.Members = append(o.Members, m.card)
		o.Known = append(o.Known, m.datasets...)
		for _, c := range contracts[i] {
			o.Contracts = append(o.Contracts, cleanroom.OwnedContract{Owner: m.name, Contract: c})
		}
	}
	a, err := cleanroom.Draft(o)
	if err != nil {
		return err
	}
	e, err := agreements.NewEnvelope(a)
	if err != nil {
		return err
	}
	signed, err := e.Bytes()
	if err != nil {
		return err
	}
	for _, m := range re.members {
		if err := m.door.call(ctx, http.MethodPost, "/v1/agreements/sign", signed, &signed); err != nil {
			return fmt.Errorf("%s signs: %w", m.name, err)
		}
	}
	for _, m := range re.members {
		var c cleanroom.Collaboration
		if err := m.door.call(ctx, http.MethodPost, "/v1/agreements", signed, &c); err != nil {
			return fmt.Errorf("%s imports the agreement: %w", m.name, err)
		}
		re.agreement = c.ID
	}
	return nil
}

func (re *rehearsal) member(name string) *member {
	for _, m := range re.members {
		if m.name == name {
			return m
		}
	}
	return nil
}

// close stops the nodes and removes their homes, unless they are kept.
func (re *rehearsal) close() error {
	if re.keep {
		return nil
	}
	var g errgroup.Group
	for _, m := range re.members {
		g.Go(func() error { m.stop(); return nil })
	}
	return errors.Join(g.Wait(), os.RemoveAll(re.dir))
}
