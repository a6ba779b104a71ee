package cleanroom

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"parley/agreements"
	"parley/cleanroom/store"
)

// Accept signs the version on the table, or an agreement that was taken in
// unsigned by all, and tells the others.
func (n *Node) Accept(ctx context.Context, ref string) (*Collaboration, error) {
	e, err := n.offered(ctx, ref)
	if err != nil {
		return nil, err
	}
	a := e.Agreement()
	if err := n.SignAgreement(ctx, e); err != nil {
		return nil, err
	}
	id, err := a.ID()
	if err != nil {
		return nil, err
	}
	row, err := n.store.AgreementRow(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := n.settleTalks(ctx, row); err != nil {
		return nil, err
	}
	for _, m := range n.others(a) {
		if err := n.queueSigned(ctx, m, row); err != nil {
			return nil, err
		}
	}
	n.flushSoon(ctx)
	return n.Collaboration(ctx, id)
}

// offered is what Accept signs: the very version that ref names, if it lies on
// the table. The id of a negotiation names one only as long as no other has lain
// there, since the table may have changed after a person read it.
func (n *Node) offered(ctx context.Context, ref string) (*agreements.Envelope, error) {
	named, err := n.versionNamed(ctx, ref)
	if err != nil {
		return nil, err
	}
	talk, versions, err := n.findTalk(ctx, cmp.Or(named, ref))
	if errors.Is(err, ErrNoTalk) {
		row, err := n.findAgreement(ctx, cmp.Or(named, ref))
		if err != nil {
			return nil, err
		}
		return agreements.Open(row.Envelope)
	}
	if err != nil {
		return nil, err
	}
	if talk.State.Final() {
		return nil, overError(talk)
	}
	table := onTable(versions)
	switch {
	case named == "" && len(versions) > 1:
		return nil, fmt.Errorf("%d versions have lain on the table of this negotiation. Name the one that you have read by its own id, with which `parley agreement show %s` ends", len(versions), talk.ID[:12])
	case named != "" && named != table.Agreement:
		return nil, anotherOnTable(talk, table)
	}
	e, err := agreements.Open(table.Envelope)
	if err != nil {
		return nil, err
	}
	if err := n.meets(ctx, e.Agreement()); err != nil {
		return nil, err
	}
	row, err := n.store.AgreementRow(ctx, table.Agreement)
	if errors.Is(err, store.ErrNotFound) {
		return e, nil
	}
	if err != nil {
		return nil, err
	}
	return agreements.Open(row.Envelope)
}

func anotherOnTable(talk store.Negotiation, table *store.Proposal) error {
	return fmt.Errorf("another version than that lies on the table by now: number %d, %s. Read it with `parley agreement show %s`", table.Number, short(table.Agreement), talk.ID[:12])
}

// versionNamed is the id of the one version or agreement here whose id is ref or
// begins so, "" if there is none. Partners choose the ids of negotiations, and
// can look for texts whose ids begin alike: so what a beginning names must be
// unique, and comes before a negotiation of that name.
func (n *Node) versionNamed(ctx context.Context, ref string) (id string, err error) {
	start := strings.TrimPrefix(ref, "sha256:")
	if len(start) < 6 {
		return "", nil
	}
	rows, err := n.store.Agreements(ctx)
	if err != nil {
		return "", err
	}
	var all []string
	for _, row := range rows {
		all = append(all, row.ID)
	}
	talks, err := n.store.Negotiations(ctx)
	if err != nil {
		return "", err
	}
	for _, t := range talks {
		_, versions, err := n.store.Negotiation(ctx, t.ID)
		if err != nil {
			return "", err
		}
		for _, v := range versions {
			all = append(all, v.Agreement)
		}
	}
	for _, each := range all {
		switch {
		case !strings.HasPrefix(strings.TrimPrefix(each, "sha256:"), start):
		case id != "" && id != each:
			return "", fmt.Errorf("the ids of several texts here begin with %s: write the whole id of the one that you have read", start)
		default:
			id = each
		}
	}
	return id, nil
}

// countered refuses to sign or complete a version of an open negotiation that
// does not lie on its table any more, nor on another's.
func (n *Node) countered(ctx context.Context, id string) error {
	ids, err := n.store.NegotiationsOf(ctx, id)
	if err != nil {
		return err
	}
	var over error
	for _, t := range ids {
		talk, versions, err := n.store.Negotiation(ctx, t)
		if err != nil {
			return err
		}
		switch table := onTable(versions); {
		case talk.State.Final():
		case table.Agreement == id:
			return nil
		default:
			over = anotherOnTable(talk, table)
		}
	}
	return over
}
