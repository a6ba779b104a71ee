package cleanroom

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"parley/agreements"
	"parley/cleanroom/anchor"
	"parley/cleanroom/audit"
	"parley/cleanroom/engine"
	"parley/cleanroom/history"
	"parley/cleanroom/ledger"
	"parley/cleanroom/peer"
	"parley/cleanroom/people"
	"parley/cleanroom/store"
	"parley/crypto/keys"
)

// Options are what a Node needs from outside.
type Options struct {
	Home   Home
	Keys   keys.Keyring
	Engine engine.Engine
	Log    *slog.Logger
	Now    func() time.Time
	// WithoutHistory leaves out the comparison with earlier questions. It is for
	// tests that ask many questions of the same rows; no configuration sets it.
	WithoutHistory bool
	// PasswordCost is the work of one try at a password; zero: the usual.
	PasswordCost people.Cost
	// Pause waits between two offers of a run that waits for approval; nil: as
	// long as it is told.
	Pause func(ctx context.Context, d time.Duration) error
}

// Node is one organisation's Parley node. Its methods are safe for
// concurrent use. Only one process may have a home open.
type Node struct {
	home       Home
	cfg        Config
	keys       keys.Keyring
	cert       tls.Certificate
	engine     engine.Engine
	store      *store.Store
	audit      *audit.Log
	anchor     *anchor.Keeper
	ledger     *ledger.Ledger
	people     *people.Desk
	consents   sync.Mutex // one yes at a time
	past       *history.History
	units      unitNumbers
	selections keptSelections
	// compares is false in tests only.
	compares bool
	pause    func(ctx context.Context, d time.Duration) error
	mail     *peer.Mail
	kept     *keptStore
	log      *slog.Logger
	now      func() time.Time

	partners    partners // TLS keys that may come in
	inviting    inviting
	reach       reach
	records     records
	bases       baseTransfers
	normalisers sync.Map // agreements.Unit -> digest
	aligning    aligning
	templates   sync.Mutex // changes of templates queue

	// life ends when the node closes; every run hangs off it.
	life context.Context
	stop context.CancelCauseFunc
	work sync.WaitGroup

	states  sync.Mutex // one change of agreements and negotiations at a time
	letters letters    // what partners still have to be told
	seenMu  sync.Mutex
	seen    time.Time // the latest time in the state file; seenMu

	mu      sync.Mutex
	runs    map[string]*Run // runs of this process, by id; mu
	server  *peer.Server    // nil until Serve; mu
	closing bool            // no new run; mu
}

// errStopped is the cause given to runs when the node closes.
var errStopped = errors.New("the node is stopping")

// AuditOrigin names the log in its checkpoints.
const AuditOrigin = "parley/audit"

// Open opens a node's home and checks its audit log. The node does not listen
// until Serve.
func Open(ctx context.Context, o Options) (*Node, error) {
	// Paths of snapshots and alignments are kept in the state file, and a later
	// process may run in another folder or be given the home in another way.
	home, err := filepath.Abs(string(o.Home))
	if err != nil {
		return nil, err
	}
	o.Home = Home(home)
	cfg, err := o.Home.Config()
	if err != nil {
		return nil, err
	}
	cert, err := o.Keys.TLSCertificate()
	if err != nil {
		return nil, err
	}
	n := &Node{home: o.Home, cfg: cfg, keys: o.Keys, cert: cert, engine: newParsed(o.Engine),
		log: o.Log, now: o.Now, runs: map[string]*Run{}, kept: newKeptStore(cfg.KeptMiB << 20)}
	n.partners.changed = n.reach.kick
	n.compares, n.pause = !o.WithoutHistory, o.Pause
	if n.pause == nil {
		n.pause = sleep
	}
	n.life, n.stop = context.WithCancelCause(context.WithoutCancel(ctx))
	if n.store, err = store.Open(ctx, o.Home.path("state.db"), o.Now()); err != nil {
		return nil, err
	}
	if n.audit, err = audit.Open(o.Home.AuditDir(), n.signer(), AuditOrigin); err != nil {
		return nil, errors.Join(err, n.store.Close())
	}
	if n.anchor, err = anchor.Open(n.life, n.store, n.audit); err != nil {
		return nil, errors.Join(err, n.store.Close())
	}
	if n.ledger, err = ledger.Open(n.life, n.store, n.audit, n.anchor); err != nil {
		return nil, errors.Join(err, n.store.Close())
	}
	if err := n.anchored(n.life); err != nil {
		return nil, errors.Join(err, n.store.Close())
	}
	if n.seen, err = n.store.TimeSeen(n.life); err != nil {
		return nil, errors.Join(err, n.store.Close())
	}
	if err := n.sweepExpired(n.life); err != nil {
		return nil, errors.Join(err, n.store.Close())
	}
	if err := n.openPeople(n.life, o.PasswordCost); err != nil {
		return nil, errors.Join(err, n.store.Close())
	}
	if err := n.openHistory(n.life); err != nil {
		return nil, errors.Join(err, n.store.Close())
	}
	if n.mail, err = peer.NewMail(o.Home.path("spool"), cfg.SpoolMiB<<20); err != nil {
		return nil, errors.Join(err, n.store.Close())
	}
	n.sweepSnapshots()
	n.sweepAlignments()
	if err := n.sweepResults(n.life); err != nil {
		return nil, errors.Join(err, n.mail.Close(), n.store.Close())
	}
	n.work.Add(1)
	go n.sweepResultsDaily()
	return n, nil
}

// Org is the member name this node acts as.
func (n *Node) Org() string { return n.cfg.Org }

// Config returns the configuration the node was opened with.
func (n *Node) Config() Config { return n.cfg }

// Card is this node's entry in an agreement: its name, address and public
// keys, nothing secret.
func (n *Node) Card() agreements.Member {
	return agreements.Member{
		Name:           n.cfg.Org,
		Address:        n.cfg.Address,
		IdentityKey:    base64.StdEncoding.EncodeToString(n.keys.Identity()),
		TLSFingerprint: keys.Fingerprint(n.cert.Leaf),
		AgeRecipient:   n.keys.AgeRecipient(),
	}
}

// Listen opens the peer door at the configured address. A node that can only
// dial out has none, and gets nil.
func (n *Node) Listen() (net.Listener, error) {
	if n.cfg.Listen == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", n.cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("open the peer door: %w", err)
	}
	return l, nil
}

// Serve answers partners on l until Close; with nil, on the connections alone
// that this node keeps open to them.
func (n *Node) Serve(l net.Listener) error {
	s := peer.NewServer(peer.ServerConfig{Certificate: n.cert, Service: n, Host: n, Mail: n.mail, Log: n.log, Now: n.now})
	n.mu.Lock()
	if n.closing {
		n.mu.Unlock()
		if l == nil {
			return nil
		}
		return l.Close()
	}
	n.server = s
	n.work.Add(3)
	n.mu.Unlock()
	go n.tendAgreements()
	go func() { defer n.work.Done(); n.keepReach(s) }()
	go n.exchangeNowAndThen()
	return s.Serve(l)
}

// Close ends the runs, waits for them, and releases the home.
func (n *Node) Close() error {
	n.mu.Lock()
	n.closing = true
	s := n.server
	n.mu.Unlock()
	n.stop(errStopped)
	n.work.Wait()
	var err error
	if s != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err = s.Shutdown(ctx)
	}
	n.recordStop()
	return errors.Join(err, n.mail.Close(), n.store.Close())
}

// sweepSnapshots removes what an interrupted import left behind. Names are
// compared without their folder: that may be written otherwise than when the
// dataset was imported, as a relative path is.
func (n *Node) sweepSnapshots() {
	known := map[string]bool{}
	rows, err := n.store.Datasets(n.life)
	if err != nil {
		return
	}
	for _, d := range rows {
		known[filepath.Base(d.SnapshotPath)] = true
	}
	files, err := os.ReadDir(n.home.path("snapshots"))
	if err != nil {
		return
	}
	for _, f := range files {
		if !known[f.Name()] {
			os.Remove(n.home.path("snapshots", f.Name()))
		}
	}
}
