package cleanroom

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"parley/agreements"
	"parley/cleanroom/audit"
	"parley/cleanroom/invitation"
	"parley/cleanroom/store"
	"parley/internal/weak"
)

// PartnerView is a partner as this node's people see it.
type PartnerView struct {
	Name string            `json:"name"`
	Card agreements.Member `json:"card"`
	// Words are read out by people on both sides; both nodes show the same.
	Words       []string   `json:"words"`
	Met         store.Met  `json:"met"`
	MetAt       time.Time  `json:"metAt"`
	Confirmed   *time.Time `json:"confirmed,omitempty"`
	ConfirmedBy string     `json:"confirmedBy,omitempty"`
	// Offered are the own datasets whose terms the partner may see.
	Offered []string `json:"offered,omitempty"`
	// Connections is how many connections a partner that can only dial out
	// keeps open to this node.
	Connections int `json:"connections,omitempty"`
}

// ErrWordsDiffer is returned when the words that a person typed are not those
// of the two nodes.
var ErrWordsDiffer = errors.New("these are not the words that this node shows for the partner")

// Partners lists the partners, in the order in which they were met.
func (n *Node) Partners(ctx context.Context) ([]*PartnerView, error) {
	rows, err := n.store.Partners(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]*PartnerView, len(rows))
	for i, p := range rows {
		if out[i], err = n.viewOf(ctx, p); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// PartnerNamed returns one of them.
func (n *Node) PartnerNamed(ctx context.Context, name string) (*PartnerView, error) {
	p, err := n.partnerRow(ctx, name)
	if err != nil {
		return nil, err
	}
	return n.viewOf(ctx, p)
}

func (n *Node) partnerRow(ctx context.Context, name string) (store.Partner, error) {
	p, err := n.store.Partner(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("%w: there is no partner %q here; `parley partner list` shows those there are", store.ErrNotFound, name)
	}
	return p, err
}

func (n *Node) viewOf(ctx context.Context, p store.Partner) (*PartnerView, error) {
	card, err := cardOf(p)
	if err != nil {
		return nil, err
	}
	own := n.Card()
	v := &PartnerView{Name: p.Name, Card: *card, Words: invitation.Words(&own, card), Met: p.Met, MetAt: p.MetAt, ConfirmedBy: p.ConfirmedBy}
	if !p.Confirmed.IsZero() {
		v.Confirmed = &p.Confirmed
	}
	if s := n.serving(); s != nil && card.Address == "" {
		v.Connections = s.Reversed(card.TLSFingerprint)
	}
	v.Offered, err = n.store.OfferedDatasets(ctx, p.Seq)
	return v, err
}

// ConfirmPartner records that a person of this organisation has compared the
// words with a person of the partner's. words are those that they compared, as
// one text. Nothing can be done with a partner before.
func (n *Node) ConfirmPartner(ctx context.Context, name, words string) (*PartnerView, error) {
	p, err := n.partnerRow(ctx, name)
	if err != nil {
		return nil, err
	}
	v, err := n.viewOf(ctx, p)
	if err != nil {
		return nil, err
	}
	if v.Confirmed != nil {
		return v, nil
	}
	if !invitation.SameWords(words, v.Words) && !weak.Off("R60-words") {
		return nil, errors.Join(fmt.Errorf("%w %s. If the partner reads other words than this node shows, someone may stand between you: do not confirm; run `parley partner remove %q` and meet again by a new invitation, sent another way", ErrWordsDiffer, name, name),
			n.record(entry("partner.confirm", audit.Refused).with("peer", name).with("code", "words")))
	}
	if err := n.record(entry("partner.confirm", audit.OK).with("peer", name).with("fingerprint", p.Fingerprint)); err != nil {
		return nil, err
	}
	if err := n.store.ConfirmPartner(ctx, p.Seq, personIn(ctx), n.now()); err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	n.partners.forget()
	return n.PartnerNamed(ctx, name)
}

// RemovePartner ends a partnership. Agreements in force stay as they are: they
// name the member themselves.
func (n *Node) RemovePartner(ctx context.Context, name string) error {
	p, err := n.partnerRow(ctx, name)
	if err != nil {
		return err
	}
	if err := n.record(entry("partner.remove", audit.OK).with("peer", name).with("fingerprint", p.Fingerprint)); err != nil {
		return err
	}
	if err := n.store.RemovePartner(ctx, p.Seq, personIn(ctx), n.now()); err != nil {
		return err
	}
	n.partners.forget()
	if s := n.serving(); s != nil && !n.Known(p.Fingerprint) {
		s.DropReversed(p.Fingerprint)
	}
	return nil
}

// OfferDataset lets a confirmed partner see the terms of one of this node's
// datasets, or no longer.
func (n *Node) OfferDataset(ctx context.Context, dataset, partner string, offer bool) error {
	p, err := n.partnerRow(ctx, partner)
	if err != nil {
		return err
	}
	action := "dataset.offer"
	if offer {
		_, err = n.store.Dataset(ctx, dataset)
	} else {
		action = "dataset.withhold"
		var offered []string
		if offered, err = n.store.OfferedDatasets(ctx, p.Seq); err == nil && !slices.Contains(offered, dataset) {
			err = store.ErrNotFound
		}
	}
	if err != nil {
		return fmt.Errorf("dataset %q: %w", dataset, err)
	}
	if err := n.record(entry(action, audit.OK).dataset(dataset).with("peer", partner)); err != nil {
		return err
	}
	if !offer {
		return n.store.WithdrawDataset(ctx, dataset, p.Seq)
	}
	return n.store.OfferDataset(ctx, dataset, p.Seq, n.now())
}
