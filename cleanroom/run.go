package cleanroom

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"parley/cleanroom/audit"
	"parley/cleanroom/peer"
	"parley/cleanroom/store"
	"parley/crypto/align"
	"parley/crypto/garble"
)

// Stage is one step of a run, for people who watch it.
type Stage struct {
	Name     string        `json:"name"`
	Done     int64         `json:"done"`
	Total    int64         `json:"total"`
	Wall     time.Duration `json:"wallNanoseconds"`
	Sent     int64         `json:"sentBytes"`
	Received int64         `json:"receivedBytes"`
	Finished bool          `json:"finished"`
	Note     string        `json:"note,omitempty"` // what else there is to say of it
	began    time.Time
}

// View is a run as this node sees it.
type View struct {
	ID        string          `json:"id"`
	Agreement string          `json:"agreement"`
	Asker     string          `json:"asker"`
	Question  json.RawMessage `json:"question"`
	PlanHash  string          `json:"planHash,omitempty"`
	State     store.RunState  `json:"state"`
	Stages    []Stage         `json:"stages,omitempty"`
	Created   time.Time       `json:"created"`
	Finished  *time.Time      `json:"finished,omitempty"`
	Error     string          `json:"error,omitempty"`
	// Code says in one word what kind of error it is; see codeOf.
	Code string `json:"code,omitempty"`
	// Ended is set once nothing about the run will change any more.
	Ended   bool     `json:"ended"`
	Figures *Figures `json:"figures,omitempty"`
	// Result and Receipt, the receipt bundle, are set on the receiver's node
	// after success, until they are removed. ReceiptHash stays.
	Result      json.RawMessage `json:"result,omitempty"`
	Receipt     []byte          `json:"receipt,omitempty"`
	ReceiptHash string          `json:"receiptHash,omitempty"`
	Removed     *time.Time      `json:"removed,omitempty"`
	// Hidden: there is an answer, and who asks for the run may not see it.
	Hidden bool `json:"hidden,omitempty"`
	// StoredFrom is the run whose answer this one was given again.
	StoredFrom string `json:"storedFrom,omitempty"`
	// More says of the receiver's own datasets about how many more runs like
	// this their limits allowed when it ended; none for those without limits,
	// and none once the node was started again.
	More []MoreRuns `json:"more,omitempty"`
	// Warnings say of a question of this node's own what is most likely a
	// mistake; none once the node was started again.
	Warnings []string `json:"warnings,omitempty"`
	reason   string   // why it failed, in a word that the other node may know
}

// Run is a run that is going on in this process, or ended in it. mu guards
// everything below it; changed is closed and replaced on every change.
type Run struct {
	ID       string
	admitted *admitted
	log      *slog.Logger
	partner  string // fingerprint of the other node's TLS key; "" if alone
	cancel   context.CancelCauseFunc
	atEnd    func() // frees what the run holds; set before launch
	clock    runClock

	mu       sync.Mutex
	wake     context.CancelFunc // ends a wait for approval; nil: it has not waited
	changed  chan struct{}
	view     View
	job      string       // id of the alignment it works on, or ""
	kept     bool         // the alignment failed but can be taken up
	answer   *peer.Answer // one-owner: for the asker to fetch
	expected *expectation // join: what a receipt must say
	over     time.Time    // zero while it goes on
}

// keepEnded is how long an ended run stays in memory, so that the other node
// can still fetch its end.
const keepEnded = 10 * time.Minute

func newRunID() (string, error) {
	var b [16]byte
	_, err := rand.Read(b[:])
	return hex.EncodeToString(b[:]), err
}

// Submit admits a question of this node's own and starts its run.
func (n *Node) Submit(ctx context.Context, q Question) (*Run, error) {
	id, err := newRunID()
	if err != nil {
		return nil, err
	}
	ad, err := n.admit(ctx, n.cfg.Org, q, id)
	if err != nil {
		return nil, err
	}
	if q.Fresh && ad.compiled.Plan.DP != nil {
		return nil, ErrFreshDP
	}
	r, runCtx, err := n.open(ctx, id, ad, "")
	if err != nil {
		return nil, err
	}
	n.launch(r, runCtx, func(ctx context.Context) error { return n.ask(ctx, r) })
	return r, nil
}

// open records a new run and makes it known to this process.
func (n *Node) open(ctx context.Context, id string, ad *admitted, partner string) (*Run, context.Context, error) {
	asked, err := json.Marshal(ad.question)
	if err != nil {
		return nil, nil, err
	}
	r := &Run{ID: id, log: n.log, admitted: ad, partner: partner, changed: make(chan struct{}), atEnd: func() {}}
	// Before anyone can find the run: a cancellation may come at once.
	runCtx, cancel := context.WithCancelCause(n.life)
	r.cancel = cancel
	r.view = View{ID: id, Agreement: ad.id, Asker: ad.asker, Question: asked,
		PlanHash: hexOf(ad.compiled.Hash), State: store.Submitted, Created: n.now()}
	if ad.asker == n.cfg.Org {
		r.view.Warnings = ad.compiled.Warnings
	}
	if p := n.partner(ad); partner == "" && p != nil {
		r.partner = p.TLSFingerprint
	}
	if err := n.enter(r); err != nil {
		cancel(nil)
		return nil, nil, err
	}
	err = n.store.PutRun(ctx, store.Run{ID: id, Agreement: ad.id, Asker: ad.asker, Question: asked,
		PlanHash: r.view.PlanHash, State: store.Submitted, Created: r.view.Created})
	if err != nil {
		n.leave(r)
		return nil, nil, err
	}
	return r, runCtx, nil
}

// enter makes a run known and counts it in work; leave or end undo the latter.
func (n *Node) enter(r *Run) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closing {
		return errStopped
	}
	going, waiting := 0, 0
	for id, other := range n.runs {
		switch {
		case other.ended().IsZero() && other.look().State == store.AwaitingApproval:
			waiting++
		case other.ended().IsZero():
			going++
		case n.bygone(other):
			delete(n.runs, id) // the store still has it
		}
	}
	if going >= n.cfg.MaxRuns || waiting >= maxWaiting {
		return ErrBusy
	}
	if n.runs[r.ID] != nil {
		return store.ErrExists
	}
	n.runs[r.ID] = r
	n.work.Add(1)
	return nil
}

// leave takes back a run that could not be recorded.
func (n *Node) leave(r *Run) {
	n.mu.Lock()
	delete(n.runs, r.ID)
	n.mu.Unlock()
	r.cancel(nil)
	n.work.Done()
}

// end marks that nothing about a run will change any more.
func (n *Node) end(r *Run) {
	r.cancel(nil)
	r.atEnd()
	r.set(func(v *View) { r.over, v.Ended = n.now(), true })
	n.work.Done()
}

// live returns a run of this process, or nil.
func (n *Node) live(id string) *Run {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.runs[id]
}

// launch runs fn in the background and brings the run to a final state.
func (n *Node) launch(r *Run, ctx context.Context, fn func(context.Context) error) {
	go func() {
		defer n.end(r)
		ctx, stop := context.WithCancelCause(ctx)
		defer stop(nil)
		r.clock = startClock(n.cfg.RunTimeout, func() { stop(ErrTimeout) })
		defer r.clock.stop()
		defer n.untilExpiry(r)()
		err := n.update(ctx, r, store.RunUpdate{State: store.Started})
		if err == nil {
			meter := startMeter()
			err = safely(func() error { return fn(ctx) })
			r.set(func(v *View) { v.Figures = meter.stop(v.Stages) })
		}
		if err != nil {
			n.fail(ctx, r, err)
		}
	}()
}

// fail ends a run without an answer.
func (n *Node) fail(ctx context.Context, r *Run, err error) {
	state, cause := store.Failed, context.Cause(ctx)
	// An error of the run's own comes first: by the time it is recorded the
	// other node may have heard of it and ended the run on its side too.
	if cause != nil && (errors.Is(err, cause) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		err = cause
	}
	switch {
	case peer.IsProblem(err, peer.RefusedUnknown):
		err = ErrPeerForgot // seen in the answer to a message before the watch saw it
	case errors.Is(err, ErrTimeout):
		state = store.TimedOut
	case errors.Is(err, ErrCancelled), errors.Is(err, ErrPeerCancelled), errors.Is(err, ErrStopped), errors.Is(err, ErrPeerNotInForce):
		state = store.Cancelled
	}
	n.log.Warn("run ended without an answer", "run", r.ID, "state", state, "error", logged(err))
	if e := n.record(entry("run.end", audit.Failed).by(r.admitted.asker).run(r.ID).agreement(r.admitted.id).with("code", string(state))); e != nil {
		err = errors.Join(err, e)
	}
	// Which check of the protocol failed is for this node's log alone: said to
	// the asker, it would be said to whoever changed a message to find out.
	if errors.Is(err, align.ErrRefused) || errors.Is(err, garble.ErrFailed) {
		err = errors.Join(ErrProtocol, n.record(entry("run.incident", audit.Failed).by(r.admitted.asker).run(r.ID).agreement(r.admitted.id)))
	}
	r.set(func(v *View) { v.Code, v.reason = codeOf(err), reasonOf(err) })
	if state != store.Cancelled && !errors.Is(err, ErrPeerFailed) && r.keepsAlignment() {
		err = fmt.Errorf("%w. The alignment is kept as far as it came; asking again takes it up", err)
	}
	if e := n.update(context.WithoutCancel(ctx), r, store.RunUpdate{State: state, Finished: n.now(), Error: err.Error()}); e != nil {
		n.log.Error("record the end of a run", "run", r.ID, "error", e)
		r.set(func(v *View) { v.State, v.Error = state, err.Error() })
	}
}

// reasonOf is the word that the other node may know about a failure: of most,
// none.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, ErrLimit):
		return peer.RefusedLimit
	case errors.Is(err, ErrTooClose):
		return peer.RefusedClose
	case notInForce(err):
		return peer.RefusedAgreement
	}
	return ""
}

// codeOf is a word for programs: refused (the other node would not take
// part), unreachable (it did not answer), or failed.
func codeOf(err error) string {
	var refused *peer.Problem
	var gone *peer.Unreachable
	switch {
	case errors.As(err, &gone):
		return "unreachable"
	case errors.As(err, &refused), errors.Is(err, ErrLimit), errors.Is(err, ErrTooClose), errors.Is(err, ErrPeerLimit), errors.Is(err, ErrPeerTooClose), errors.Is(err, ErrRecords):
		return "refused"
	}
	return "failed"
}

// update changes a run's state in the store first and then in memory, so that
// nobody is told of a state that would not survive a crash. also is for what
// the store holds only sealed.
func (n *Node) update(ctx context.Context, r *Run, u store.RunUpdate, also ...func(*View)) error {
	if err := n.store.UpdateRun(context.WithoutCancel(ctx), r.ID, u); err != nil {
		return fmt.Errorf("run %s: %w", r.ID, err)
	}
	r.set(func(v *View) {
		v.State = u.State
		if !u.Finished.IsZero() {
			v.Finished = &u.Finished
		}
		v.Error = u.Error
		if u.Receipt != nil {
			v.Receipt = u.Receipt
		}
		for _, fn := range also {
			fn(v)
		}
	})
	return nil
}

// CancelRun ends a run of this process, here and at the other node.
func (n *Node) CancelRun(id string) error {
	r := n.live(id)
	if r == nil {
		return ErrNoRun
	}
	r.cancel(ErrCancelled)
	return nil
}
