// Package cleanroomtest starts nodes inside a test: real keys, real snapshots,
// real mutual TLS on loopback, in folders that the test removes.
package cleanroomtest

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/agreements"
	"parley/cleanroom"
	"parley/cleanroom/engine"
	"parley/cleanroom/engine/duckdb"
	"parley/cleanroom/people"
	"parley/cleanroom/store"
	"parley/crypto/keys"
)

// Passphrase opens the key file of every node made here.
const Passphrase = "a passphrase for tests"

// Member is one organisation's node.
type Member struct {
	*cleanroom.Node
	Home cleanroom.Home
	Card agreements.Member
	// Contracts are those of the datasets added with Add.
	Contracts []cleanroom.OwnedContract
}

// Start makes a node for org that compares no question with earlier ones, so
// that tests may ask many of the same rows, and serves it until the test ends. change may
// alter its configuration.
func Start(t testing.TB, org string, change ...func(*cleanroom.Config)) *Member {
	t.Helper()
	return StartWith(t, org, Engine(), change...)
}

// Engine is the engine of nodes in tests. It gives a parse the time it needs
// on a machine that runs many tests at once; the limit itself is tested where
// the engine is.
func Engine() engine.Engine {
	return duckdb.New(duckdb.Options{Parse: engine.Limits{Deadline: time.Minute}})
}

// DialOnly is a change for Start: a node without an open port.
func DialOnly(c *cleanroom.Config) { c.Listen, c.Address = "", "" }

// Partners has joiner use an invitation of inviter's and both confirm.
func Partners(t testing.TB, inviter, joiner *Member) {
	t.Helper()
	i, err := inviter.Invite(t.Context(), 0, "")
	if err != nil {
		t.Fatalf("%s invites: %v", inviter.Org(), err)
	}
	if _, err := joiner.Join(t.Context(), i.Line); err != nil {
		t.Fatalf("%s joins: %v", joiner.Org(), err)
	}
	for _, m := range [][2]*Member{{inviter, joiner}, {joiner, inviter}} {
		p, err := m[0].PartnerNamed(t.Context(), m[1].Org())
		if err == nil {
			_, err = m[0].ConfirmPartner(t.Context(), m[1].Org(), strings.Join(p.Words, " "))
		}
		if err != nil {
			t.Fatalf("%s confirms %s: %v", m[0].Org(), m[1].Org(), err)
		}
	}
}

// StartWith is Start with an engine of the test's.
func StartWith(t testing.TB, org string, e engine.Engine, change ...func(*cleanroom.Config)) *Member {
	t.Helper()
	home := cleanroom.Home(filepath.Join(t.TempDir(), "home"))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := cleanroom.DefaultConfig(org)
	cfg.Listen, cfg.Address = l.Addr().String(), l.Addr().String()
	cfg.AllowLoopbackPeers = true
	cfg.PeerPatience = 3 * time.Second
	cfg.AlignmentsPerDay = 1000
	for _, c := range change {
		c(&cfg)
	}
	if cfg.Listen == "" { // the change made it dial out only
		l.Close()
		l = nil
	}
	err = cleanroom.Init(home, cleanroom.InitOptions{Config: cfg, Passphrase: []byte(Passphrase), WorkFactor: 10})
	if err != nil {
		t.Fatal(err)
	}
	return open(t, home, l, e)
}

// Resume opens an existing home and serves it on l until the test ends.
func Resume(t testing.TB, home cleanroom.Home, l net.Listener) *Member {
	t.Helper()
	return open(t, home, l, Engine())
}

func open(t testing.TB, home cleanroom.Home, l net.Listener, e engine.Engine) *Member {
	t.Helper()
	file, err := os.ReadFile(home.KeyFile())
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Unlock(file, []byte(Passphrase))
	if err != nil {
		t.Fatal(err)
	}
	n, err := cleanroom.Open(t.Context(), cleanroom.Options{Home: home, Keys: ring, Now: time.Now,
		Log: slog.New(slog.NewTextHandler(logWriter{t}, nil)), Engine: e, WithoutHistory: true,
		PasswordCost: Cost()})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- n.Serve(l) }()
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Errorf("close %s: %v", n.Org(), err)
		}
		if err := <-done; err != nil {
			t.Errorf("serve %s: %v", n.Org(), err)
		}
	})
	return &Member{Node: n, Home: home, Card: n.Card()}
}

// Cost makes tries at passwords cheap.
func Cost() people.Cost { return people.Cost{Time: 1, MemoryKiB: 64, Threads: 1} }

// Password is that of everybody whom Person adds.
const Password = "a password for tests"

// Person adds somebody with these roles who has signed in, and returns the
// session's token. The first one must be an admin.
func (m *Member) Person(t testing.TB, name string, roles ...people.Role) string {
	t.Helper()
	desk, ctx := m.People(), people.With(t.Context(), people.Operator())
	if _, err := desk.Add(ctx, people.NewPerson{Name: name, Roles: roles, Password: Password + " given"}); err != nil {
		t.Fatalf("add %s: %v", name, err)
	}
	s, err := desk.Begin(t.Context(), people.SignIn{Name: name, Password: Password + " given"})
	if err != nil {
		t.Fatalf("%s signs in: %v", name, err)
	}
	if err := desk.ChangePassword(people.With(t.Context(), s.Who), Password+" given", Password); err != nil {
		t.Fatalf("%s changes the password: %v", name, err)
	}
	return m.SignIn(t, name)
}

// SignIn begins a session of somebody whom Person added.
func (m *Member) SignIn(t testing.TB, name string) string {
	t.Helper()
	s, err := m.People().Begin(t.Context(), people.SignIn{Name: name, Password: Password})
	if err != nil {
		t.Fatalf("%s signs in: %v", name, err)
	}
	return s.Token
}

// logWriter sends a node's log to the test's.
type logWriter struct{ t testing.TB }

func (w logWriter) Write(b []byte) (int, error) {
	w.t.Logf("%s", b)
	return len(b), nil
}

// Add imports a dataset: contract is YAML, its path relative to dir.
func (m *Member) Add(t testing.TB, contract, dir string) *cleanroom.Dataset {
	t.Helper()
	d, err := m.AddDataset(t.Context(), []byte(contract), dir)
	if err != nil {
		t.Fatalf("add dataset: %v", err)
	}
	m.Contracts = append(m.Contracts, cleanroom.OwnedContract{Owner: m.Org(), Contract: []byte(contract)})
	return d
}

// Agree drafts an agreement over everything the members added, has each sign
// it, gives it to each, and returns its id.
func Agree(t testing.TB, k int, members ...*Member) string {
	t.Helper()
	return AgreeNoisy(t, k, agreements.NoDP(), members...)
}

// AgreeNoisy is Agree with a demand for differential privacy.
func AgreeNoisy(t testing.TB, k int, dp *agreements.DP, members ...*Member) string {
	t.Helper()
	e := draft(t, k, dp, members...)
	for _, m := range members {
		if err := m.SignAgreement(t.Context(), e); err != nil {
			t.Fatalf("%s signs: %v", m.Org(), err)
		}
	}
	return Give(t, e, members...)
}

// Draft makes the unsigned agreement.
func Draft(t testing.TB, k int, members ...*Member) *agreements.Envelope {
	t.Helper()
	return draft(t, k, agreements.NoDP(), members...)
}

func draft(t testing.TB, k int, dp *agreements.DP, members ...*Member) *agreements.Envelope {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	o := cleanroom.DraftOptions{Title: "Test", Purpose: "Testing.", MinGroupSize: k, AdHoc: true, DP: dp,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	for _, m := range members {
		o.Members = append(o.Members, m.Card)
		o.Contracts = append(o.Contracts, m.Contracts...)
	}
	a, err := cleanroom.Draft(o)
	if err != nil {
		t.Fatalf("draft: %v", err)
	}
	e, err := agreements.NewEnvelope(a)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Give imports an envelope at every member.
func Give(t testing.TB, e *agreements.Envelope, members ...*Member) (id string) {
	t.Helper()
	for _, m := range members {
		c, err := m.ImportAgreement(t.Context(), e)
		if err != nil {
			t.Fatalf("%s imports: %v", m.Org(), err)
		}
		id = c.ID
	}
	return id
}

// Ask runs a question to its end, anew if it was asked before.
func (m *Member) Ask(ctx context.Context, agreement, sql string) (*cleanroom.View, error) {
	r, err := m.Submit(ctx, cleanroom.Question{Agreement: agreement, SQL: sql, Fresh: true})
	if err != nil {
		return nil, err
	}
	return m.Finish(ctx, r.ID)
}

// Finish waits for a run's end.
func (m *Member) Finish(ctx context.Context, id string) (*cleanroom.View, error) {
	v, changed, err := m.Wait(ctx, id, nil)
	for err == nil && !v.Ended {
		v, changed, err = m.Wait(ctx, id, changed)
	}
	return &v, err
}

// Succeeded reports whether a run ended with an answer.
func Succeeded(v *cleanroom.View) bool { return v.State == store.Success }
