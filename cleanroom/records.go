package cleanroom

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"parley/agreements"
	"parley/cleanroom/anchor"
	"parley/cleanroom/audit"
	"parley/cleanroom/peer"
	"parley/cleanroom/store"
	"parley/internal/weak"
)

// Members keep each other's audit logs honest. At the start of every run, after
// every release, and now and then while they are up, two nodes exchange the
// heads of their logs. Each checks that the other's goes on from the one that
// it countersigned last, and countersigns it:
//
//	caller                                      other node
//	Heads: checkpoint, proof since the last ──▶ continuation? keep it, countersign it
//	       continuation? keep it, countersign ◀── cosignature, own checkpoint, proof, ticket, others' heads
//	Countersigned ──▶ keeps the cosignature
//	Offer with the ticket ──▶
//
// So a log that was rewritten, a home that was put back to an older state (R56)
// and a second copy of a node under one key (R57) are found by the partner as
// soon as they speak, and nothing runs until a person decides. Nodes with three
// or more members tell each other the heads they hold of the others, so that
// two partners who are shown different logs find out (R55).

// ErrRecords is returned (wrapped) when two logs do not fit together.
var ErrRecords = errors.New("the records do not fit together")

// Kinds of conflicts.
const (
	conflictOlder  = "older"  // a partner's log is shorter than what was countersigned
	conflictForked = "forked" // a partner's log is not a continuation
	conflictOwn    = "own"    // this node's log is not a continuation of what a partner countersigned
)

// records is what exchanges keep in memory.
type records struct {
	mu      sync.Mutex
	turns   map[string]chan struct{}        // one exchange with a partner at a time; mu
	tickets map[string]map[string]time.Time // by partner, until when; mu
	behind  map[string]int                  // by partner: times in a row; mu
	judging sync.Mutex                      // from looking at a kept head to keeping another
}

const (
	ticketLife = 10 * time.Minute
	maxTickets = 64
)

// turn waits for this node's own exchanges with a partner to be over.
func (r *records) turn(ctx context.Context, key string) (done func(), err error) {
	r.mu.Lock()
	if r.turns == nil {
		r.turns = map[string]chan struct{}{}
	}
	if r.turns[key] == nil {
		r.turns[key] = make(chan struct{}, 1)
	}
	c := r.turns[key]
	r.mu.Unlock()
	select {
	case c <- struct{}{}:
		return func() { <-c }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// ticket makes a one-use permit to offer a run.
func (r *records) ticket(key string, now time.Time) (string, error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tickets == nil {
		r.tickets = map[string]map[string]time.Time{}
	}
	mine := r.tickets[key]
	if mine == nil {
		mine = map[string]time.Time{}
		r.tickets[key] = mine
	}
	for t, until := range mine {
		if now.After(until) || len(mine) >= maxTickets {
			delete(mine, t)
		}
	}
	t := hex.EncodeToString(b[:])
	mine[t] = now.Add(ticketLife)
	return t, nil
}

// use takes a ticket, and reports whether it was one.
func (r *records) use(key, ticket string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	until, ok := r.tickets[key][ticket]
	delete(r.tickets[key], ticket)
	return ok && !now.After(until)
}

// revoke takes all tickets of a partner back.
func (r *records) revoke(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.tickets, key)
}

// shorter counts the times in a row that a partner showed a shorter log.
func (r *records) shorter(key string, is bool) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.behind == nil {
		r.behind = map[string]int{}
	}
	if !is {
		delete(r.behind, key)
		return 0
	}
	r.behind[key]++
	return r.behind[key]
}

// exchanged is what an exchange brought.
type exchanged struct {
	own    audit.Head // with the partner's cosignature
	theirs audit.Head // with this node's
	entry  []tlog.Hash
	ticket string
}

// exchange compares this node's log with a partner's, each by what it
// countersigned last. entry is the index of an entry of the partner's log whose
// inclusion is asked for, or -1. The error wraps ErrRecords when the logs do not
// fit together.
func (n *Node) exchange(ctx context.Context, m *agreements.Member, c *peer.Client, entry int64) (*exchanged, error) {
	if weak.Off("R57") {
		return n.withoutRecords(ctx, m, c)
	}
	done, err := n.records.turn(ctx, m.IdentityKey)
	if err != nil {
		return nil, err
	}
	defer done()
	// A log that was forked stays so, whatever it shows now.
	if _, err := n.store.OpenConflict(ctx, m.IdentityKey, conflictForked); !errors.Is(err, store.ErrNotFound) {
		return nil, errors.Join(err, n.unresolved(ctx, m))
	}
	// What the partner holds may be newer than this node knows, if an answer of
	// its was lost: then it says so, and is shown the proof from there.
	var last error
	since := int64(-1)
	for range 3 {
		ex, again, err := n.exchangeOnce(ctx, m, c, entry, since)
		if again < 0 {
			return ex, err
		}
		since, last = again, err
	}
	return nil, last
}

// withoutRecords gets a ticket and looks at nothing: tests only.
func (n *Node) withoutRecords(ctx context.Context, m *agreements.Member, c *peer.Client) (*exchanged, error) {
	own, err := n.audit.Own()
	if err != nil {
		return nil, err
	}
	a, err := c.Heads(ctx, peer.Heads{Checkpoint: own.Note})
	if err != nil {
		return nil, err
	}
	theirs, err := audit.OpenHead(a.Checkpoint, AuditOrigin, identityKey(m))
	return &exchanged{own: own, theirs: theirs, ticket: a.Ticket}, err
}

// exchangeOnce shows the proof from size since, -1 for what the partner is known
// to have countersigned. again is the size from which it wants it, or -1.
func (n *Node) exchangeOnce(ctx context.Context, m *agreements.Member, c *peer.Client, entry, since int64) (ex *exchanged, again int64, err error) {
	key := m.IdentityKey
	own, h, err := n.ownHeads(ctx, m)
	if err != nil {
		return nil, -1, err
	}
	if since >= 0 {
		if err := n.since(&h, own, since); err != nil {
			return nil, -1, err
		}
	}
	kept, err := n.keptHead(ctx, m)
	if err != nil {
		return nil, -1, err
	}
	told, err := n.store.Told(ctx, key)
	if err != nil {
		return nil, -1, err
	}
	if kept.Size > 0 {
		h.Sizes = append(h.Sizes, kept.Size)
	}
	for _, t := range told[:min(len(told), 7)] {
		h.Sizes = append(h.Sizes, t.Size)
	}
	h.Entry = entry + 1
	a, err := c.Heads(ctx, h)
	if err != nil {
		return nil, -1, err
	}
	yours, err := audit.OpenHead(a.Yours, AuditOrigin, n.keys.Identity(), identityKey(m))
	if err != nil || len(yours.Witnesses) != 1 {
		return nil, -1, fmt.Errorf("node of %s: %w", m.Name, errUnexpectedAnswer)
	}
	theirs, err := audit.OpenHead(a.Checkpoint, AuditOrigin, identityKey(m))
	if err != nil {
		return nil, -1, fmt.Errorf("node of %s: %w", m.Name, err)
	}
	if err := n.compare(ctx, m, kept, theirs, a.Past); err != nil {
		return nil, -1, err
	}
	switch a.Refused {
	case peer.HeadsBehind, peer.HeadsConflict:
		return n.refusedHead(ctx, m, c, h, yours, a.Refused)
	}
	if yours.Size != own.Size || yours.Root != own.Root {
		return nil, -1, fmt.Errorf("node of %s: %w", m.Name, errUnexpectedAnswer)
	}
	if err := n.store.PutOwnHead(ctx, store.KeptHead{Key: key, Member: m.Name, Size: yours.Size, Note: yours.Note, Time: n.now()}); err != nil {
		return nil, -1, err
	}
	signed, err := n.judge(ctx, m, theirs)
	if err != nil {
		return nil, -1, err
	}
	if err := n.judgeTold(ctx, m, told, theirs, a.Past); err != nil {
		return nil, -1, err
	}
	if err := n.hear(ctx, m, a.Told); err != nil {
		return nil, -1, err
	}
	if signed.Size > kept.Size {
		if err := c.Countersigned(ctx, peer.Countersigned{Checkpoint: signed.Note}); err != nil {
			return nil, -1, err
		}
	}
	ex = &exchanged{own: yours, theirs: signed, ticket: a.Ticket, entry: toHashes(a.Entry)}
	if err := n.unresolved(ctx, m); err != nil {
		return nil, -1, err
	}
	return ex, -1, nil
}

// ownHeads prepares this node's side: its checkpoint and the proof that it goes
// on from what the partner countersigned last.
func (n *Node) ownHeads(ctx context.Context, m *agreements.Member) (own audit.Head, h peer.Heads, err error) {
	// In this order: by the time the log is looked at, it holds whatever of it
	// the partner has countersigned.
	last, err := n.store.OwnHead(ctx, m.IdentityKey)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return own, h, err
	}
	var e error
	if own, e = n.audit.Own(); e != nil {
		return own, h, e
	}
	h.Checkpoint = own.Note
	if err != nil {
		return own, h, nil
	}
	was, err := audit.OpenHead(last.Note, AuditOrigin, n.keys.Identity(), identityKey(m))
	if err != nil {
		return own, h, err
	}
	fits, err := n.contains(own, was)
	if err != nil {
		return own, h, err
	}
	if !fits {
		return own, h, n.conflict(ctx, m, conflictOwn, was, own, nil, nil)
	}
	err = n.since(&h, own, was.Size)
	return own, h, err
}

// since fills in the proof from an earlier size of the own log.
func (n *Node) since(h *peer.Heads, own audit.Head, size int64) error {
	h.Since, h.Root, h.Proof = size, nil, nil
	if size == 0 {
		return nil
	}
	root, err := n.audit.RootAt(size)
	if err != nil {
		return err
	}
	h.Root = root[:]
	if size < own.Size {
		proof, err := n.audit.Consistency(own.Size, size)
		if err != nil {
			return err
		}
		h.Proof = fromHashes(proof)
	}
	return nil
}

// contains reports whether the own log has an earlier head of it as its
// beginning.
func (n *Node) contains(own, earlier audit.Head) (bool, error) {
	if earlier.Size > own.Size {
		return false, nil
	}
	if earlier.Size == 0 {
		return true, nil
	}
	root, err := n.audit.RootAt(earlier.Size)
	return root == earlier.Root, err
}

// refusedHead finds out why the partner did not countersign: it shows the last
// head of ours that it did, signed by our own key.
func (n *Node) refusedHead(ctx context.Context, m *agreements.Member, c *peer.Client, h peer.Heads, yours audit.Head, why string) (*exchanged, int64, error) {
	// The log may have grown since it was sent, and the partner have seen that.
	own, err := n.audit.Own()
	if err != nil {
		return nil, -1, err
	}
	fits, err := n.contains(own, yours)
	if err != nil {
		return nil, -1, err
	}
	if !fits {
		// It is told once more, with what our log was at that size if it reaches
		// so far: then its people have the proof too.
		h.Checkpoint = own.Note
		if yours.Size <= own.Size {
			err = n.since(&h, own, yours.Size)
		}
		if err == nil {
			_, err = c.Heads(ctx, h)
		}
		if err != nil {
			n.log.Warn("tell a partner that the own log does not fit", "partner", m.Name, "error", err)
		}
		return nil, -1, n.conflict(ctx, m, conflictOwn, yours, own, nil, nil)
	}
	if why == peer.HeadsConflict {
		return nil, -1, fmt.Errorf("%w: the node of %s holds that this node's audit log is not a continuation of the one it countersigned, and runs nothing with this node until people there have decided; ask them what they found", ErrRecords, m.Name)
	}
	return nil, yours.Size, fmt.Errorf("node of %s: %w", m.Name, errUnexpectedAnswer)
}

// keptHead is the last head of a partner's log that this node countersigned;
// its Size is 0 when there is none.
func (n *Node) keptHead(ctx context.Context, m *agreements.Member) (audit.Head, error) {
	row, err := n.store.Head(ctx, m.IdentityKey)
	if errors.Is(err, store.ErrNotFound) {
		return audit.Head{Origin: AuditOrigin}, nil
	}
	if err != nil {
		return audit.Head{}, err
	}
	return audit.OpenHead(row.Note, AuditOrigin, identityKey(m), n.keys.Identity())
}

// compare checks that a partner's head goes on from the one that was kept when
// it was asked for.
func (n *Node) compare(ctx context.Context, m *agreements.Member, kept, theirs audit.Head, past []peer.PastHead) error {
	p := pastAt(past, kept.Size)
	if theirs.Size < kept.Size {
		return n.conflict(ctx, m, conflictOlder, kept, theirs, nil, nil)
	}
	if ok, _ := audit.Continues(kept, theirs, p.root, p.proof); !ok {
		return n.conflict(ctx, m, conflictForked, kept, theirs, p.given, p.proof)
	}
	return nil
}

// judge countersigns a partner's head that compare has found to be in order.
func (n *Node) judge(ctx context.Context, m *agreements.Member, theirs audit.Head) (audit.Head, error) {
	n.records.judging.Lock()
	defer n.records.judging.Unlock()
	// The partner may have called meanwhile and shown a later one.
	now, err := n.keptHead(ctx, m)
	if err != nil || now.Size >= theirs.Size {
		return now, err
	}
	return n.countersign(ctx, m, theirs)
}

// countersign keeps a partner's head and signs it; judging is held, and the
// head is known to be a continuation. It is in the audit log and on disk before
// the cosignature exists for anyone else.
func (n *Node) countersign(ctx context.Context, m *agreements.Member, h audit.Head) (audit.Head, error) {
	note, err := audit.AddCosignature(h, identityKey(m), n.signer(), n.now())
	if err != nil {
		return h, err
	}
	signed, err := audit.OpenHead(note, AuditOrigin, identityKey(m), n.keys.Identity())
	if err != nil {
		return h, err
	}
	e := entry("records.countersign", audit.OK).with("peer", m.Name).with("size", fmt.Sprint(h.Size)).with("head", hex.EncodeToString(h.Root[:]))
	if err := n.keepHead(ctx, e, store.KeptHead{Key: m.IdentityKey, Member: m.Name, Size: h.Size, Note: note, Time: n.now()}); err != nil {
		return h, err
	}
	n.records.shorter(m.IdentityKey, false)
	return signed, n.resolve(ctx, m, conflictOlder, "the partner showed the log as it was, and its continuation")
}

// keepHead changes the kept head of a partner.
func (n *Node) keepHead(ctx context.Context, e entryBuilder, row store.KeptHead) error {
	c := anchor.Change{Kind: anchorHead, Subject: row.Key, Digest: headDigest(row), Entry: n.timed(e)}
	return n.anchor.Do(ctx, c, func(ctx context.Context, a store.Anchor) error { return n.store.PutHead(ctx, row, a) })
}

// timed completes an entry as record does.
func (n *Node) timed(e entryBuilder) audit.Entry {
	e.Entry.Time = n.now().UTC()
	if e.Entry.Actor == "" {
		e.Entry.Actor = n.cfg.Org
	}
	return e.Entry
}

// pastHead is what a partner says its log was.
type pastHead struct {
	root  tlog.Hash
	given []byte // root as given; nil: it said nothing
	proof []tlog.Hash
}

func pastAt(past []peer.PastHead, size int64) (e pastHead) {
	for _, p := range past {
		if p.Size == size {
			e.given, e.proof = p.Root, toHashes(p.Proof)
			copy(e.root[:], p.Root)
		}
	}
	return e
}

func toHashes(in [][]byte) []tlog.Hash {
	out := make([]tlog.Hash, len(in))
	for i, h := range in {
		copy(out[i][:], h)
	}
	return out
}

func fromHashes(in []tlog.Hash) [][]byte {
	out := make([][]byte, len(in))
	for i := range in {
		out[i] = in[i][:]
	}
	return out
}

func keyText(key []byte) string { return base64.StdEncoding.EncodeToString(key) }
