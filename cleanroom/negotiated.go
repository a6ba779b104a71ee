package cleanroom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"parley/agreements"
	"parley/cleanroom/audit"
	"parley/cleanroom/peer"
	"parley/cleanroom/store"
	"parley/internal/weak"
)

// What one partner may lay on tables here; see store.Allowance.
var allowance = store.Allowance{Open: 10, Opened: 50, Versions: 50, Bytes: 64 << 20, Window: 24 * time.Hour}

// maxVersion bounds the number of a version.
const maxVersion = 1000

// Proposed implements peer.Negotiator: a partner lays a version on the table.
func (n *Node) Proposed(ctx context.Context, from string, p peer.Proposal) error {
	return n.answerTalk("propose", from, n.proposed(ctx, from, p))
}

func (n *Node) proposed(ctx context.Context, from string, p peer.Proposal) error {
	m, err := n.correspondent(ctx, from)
	if err != nil {
		return err
	}
	e, err := agreements.Open(p.Envelope)
	if err != nil {
		return errors.Join(errDraft, err)
	}
	a := e.Agreement()
	if err := n.forUs(a, m, from); err != nil {
		return err
	}
	if len(e.Missing()) != len(a.Members) {
		return errors.Join(errDraft, errors.New("a proposal carries no signatures"))
	}
	if err := shownText("message", p.Message, 0, maxMessage); err != nil {
		return errors.Join(errDraft, err)
	}
	if y := p.Time.UTC().Year(); y < 2000 || y > 9999 || p.Number > maxVersion {
		return errors.Join(errDraft, errors.New("the time or the number is out of range"))
	}
	id, err := a.ID()
	if err != nil {
		return err
	}
	b, err := e.Bytes()
	if err != nil {
		return err
	}
	put := store.Proposal{Negotiation: p.Negotiation, Number: p.Number, Agreement: id, By: m.Name, Message: p.Message,
		Envelope: b, Said: p.Time.UTC(), Received: n.now()}
	n.states.Lock()
	defer n.states.Unlock()
	if err := n.fitsTable(ctx, put, a); err != nil {
		return err
	}
	fresh, err := n.store.TryProposal(ctx, put, allowance)
	if err != nil {
		return err
	}
	if fresh {
		if err := n.record(entry("agreement.proposed", audit.OK).by(m.Name).agreement(id).with("negotiation", p.Negotiation).with("sequence", fmt.Sprint(p.Number))); err != nil {
			return err
		}
		if _, err := n.store.PutProposal(ctx, put, allowance); err != nil {
			return err
		}
	}
	// Also when it comes again: the node may have been stopped in between.
	return n.voidEarlier(ctx, put)
}

// forUs checks that an agreement names this node and the caller by the keys
// that they have: a card of one's own is all that a partner may put in one's
// name, and nobody proposes in another's (R49).
func (n *Node) forUs(a *agreements.Agreement, m *agreements.Member, from string) error {
	card := n.Card()
	me, they := a.Member(n.cfg.Org), memberByFingerprint(a, from)
	if weak.Off("R49") {
		return nil
	}
	switch {
	case me == nil || me.IdentityKey != card.IdentityKey || me.TLSFingerprint != card.TLSFingerprint || me.AgeRecipient != card.AgeRecipient:
		return errors.Join(errDraft, errors.New("the agreement does not name this node by its own keys"))
	case they == nil || they.Name != m.Name || they.IdentityKey != m.IdentityKey || they.AgeRecipient != m.AgeRecipient:
		return errors.Join(errDraft, errors.New("the agreement does not name the caller by the keys it is known by"))
	}
	return nil
}

// fitsTable checks a partner's version against what lies there. n.states is held.
func (n *Node) fitsTable(ctx context.Context, p store.Proposal, a *agreements.Agreement) error {
	row, err := n.store.AgreementRow(ctx, p.Agreement)
	if err == nil && row.State.Final() {
		return errors.Join(errOver, stateError(row))
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if a.Predecessor != "" {
		if _, err := n.amended(ctx, a); err != nil && !errors.Is(err, store.ErrNotFound) {
			return errors.Join(errDraft, err)
		}
	}
	talk, versions, err := n.store.Negotiation(ctx, p.Negotiation)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if slices.ContainsFunc(versions, func(v store.Proposal) bool {
		return v.Number == p.Number && v.Agreement == p.Agreement && v.By == p.By
	}) {
		return nil // the answer was lost
	}
	first, err := agreements.Open(versions[0].Envelope)
	if err != nil {
		return err
	}
	switch err := sameParties(first.Agreement(), a); {
	case err != nil:
		return errors.Join(errDraft, err)
	case talk.State.Final():
		return errOver
	}
	if signed, err := n.hasSigned(ctx, onTable(versions).Agreement, p.By); err != nil || signed {
		return errors.Join(errDraft, err, fmt.Errorf("%s has signed the version on the table and cannot counter it", p.By))
	}
	return nil
}

// SignedBy implements peer.Negotiator: a partner has signed.
func (n *Node) SignedBy(ctx context.Context, from string, s peer.Signed) error {
	return n.answerTalk("signed", from, n.signedBy(ctx, from, s))
}

func (n *Node) signedBy(ctx context.Context, from string, s peer.Signed) error {
	m, err := n.correspondent(ctx, from)
	if err != nil {
		return err
	}
	e, err := agreements.Open(s.Envelope)
	if err != nil {
		return errors.Join(errDraft, err)
	}
	a := e.Agreement()
	if err := n.forUs(a, m, from); err != nil {
		return err
	}
	if err := e.Verify(); err != nil && !errors.Is(err, agreements.ErrNotFullySigned) {
		return errors.Join(errDraft, err)
	}
	if slices.Contains(e.Missing(), m.Name) {
		return errors.Join(errDraft, errors.New("the caller's own signature is not in it"))
	}
	id, err := a.ID()
	if err != nil {
		return err
	}
	if err := n.expects(ctx, id); err != nil {
		return err
	}
	n.states.Lock()
	row, err := n.store.AgreementRow(ctx, id)
	if err == nil && row.State.Final() {
		err = errors.Join(errOver, stateError(row))
	}
	if err == nil || errors.Is(err, store.ErrNotFound) {
		row, err = n.takeIn(ctx, e)
		if err != nil {
			err = errors.Join(errDraft, err)
		}
	}
	n.states.Unlock()
	if err != nil {
		return err
	}
	return n.settleTalks(ctx, row)
}

// expects reports whether a signature on an agreement is waited for here: it
// lies on a table, or was signed or taken in by this node's own people.
func (n *Node) expects(ctx context.Context, id string) error {
	row, err := n.store.AgreementRow(ctx, id)
	if err == nil && row.State == store.AgreementPending {
		if err := n.countered(ctx, id); err != nil {
			return errors.Join(errOver, err)
		}
		return nil
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	ids, errIDs := n.store.NegotiationsOf(ctx, id)
	if errIDs != nil {
		return errIDs
	}
	if err == nil && !row.State.Final() {
		return nil // in force: more of the same is harmless
	}
	over := err == nil
	for _, t := range ids {
		talk, versions, err := n.store.Negotiation(ctx, t)
		if err != nil {
			return err
		}
		if !talk.State.Final() && onTable(versions).Agreement == id {
			return nil
		}
		over = true
	}
	if over {
		return errOver
	}
	return errOrder
}

// EndedBy implements peer.Negotiator: a partner ends a negotiation.
func (n *Node) EndedBy(ctx context.Context, from string, e peer.Ended) error {
	return n.answerTalk("ended", from, n.endedBy(ctx, from, e))
}

func (n *Node) endedBy(ctx context.Context, from string, e peer.Ended) error {
	m, err := n.correspondent(ctx, from)
	if err != nil {
		return err
	}
	if err := shownLine("reason", e.Reason, 1, maxReason); err != nil {
		return errors.Join(errDraft, err)
	}
	talk, versions, err := n.store.Negotiation(ctx, e.Negotiation)
	if errors.Is(err, store.ErrNotFound) {
		return errOrder
	}
	if err != nil {
		return err
	}
	first, err := agreements.Open(versions[0].Envelope)
	if err != nil {
		return err
	}
	if memberByFingerprint(first.Agreement(), from) == nil {
		return errOrder // for a stranger to it, it is not here
	}
	switch {
	case talk.State == store.Terminated:
		return nil
	case talk.State.Final():
		return errOver
	}
	return n.endTalk(ctx, talk, versions, m.Name, e.Reason)
}

// correspondents lists the nodes to talk to about agreements: confirmed partners
// and members of agreements in force.
func (n *Node) correspondents(ctx context.Context) (out []*agreements.Member, err error) {
	_, err = n.findCorrespondent(ctx, func(m *agreements.Member) bool {
		if m.Address != "" && !slices.ContainsFunc(out, func(o *agreements.Member) bool { return o.TLSFingerprint == m.TLSFingerprint }) {
			out = append(out, m)
		}
		return false
	})
	return out, err
}

// item is one thing that a member has said about an agreement, and the call
// that says it.
type item struct {
	name, path string
	body       any
}

// recent is how long after its end a negotiation is still compared.
const recent = 90 * 24 * time.Hour

// itemsOf lists what author has said that concerns the other member too: what
// this node has said to it, or what it has received from it.
func (n *Node) itemsOf(ctx context.Context, author string, other *agreements.Member) (out []item, err error) {
	with := func(b []byte) (*agreements.Envelope, bool, error) {
		e, err := agreements.Open(b)
		if err != nil {
			return nil, false, err
		}
		m := e.Agreement().Member(other.Name)
		return e, m != nil && m.IdentityKey == other.IdentityKey, nil
	}
	talks, err := n.store.Negotiations(ctx)
	if err != nil {
		return nil, err
	}
	var discussed []string
	for _, t := range talks {
		if t.State.Final() && n.now().Sub(t.Updated) > recent {
			continue
		}
		_, versions, err := n.store.Negotiation(ctx, t.ID)
		if err != nil {
			return nil, err
		}
		if len(versions) == 0 {
			continue
		}
		if _, concerned, err := with(versions[0].Envelope); err != nil || !concerned {
			if err != nil {
				return nil, err
			}
			continue
		}
		for _, v := range versions {
			discussed = append(discussed, v.Agreement)
			if v.By == author {
				out = append(out, item{proposalItem(t.ID, v.Number, v.Agreement), peer.PathProposal, proposalOf(v)})
			}
		}
		if t.State == store.Terminated && t.By == author {
			out = append(out, item{endItem(t.ID), peer.PathEnd, peer.Ended{Protocol: peer.Protocol, Negotiation: t.ID, Reason: t.Reason}})
		}
	}
	rows, err := n.store.Agreements(ctx)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if row.State.Final() && n.now().Sub(row.Since) > recent {
			continue
		}
		e, concerned, err := with(row.Envelope)
		if err != nil {
			return nil, err
		}
		if !concerned {
			continue
		}
		// What was exchanged as files stays between those who exchange files.
		if !row.State.Final() && slices.Contains(discussed, row.ID) && !slices.Contains(e.Missing(), author) {
			out = append(out, item{signatureItem(row.ID), peer.PathSigned, peer.Signed{Protocol: peer.Protocol, Envelope: json.RawMessage(row.Envelope)}})
		}
		notices, err := n.store.Notices(ctx, row.ID)
		if err != nil {
			return nil, err
		}
		for _, s := range notices {
			if s.Member == author {
				out = append(out, item{noticeItem(row.ID, s.Sequence), peer.PathNotice, peer.Noticed{Protocol: peer.Protocol, Notice: json.RawMessage(s.Envelope)}})
			}
		}
	}
	return out, nil
}
