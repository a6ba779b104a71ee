package cleanroom

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"parley/agreements"
	"parley/cleanroom/audit"
	"parley/cleanroom/people"
	"parley/cleanroom/store"
	"parley/internal/weak"
)

// Collaboration is an agreement as this node holds it.
type Collaboration struct {
	ID        string                `json:"id"`
	State     store.AgreementState  `json:"state"`
	Missing   []string              `json:"missing,omitempty"` // members that have not signed
	Agreement *agreements.Agreement `json:"agreement"`
	FirstSeen time.Time             `json:"firstSeen"`
	// Since is when it came into its state; By the member that brought it
	// there, if one did, and Reason why.
	Since  time.Time `json:"since"`
	By     string    `json:"by,omitempty"`
	Reason string    `json:"reason,omitempty"`
	// SuspendedBy are the members that must resume it.
	SuspendedBy []string `json:"suspendedBy,omitempty"`
	Envelope    []byte   `json:"envelope"`
}

// SignAgreement signs a draft or a partly signed agreement with this node's
// identity key and returns the envelope. It refuses what this node could not
// honour: a wrong key of its own, or rules wider than its contracts.
func (n *Node) SignAgreement(ctx context.Context, e *agreements.Envelope) error {
	a := e.Agreement()
	if err := n.fits(ctx, a); err != nil {
		return err
	}
	id, err := a.ID()
	if err != nil {
		return err
	}
	n.states.Lock()
	defer n.states.Unlock()
	if err := n.signable(ctx, a, id); err != nil {
		return err
	}
	if err := n.consented(ctx, consentAgreement, id, "agreement "+short(id), people.AgreementSign); err != nil {
		return err
	}
	if err := n.record(entry("agreement.sign", audit.OK).called(ctx).agreement(id)); err != nil {
		return err
	}
	if err := e.Sign(n.cfg.Org, identity{ctx, n.keys}); err != nil {
		return err
	}
	return n.keepOwn(ctx, a)
}

// signable refuses what this node must not sign although its own part of it is
// right: what has ended, what came too late, and a second amendment.
func (n *Node) signable(ctx context.Context, a *agreements.Agreement, id string) error {
	if _, err := n.clock(); err != nil {
		return err
	}
	row, err := n.store.AgreementRow(ctx, id)
	if err == nil && row.State.Final() {
		return fmt.Errorf("an agreement that has ended is not signed again: %w", stateError(row))
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err := n.notReplaced(ctx, id); err != nil {
		return err
	}
	if err := n.countered(ctx, id); err != nil {
		return err
	}
	return n.onlyAmendment(ctx, a, id)
}

// keepOwn keeps what this node has signed: what others signed of it comes to
// it, and it can say what it waits for.
func (n *Node) keepOwn(ctx context.Context, a *agreements.Agreement) error {
	own, err := agreements.NewEnvelope(a)
	if err != nil {
		return err
	}
	if err := own.Sign(n.cfg.Org, identity{ctx, n.keys}); err != nil {
		return err
	}
	_, err = n.takeIn(ctx, own)
	return err
}

// fits checks an agreement against this node's own keys, contracts and clock.
func (n *Node) fits(ctx context.Context, a *agreements.Agreement) error {
	if err := a.Check(); err != nil {
		return err
	}
	me := a.Member(n.cfg.Org)
	if me == nil {
		return fmt.Errorf("this agreement does not name %s", n.cfg.Org)
	}
	card := n.Card()
	if me.IdentityKey != card.IdentityKey || me.TLSFingerprint != card.TLSFingerprint || me.AgeRecipient != card.AgeRecipient {
		return fmt.Errorf("the keys this agreement gives for %s are not this node's; put the output of `parley card` into the draft", n.cfg.Org)
	}
	if now, err := n.clock(); err != nil {
		return err
	} else if !now.Before(a.Validity.NotAfter) {
		return fmt.Errorf("this agreement ended on %s", a.Validity.NotAfter.Format(time.DateOnly))
	}
	for i := range a.Datasets {
		d := &a.Datasets[i]
		if d.Owner != n.cfg.Org {
			continue
		}
		if _, err := n.ownDataset(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// ownDataset checks one of our datasets in an agreement: the contract must be
// the one in use here, and the rules must allow nothing that it does not. It
// returns the version in use.
func (n *Node) ownDataset(ctx context.Context, d *agreements.Dataset) (store.Dataset, error) {
	row, err := n.store.Dataset(ctx, d.Name)
	if errors.Is(err, store.ErrNotFound) {
		return row, fmt.Errorf("%w: run `parley dataset add` with the contract of %q first", ErrNoDataset, d.Name)
	}
	if err != nil {
		return row, err
	}
	if row.ContractHash != d.ContractHash {
		return row, fmt.Errorf("%w: dataset %q: the agreement was made for contract %s, the one in use here is %s",
			ErrContractChanged, d.Name, short(d.ContractHash), short(row.ContractHash))
	}
	return row, narrower(&d.Rules, row.Rules)
}

// ImportAgreement verifies an envelope and stores it, adding its signatures
// to those already here. Once every member has signed, the agreement is in
// force, and one that it amends is superseded in the same step.
func (n *Node) ImportAgreement(ctx context.Context, e *agreements.Envelope) (*Collaboration, error) {
	n.states.Lock()
	row, err := n.takeIn(ctx, e)
	n.states.Unlock()
	if err != nil {
		return nil, err
	}
	if err := n.settleTalks(ctx, row); err != nil {
		return nil, err
	}
	return n.Collaboration(ctx, row.ID)
}

func merged(e *agreements.Envelope, have []byte) (*agreements.Envelope, error) {
	old, err := agreements.Open(have)
	if err != nil {
		return nil, err
	}
	return old, old.Merge(e)
}

// Collaboration returns one agreement by its id, or by a unique beginning of
// the id of at least six digits.
func (n *Node) Collaboration(ctx context.Context, id string) (*Collaboration, error) {
	row, err := n.findAgreement(ctx, id)
	if err != nil {
		return nil, err
	}
	return n.collaboration(ctx, row)
}

// Collaborations lists the agreements, newest first.
func (n *Node) Collaborations(ctx context.Context) ([]*Collaboration, error) {
	rows, err := n.store.Agreements(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]*Collaboration, len(rows))
	for i, row := range rows {
		if out[i], err = n.collaboration(ctx, row); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (n *Node) collaboration(ctx context.Context, row store.AgreementRow) (*Collaboration, error) {
	e, err := agreements.Open(row.Envelope)
	if err != nil {
		return nil, fmt.Errorf("agreement %s in the state file: %w", short(row.ID), err)
	}
	var suspended []string
	if row.State == store.AgreementSuspended {
		notices, err := n.store.Notices(ctx, row.ID)
		if err != nil {
			return nil, err
		}
		suspended = suspendedBy(notices)
	}
	return &Collaboration{SuspendedBy: suspended, ID: row.ID, State: row.State, Missing: e.Missing(), Agreement: e.Agreement(),
		FirstSeen: row.FirstSeen, Since: row.Since, By: row.By, Reason: row.Reason, Envelope: row.Envelope}, nil
}

// inForce returns an agreement that may be acted on now: here, signed by
// every member, within its validity, and naming this node. The signatures are
// verified on every use, so that a changed state file changes nothing.
func (n *Node) inForce(ctx context.Context, id string) (*agreements.Agreement, string, error) {
	row, err := n.findAgreement(ctx, id)
	if err != nil {
		return nil, "", err
	}
	if err := n.anchor.Stuck(); err != nil {
		return nil, "", err
	}
	if err := stateError(row); err != nil {
		return nil, "", err
	}
	now, err := n.clock()
	if err != nil {
		return nil, "", err
	}
	e, err := agreements.Open(row.Envelope)
	if err != nil {
		return nil, "", err
	}
	if err := e.Verify(); err != nil {
		return nil, "", err
	}
	if err := e.InForce(now); err != nil {
		if errors.Is(err, agreements.ErrExpired) {
			err = errors.Join(err, n.expireNow(ctx, row.ID, e.Agreement().Validity.NotAfter))
		}
		return nil, "", err
	}
	a := e.Agreement()
	if got, err := a.ID(); err != nil || got != row.ID {
		return nil, "", fmt.Errorf("the state file holds another agreement under id %s", short(row.ID))
	}
	me := a.Member(n.cfg.Org)
	if (me == nil || me.IdentityKey != base64.StdEncoding.EncodeToString(n.keys.Identity())) && !weak.Off("R49") {
		return nil, "", fmt.Errorf("%w: %s", ErrNotNamed, n.cfg.Org)
	}
	return a, row.ID, nil
}
