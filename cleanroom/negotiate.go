package cleanroom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"parley/agreements"
	"parley/cleanroom/audit"
	"parley/cleanroom/peer"
	"parley/cleanroom/store"
)

// maxMessage bounds what a proposer may write beside a proposal, in bytes, and
// maxReason why a negotiation is ended.
const (
	maxMessage = 2000
	maxReason  = 500
)

// Propose lays a draft on the table of a new negotiation with its other
// members. It refuses what this node could not sign itself.
func (n *Node) Propose(ctx context.Context, a *agreements.Agreement, message string) (*Talk, error) {
	id, err := newRunID()
	if err != nil {
		return nil, err
	}
	return n.lay(ctx, store.Negotiation{ID: id}, nil, a, message)
}

// Counter lays another version on the table. A version that this organisation
// has signed it cannot counter, and whoever had signed an earlier one signs
// anew.
func (n *Node) Counter(ctx context.Context, ref string, a *agreements.Agreement, message string) (*Talk, error) {
	talk, versions, err := n.findTalk(ctx, ref)
	if err != nil {
		return nil, err
	}
	if talk.State.Final() {
		return nil, overError(talk)
	}
	table := onTable(versions)
	if signed, err := n.hasSigned(ctx, table.Agreement, n.cfg.Org); err != nil {
		return nil, err
	} else if signed {
		return nil, fmt.Errorf("%s has signed version %d, which lies on the table. Wait for the others, or end this negotiation with `parley agreement reject` and propose anew", n.cfg.Org, table.Number)
	}
	return n.lay(ctx, talk, versions, a, message)
}

func overError(t store.Negotiation) error {
	if t.State == store.Finalized {
		return fmt.Errorf("%w: every member has signed. To change the agreement, amend it", store.ErrOver)
	}
	return fmt.Errorf("%w: %s ended it on %s: %s", store.ErrOver, t.By, t.Updated.UTC().Format("2 January 2006, 15:04 UTC"), t.Reason)
}

// lay puts a version of this node's own on the table and queues it.
func (n *Node) lay(ctx context.Context, talk store.Negotiation, versions []store.Proposal, a *agreements.Agreement, message string) (*Talk, error) {
	if err := shownText("message", message, 0, maxMessage); err != nil {
		return nil, err
	}
	p, err := n.layDown(ctx, talk, versions, a, message)
	if err != nil {
		return nil, err
	}
	for _, m := range n.others(a) {
		if err := n.queueProposal(ctx, m, p); err != nil {
			return nil, err
		}
	}
	n.flushSoon(ctx)
	return n.Talk(ctx, p.Negotiation)
}

func (n *Node) layDown(ctx context.Context, talk store.Negotiation, versions []store.Proposal, a *agreements.Agreement, message string) (p store.Proposal, err error) {
	n.states.Lock()
	defer n.states.Unlock()
	id, err := n.proposable(ctx, a)
	if err != nil {
		return p, err
	}
	p = store.Proposal{Negotiation: talk.ID, Number: 1, Agreement: id, By: n.cfg.Org, Message: message, Said: n.utc(), Received: n.now()}
	if table := onTable(versions); table != nil {
		first, err := agreements.Open(versions[0].Envelope)
		if err != nil {
			return p, err
		}
		if table.Agreement == id {
			return p, fmt.Errorf("this is word for word the version on the table (%d); `parley agreement accept` signs it", table.Number)
		}
		if err := sameParties(first.Agreement(), a); err != nil {
			return p, err
		}
		if p.Number = table.Number + 1; p.Number > maxVersion {
			return p, fmt.Errorf("versions are numbered up to %d, and %s gave that number to its own. End this negotiation with `parley agreement reject` and propose anew", maxVersion, table.By)
		}
	}
	e, err := agreements.NewEnvelope(a)
	if err != nil {
		return p, err
	}
	if p.Envelope, err = e.Bytes(); err != nil {
		return p, err
	}
	what := "agreement.propose"
	if p.Number > 1 {
		what = "agreement.counter"
	}
	if err := n.record(entry(what, audit.OK).called(ctx).agreement(id).with("negotiation", p.Negotiation).with("sequence", fmt.Sprint(p.Number))); err != nil {
		return p, err
	}
	if _, err := n.store.PutProposal(ctx, p, store.Allowance{}); err != nil {
		return p, err
	}
	return p, n.voidEarlier(ctx, p)
}

// proposable refuses a draft that this node could not sign, or whose members it
// does not know by the keys that the draft gives them.
func (n *Node) proposable(ctx context.Context, a *agreements.Agreement) (id string, err error) {
	if err := n.fits(ctx, a); err != nil {
		return "", err
	}
	if len(a.Members) < 2 {
		return "", errors.New("there is nobody to propose this to: the draft has no other member")
	}
	if err := n.meets(ctx, a); err != nil {
		return "", err
	}
	if id, err = a.ID(); err != nil {
		return "", err
	}
	row, err := n.store.AgreementRow(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return "", err
	case row.State.Final():
		return "", fmt.Errorf("this very text was an agreement that has ended, so it cannot be proposed again; change it, for example its dates: %w", stateError(row))
	case row.State != store.AgreementPending:
		return "", errors.New("this very agreement is in force already")
	}
	return id, n.onlyAmendment(ctx, a, id)
}

// meets checks that every other member is a partner here, by the very keys that
// the agreement gives it.
func (n *Node) meets(ctx context.Context, a *agreements.Agreement) error {
	for _, m := range n.others(a) {
		known, err := n.findCorrespondent(ctx, func(k *agreements.Member) bool { return k.Name == m.Name })
		if err != nil {
			return err
		}
		if known == nil {
			if _, err := n.store.Partner(ctx, m.Name); err == nil {
				return notConfirmed(m.Name)
			}
			return fmt.Errorf("members.%s: %s is not a partner of this node: invite it with `parley invite`, or exchange signed files", m.Name, m.Name)
		}
		if known.IdentityKey != m.IdentityKey || known.TLSFingerprint != m.TLSFingerprint || known.AgeRecipient != m.AgeRecipient {
			return fmt.Errorf("members.%s: the keys that this agreement gives for %s are not those by which this node knows it", m.Name, m.Name)
		}
	}
	return nil
}

// sameParties refuses a counter-proposal that brings others to the table, or
// other keys of those who are there.
func sameParties(first, now *agreements.Agreement) error {
	if len(first.Members) == len(now.Members) {
		same := true
		for i := range first.Members {
			m := now.Member(first.Members[i].Name)
			same = same && m != nil && m.IdentityKey == first.Members[i].IdentityKey && m.TLSFingerprint == first.Members[i].TLSFingerprint
		}
		if same && first.Predecessor == now.Predecessor {
			return nil
		}
	}
	return errors.New("members: a counter-proposal has the same members, with the same keys, and amends the same agreement as the first proposal; for others begin a negotiation of its own")
}

// hasSigned reports whether a member's signature on an agreement is here.
func (n *Node) hasSigned(ctx context.Context, id, member string) (bool, error) {
	row, err := n.store.AgreementRow(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	e, err := agreements.Open(row.Envelope)
	if err != nil {
		return false, err
	}
	for _, m := range e.Missing() {
		if m == member {
			return false, nil
		}
	}
	return true, nil
}

// Reject ends a negotiation. What was signed of it is void.
func (n *Node) Reject(ctx context.Context, ref, reason string) (*Talk, error) {
	if err := shownLine("reason", reason, 1, maxReason); err != nil {
		return nil, err
	}
	talk, versions, err := n.findTalk(ctx, ref)
	if err != nil {
		return nil, err
	}
	if talk.State.Final() {
		return nil, overError(talk)
	}
	if err := n.endTalk(ctx, talk, versions, n.cfg.Org, reason); err != nil {
		return nil, err
	}
	e, err := agreements.Open(onTable(versions).Envelope)
	if err != nil {
		return nil, err
	}
	for _, m := range n.others(e.Agreement()) {
		if err := n.queueEnd(ctx, m, talk.ID, reason); err != nil {
			return nil, err
		}
	}
	n.flushSoon(ctx)
	return n.Talk(ctx, talk.ID)
}

// endTalk ends a negotiation by a member's word.
func (n *Node) endTalk(ctx context.Context, talk store.Negotiation, versions []store.Proposal, by, reason string) error {
	n.states.Lock()
	defer n.states.Unlock()
	if err := n.record(entry("agreement.reject", audit.OK).called(ctx).by(by).agreement(onTable(versions).Agreement).with("negotiation", talk.ID)); err != nil {
		return err
	}
	if err := n.store.EndNegotiation(ctx, talk.ID, store.Terminated, by, reason, n.now()); err != nil {
		return err
	}
	for _, v := range versions {
		if err := n.void(ctx, v.Agreement, store.AgreementRevoked, by, reason); err != nil {
			return err
		}
	}
	return nil
}

// void makes the signatures on a version that is not in force worth nothing:
// they can never be completed here. n.states is held.
func (n *Node) void(ctx context.Context, id string, state store.AgreementState, by, reason string) error {
	row, err := n.store.AgreementRow(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && row.State != store.AgreementPending {
		return nil
	}
	if err != nil {
		return err
	}
	row.State, row.By, row.Reason = state, by, reason
	return n.changeAgreements(ctx, entry("agreement.void", audit.OK), row)
}

// voidEarlier voids what was signed of the versions before one that came on the
// table, since a counter-proposal rejects them.
func (n *Node) voidEarlier(ctx context.Context, p store.Proposal) error {
	_, versions, err := n.store.Negotiation(ctx, p.Negotiation)
	if err != nil {
		return err
	}
	table := onTable(versions)
	for _, v := range versions {
		if v.Agreement == table.Agreement {
			continue
		}
		if err := n.void(ctx, v.Agreement, store.AgreementSuperseded, "", fmt.Sprintf("version %d of the negotiation took its place", table.Number)); err != nil {
			return err
		}
	}
	return nil
}

// settleTalks brings the negotiations that an agreement was a version of up to
// date with its signatures.
func (n *Node) settleTalks(ctx context.Context, row store.AgreementRow) error {
	ids, err := n.store.NegotiationsOf(ctx, row.ID)
	if err != nil {
		return err
	}
	n.states.Lock()
	defer n.states.Unlock()
	for _, id := range ids {
		talk, versions, err := n.store.Negotiation(ctx, id)
		if err != nil {
			return err
		}
		state := store.Agreed
		if row.State != store.AgreementPending {
			state = store.Finalized
		}
		if talk.State.Final() || state == store.Agreed && onTable(versions).Agreement != row.ID {
			continue
		}
		if err := n.store.EndNegotiation(ctx, id, state, "", "", n.now()); err != nil {
			return err
		}
		for _, v := range versions {
			if state == store.Finalized && v.Agreement != row.ID {
				if err := n.void(ctx, v.Agreement, store.AgreementSuperseded, "", "another version was signed by every member"); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// endTalksOf ends the negotiations about an agreement that was revoked before
// every member had signed. n.states is held.
func (n *Node) endTalksOf(ctx context.Context, row store.AgreementRow) error {
	if row.State != store.AgreementRevoked {
		return nil
	}
	ids, err := n.store.NegotiationsOf(ctx, row.ID)
	if err != nil {
		return err
	}
	for _, id := range ids {
		err := n.store.EndNegotiation(ctx, id, store.Terminated, row.By, row.Reason, n.now())
		if err != nil && !errors.Is(err, store.ErrOver) {
			return err
		}
	}
	return nil
}

// Amendment is a draft that amends an agreement: the same words, beginning today
// at midnight UTC, so that its dates read well, and not before that agreement.
func (n *Node) Amendment(ctx context.Context, ref string) (*agreements.Agreement, error) {
	row, err := n.findAgreement(ctx, ref)
	if err != nil {
		return nil, err
	}
	e, err := agreements.Open(row.Envelope)
	if err != nil {
		return nil, err
	}
	a := e.Agreement()
	a.Predecessor = row.ID
	if today := n.utc().Truncate(24 * time.Hour); today.After(a.Validity.NotBefore) {
		a.Validity.NotBefore = today
	}
	if _, err := n.amended(ctx, a); err != nil {
		return nil, err
	}
	return a, nil
}

func (n *Node) queueProposal(ctx context.Context, m *agreements.Member, p store.Proposal) error {
	return n.queue(ctx, m, proposalItem(p.Negotiation, p.Number, p.Agreement), peer.PathProposal, proposalOf(p))
}

func proposalOf(p store.Proposal) peer.Proposal {
	return peer.Proposal{Protocol: peer.Protocol, Negotiation: p.Negotiation, Number: p.Number, Message: p.Message,
		Time: p.Said.UTC().Truncate(time.Second), Envelope: json.RawMessage(p.Envelope)}
}

func (n *Node) queueSigned(ctx context.Context, m *agreements.Member, row store.AgreementRow) error {
	return n.queue(ctx, m, signatureItem(row.ID), peer.PathSigned, peer.Signed{Protocol: peer.Protocol, Envelope: json.RawMessage(row.Envelope)})
}

func (n *Node) queueEnd(ctx context.Context, m *agreements.Member, negotiation, reason string) error {
	return n.queue(ctx, m, endItem(negotiation), peer.PathEnd, peer.Ended{Protocol: peer.Protocol, Negotiation: negotiation, Reason: reason})
}

// shownText bounds text that people of several organisations read, and keeps
// out of it what a terminal or a page would act on.
func shownText(what, s string, least, most int) error {
	if len(s) < least || len(s) > most {
		return fmt.Errorf("the %s must have %d to %d bytes", what, least, most)
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) && r != '\n' }) {
		return fmt.Errorf("the %s holds a character that cannot be shown", what)
	}
	return nil
}

// shownLine is shownText in one line: it is quoted in the middle of sentences,
// where another line would pass for one of the node's own.
func shownLine(what, s string, least, most int) error {
	if strings.Contains(s, "\n") {
		return fmt.Errorf("the %s must be one line", what)
	}
	return shownText(what, s, least, most)
}
