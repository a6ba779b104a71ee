package cleanroom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"parley/agreements"
	"parley/cleanroom/audit"
	"parley/cleanroom/peer"
	"parley/cleanroom/store"
)

// maxNotices bounds the notices of one member under one agreement.
const maxNotices = 1000

// Suspend stops everything under an agreement until this organisation resumes
// it. The other members are told, now or when their nodes answer again.
func (n *Node) Suspend(ctx context.Context, id, reason string) (*Collaboration, error) {
	return n.give(ctx, agreements.Suspend, id, reason)
}

// Resume takes this organisation's own suspension back.
func (n *Node) Resume(ctx context.Context, id, reason string) (*Collaboration, error) {
	return n.give(ctx, agreements.Resume, id, reason)
}

// Revoke ends an agreement for good.
func (n *Node) Revoke(ctx context.Context, id, reason string) (*Collaboration, error) {
	return n.give(ctx, agreements.Revoke, id, reason)
}

// give signs a notice of this node's own, makes it take effect here and queues
// it for the other members.
func (n *Node) give(ctx context.Context, kind agreements.NoticeKind, id, reason string) (*Collaboration, error) {
	n.states.Lock()
	row, b, err := n.ownNotice(ctx, kind, id, reason)
	n.states.Unlock()
	if err != nil {
		return nil, err
	}
	e, err := agreements.Open(row.Envelope)
	if err != nil {
		return nil, err
	}
	notice, err := agreements.OpenNotice(b)
	if err != nil {
		return nil, err
	}
	for _, m := range n.others(e.Agreement()) {
		if err := n.queueNotice(ctx, m, notice, b); err != nil {
			return nil, err
		}
	}
	n.flushSoon(ctx)
	return n.Collaboration(ctx, row.ID)
}

// ownNotice makes and applies a notice; n.states is held.
func (n *Node) ownNotice(ctx context.Context, kind agreements.NoticeKind, id, reason string) (store.AgreementRow, []byte, error) {
	row, err := n.findAgreement(ctx, id)
	if err != nil {
		return row, nil, err
	}
	if _, err := n.clock(); err != nil && kind == agreements.Resume { // stopping is always possible
		return row, nil, err
	}
	if row.State.Final() {
		return row, nil, fmt.Errorf("nothing can be changed about an agreement that has ended: %w", stateError(row))
	}
	e, err := agreements.Open(row.Envelope)
	if err != nil {
		return row, nil, err
	}
	a := e.Agreement()
	if me := a.Member(n.cfg.Org); me == nil {
		return row, nil, fmt.Errorf("%w: %s", ErrNotNamed, n.cfg.Org)
	}
	past, err := n.store.Notices(ctx, row.ID)
	if err != nil {
		return row, nil, err
	}
	sequence := int64(1)
	for _, p := range past {
		if p.Member == n.cfg.Org {
			sequence = p.Sequence + 1
		}
	}
	mine := slices.Contains(suspendedBy(past), n.cfg.Org)
	switch {
	case kind != agreements.Revoke && row.State == store.AgreementPending:
		return row, nil, errors.New("the agreement is not in force yet, so there is nothing to suspend or resume; `parley agreement revoke` takes this organisation's signature out of it")
	case kind == agreements.Suspend && mine:
		return row, nil, fmt.Errorf("%s has suspended this agreement already", n.cfg.Org)
	case kind == agreements.Resume && !mine && row.State == store.AgreementSuspended:
		return row, nil, fmt.Errorf("%s did not suspend this agreement: %s has to resume it", n.cfg.Org, listed(suspendedBy(past)))
	case kind == agreements.Resume && !mine:
		return row, nil, errors.New("this agreement is not suspended")
	}
	notice := agreements.Notice{Agreement: row.ID, Member: n.cfg.Org, Kind: kind, Reason: reason, Sequence: sequence, Time: n.utc()}
	if err := notice.Check(); err != nil {
		return row, nil, err
	}
	b, err := agreements.SignNotice(notice, identity{ctx, n.keys})
	if err != nil {
		return row, nil, err
	}
	return row, b, n.applyNotice(ctx, row, past, &notice, b)
}

// suspendedBy lists the members whose suspension holds, by their notices.
func suspendedBy(notices []store.Notice) (out []string) {
	for _, n := range notices {
		at := slices.Index(out, n.Member)
		switch {
		case n.Kind == string(agreements.Suspend) && at < 0:
			out = append(out, n.Member)
		case n.Kind == string(agreements.Resume) && at >= 0:
			out = slices.Delete(out, at, at+1)
		}
	}
	return out
}

// applyNotice records a notice with what it makes of the agreement, and stops
// its runs. n.states is held.
func (n *Node) applyNotice(ctx context.Context, row store.AgreementRow, past []store.Notice, notice *agreements.Notice, b []byte) error {
	put := store.Notice{Agreement: row.ID, Member: notice.Member, Sequence: notice.Sequence, Kind: string(notice.Kind), Envelope: b, Received: n.now()}
	was := row.State
	switch {
	case notice.Kind == agreements.Revoke:
		row.State = store.AgreementRevoked
	case row.State == store.AgreementPending: // said before its last signature came
	case len(suspendedBy(append(slices.Clone(past), put))) > 0:
		row.State = store.AgreementSuspended
	default:
		row.State = store.AgreementActive
	}
	if row.State != was {
		row.By, row.Reason = notice.Member, notice.Reason
	}
	e := entry("agreement."+string(notice.Kind), audit.OK).called(ctx).by(notice.Member).with("sequence", fmt.Sprint(notice.Sequence))
	changes, err := n.changesOf(e, row)
	if err != nil {
		return err
	}
	now := n.now()
	err = n.anchor.DoAll(ctx, changes, func(ctx context.Context, all []store.Anchor) error {
		return n.store.PutNotice(ctx, put, row, now, all...)
	})
	if err != nil {
		return err
	}
	n.partners.forget()
	if row.State != store.AgreementActive {
		row.Since = now
		n.stopRuns(row.ID, stateError(row))
	}
	return n.endTalksOf(ctx, row)
}

// NoticedBy implements peer.Negotiator: another member's signed notice.
func (n *Node) NoticedBy(ctx context.Context, from string, in peer.Noticed) error {
	return n.answerTalk("notice", from, n.noticed(ctx, from, in.Notice))
}

func (n *Node) noticed(ctx context.Context, from string, b []byte) error {
	said, err := agreements.OpenNotice(b)
	if err != nil {
		return errors.Join(errDraft, err)
	}
	n.states.Lock()
	defer n.states.Unlock()
	row, err := n.store.AgreementRow(ctx, said.Agreement)
	if errors.Is(err, store.ErrNotFound) {
		return errOrder // perhaps it comes yet
	}
	if err != nil {
		return err
	}
	e, err := agreements.Open(row.Envelope)
	if err != nil {
		return err
	}
	a := e.Agreement()
	// The signature is the member's; the caller must be that member too, so
	// that nobody chooses when another's word arrives.
	if m := memberByFingerprint(a, from); m == nil || m.Name != said.Member || m.Name == n.cfg.Org {
		return errStranger
	}
	notice, err := agreements.VerifyNotice(b, a)
	if err != nil {
		return errors.Join(errDraft, err)
	}
	past, err := n.store.Notices(ctx, row.ID)
	if err != nil {
		return err
	}
	last := int64(0)
	for _, p := range past {
		if p.Member != notice.Member {
			continue
		}
		last = p.Sequence
		if p.Sequence == notice.Sequence {
			if before, err := agreements.OpenNotice(p.Envelope); err == nil && *before == *notice {
				return nil // the answer was lost
			}
			return errors.Join(errDraft, fmt.Errorf("%s signed two notices of one number", notice.Member))
		}
	}
	switch {
	case row.State.Final():
		return errOver
	case notice.Sequence != last+1:
		return errOrder
	case notice.Sequence > maxNotices && notice.Kind != agreements.Revoke:
		return errRoom
	}
	return n.applyNotice(ctx, row, past, notice, b)
}

// queueNotice queues one of this node's notices for a member.
func (n *Node) queueNotice(ctx context.Context, m *agreements.Member, notice *agreements.Notice, b []byte) error {
	return n.queue(ctx, m, noticeItem(notice.Agreement, notice.Sequence), peer.PathNotice,
		peer.Noticed{Protocol: peer.Protocol, Notice: json.RawMessage(b)})
}

// What a partner's node may be told of why something about an agreement was
// not taken.
var (
	errDraft = errors.New("what came about an agreement cannot be taken")
	errRoom  = errors.New("as many proposals of this partner lie here as are taken")
	errOver  = errors.New("the negotiation or the agreement has ended here")
	errOrder = errors.New("something that comes before it has not arrived here")
)

// answerTalk logs why a partner's word about an agreement was not taken, records
// it, and returns what the partner may know.
func (n *Node) answerTalk(what, from string, err error) error {
	if err == nil {
		return nil
	}
	n.log.Warn("not taken", "what", what, "from", short(from), "reason", err.Error())
	status, word := http.StatusForbidden, ""
	var known *peer.Problem
	switch {
	case errors.As(err, &known):
		return errors.Join(known, n.record(entry("agreement."+what, audit.Refused).by("unknown").with("code", "partner")))
	case errors.Is(err, errOrder):
		return peer.Refuse(http.StatusConflict, peer.RefusedOrder, "something that comes before it has not arrived at the other node yet")
	case errors.Is(err, errOver), errors.Is(err, store.ErrOver):
		status, word = http.StatusConflict, peer.RefusedOver
	case errors.Is(err, errRoom), errors.Is(err, store.ErrAllowance):
		word = peer.RefusedRoom
	case errors.Is(err, errDraft):
		word = peer.RefusedDraft
	default:
		return err // generic
	}
	if e := n.record(entry("agreement."+what, audit.Refused).by("unknown").with("code", word)); e != nil {
		return e
	}
	return peer.Refuse(status, word, talkText[word])
}

var talkText = map[string]string{
	peer.RefusedOver:  "the negotiation or the agreement has ended at the other node",
	peer.RefusedRoom:  "as many proposals of this node lie at the other node as it takes; end some, or propose again tomorrow",
	peer.RefusedDraft: "the other node cannot take this proposal, signature or notice; its own log says why",
}
