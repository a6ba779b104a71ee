package cleanroom

import (
	"context"
	"errors"
	"fmt"

	"parley/agreements"
	"parley/cleanroom/audit"
	"parley/cleanroom/peer"
	"parley/cleanroom/store"
	"parley/internal/weak"
)

// Heads implements peer.Service: the other node's side of exchange.
func (n *Node) Heads(ctx context.Context, from string, h peer.Heads) (*peer.HeadsAnswer, error) {
	m, err := n.correspondent(ctx, from)
	if err != nil {
		return nil, err
	}
	a, err := n.answerHeads(ctx, m, h)
	if err != nil {
		n.log.Warn("exchange of records", "partner", m.Name, "error", err)
		return nil, err
	}
	return a, nil
}

func (n *Node) answerHeads(ctx context.Context, m *agreements.Member, h peer.Heads) (*peer.HeadsAnswer, error) {
	theirs, err := audit.OpenHead(h.Checkpoint, AuditOrigin, identityKey(m))
	if err != nil {
		return nil, err
	}
	a := &peer.HeadsAnswer{}
	if err := n.receiveHead(ctx, m, theirs, h, a); err != nil {
		return nil, err
	}
	own, err := n.audit.Own()
	if err != nil {
		return nil, err
	}
	a.Checkpoint = own.Note
	for _, size := range h.Sizes {
		if size > own.Size {
			continue
		}
		p := peer.PastHead{Size: size}
		var at peer.Heads
		if err := n.since(&at, own, size); err != nil {
			return nil, err
		}
		p.Root, p.Proof = at.Root, at.Proof
		a.Past = append(a.Past, p)
	}
	if index := h.Entry - 1; index >= 0 && index < own.Size {
		proof, err := n.audit.Inclusion(own.Size, index)
		if err != nil {
			return nil, err
		}
		a.Entry = fromHashes(proof)
	}
	if a.Told, err = n.tellAbout(ctx, m); err != nil {
		return nil, err
	}
	if a.Refused == "" {
		a.Ticket, err = n.records.ticket(m.IdentityKey, n.now())
	}
	return a, err
}

// receiveHead judges a partner's head and countersigns it, or says why not.
func (n *Node) receiveHead(ctx context.Context, m *agreements.Member, theirs audit.Head, h peer.Heads, a *peer.HeadsAnswer) error {
	n.records.judging.Lock()
	defer n.records.judging.Unlock()
	kept, err := n.keptHead(ctx, m)
	if err != nil {
		return err
	}
	a.Yours = kept.Note
	if weak.Off("R57") || weak.Off("R56") {
		note, err := audit.AddCosignature(theirs, identityKey(m), n.signer(), n.now())
		a.Yours = note
		return err
	}
	if _, err := n.store.OpenConflict(ctx, m.IdentityKey, conflictForked); !errors.Is(err, store.ErrNotFound) {
		a.Refused = peer.HeadsConflict
		return err
	}
	given := pastHead{given: h.Root, proof: toHashes(h.Proof)}
	copy(given.root[:], h.Root)
	switch {
	case theirs.Size == kept.Size && theirs.Root == kept.Root && kept.Size > 0:
		n.records.shorter(m.IdentityKey, false)
		return nil // the answer was lost, or nothing has happened since
	case theirs.Size < kept.Size:
		// It may be late: then the partner sends a newer one at once. A second
		// one in a row is not.
		a.Refused = peer.HeadsBehind
		if n.records.shorter(m.IdentityKey, true) < 2 {
			return nil
		}
		return swallow(n.conflict(ctx, m, conflictOlder, kept, theirs, nil, nil))
	case theirs.Size > kept.Size && kept.Size > 0 && h.Since != kept.Size:
		a.Refused = peer.HeadsBehind
		return nil
	}
	if ok, _ := audit.Continues(kept, theirs, given.root, given.proof); !ok {
		a.Refused = peer.HeadsConflict
		return swallow(n.conflict(ctx, m, conflictForked, kept, theirs, given.given, given.proof))
	}
	signed, err := n.countersign(ctx, m, theirs)
	a.Yours = signed.Note
	return err
}

// swallow is nil for a conflict: it was recorded, and the caller is told so.
func swallow(err error) error {
	if errors.Is(err, ErrRecords) {
		return nil
	}
	return err
}

// Countersigned implements peer.Service: it keeps a partner's cosignature on
// this node's head.
func (n *Node) Countersigned(ctx context.Context, from string, c peer.Countersigned) error {
	m, err := n.correspondent(ctx, from)
	if err != nil {
		return err
	}
	h, err := audit.OpenHead(c.Checkpoint, AuditOrigin, n.keys.Identity(), identityKey(m))
	if err != nil || len(h.Witnesses) != 1 || h.Unplaced > 0 {
		n.log.Warn("a partner's cosignature", "partner", m.Name, "error", errors.Join(err, errUnexpectedAnswer))
		return errUnexpectedAnswer
	}
	own, err := n.audit.Own()
	if err != nil {
		return err
	}
	fits, err := n.contains(own, h)
	if err != nil {
		return err
	}
	if !fits { // signed by our own key, so a second copy of this node is somewhere
		return n.conflict(ctx, m, conflictOwn, h, own, nil, nil)
	}
	return n.store.PutOwnHead(ctx, store.KeptHead{Key: m.IdentityKey, Member: m.Name, Size: h.Size, Note: h.Note, Time: n.now()})
}

// admitRecords is the other owner's check of an offer: the logs of both were
// compared for this run, and nothing is in doubt.
func (n *Node) admitRecords(ctx context.Context, asker *agreements.Member, ticket string) error {
	if weak.Off("R57") {
		return nil
	}
	if err := n.unresolved(ctx, asker); err != nil {
		return err
	}
	if !n.records.use(asker.IdentityKey, ticket, n.now()) {
		return fmt.Errorf("%w: the node of %s has not shown its audit log for this run", ErrRecords, asker.Name)
	}
	return nil
}
