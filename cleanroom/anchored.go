package cleanroom

import (
	"context"

	"parley/cleanroom/anchor"
	"parley/cleanroom/audit"
	"parley/cleanroom/store"
)

// anchored compares the rows of the state file that must not go back or change
// unseen with what the audit log says of them. A new kind of such rows gets a
// line here and in anchoredRows.
func (n *Node) anchored(ctx context.Context) error {
	rows, err := anchoredRows(ctx, n.store)
	if err != nil {
		return err
	}
	for kind, current := range rows {
		err := n.anchor.Check(ctx, kind, current, func(subject string) audit.Entry {
			e := audit.Entry{Time: n.now().UTC(), Actor: n.cfg.Org, Action: kind + ".take-up", Outcome: audit.OK}
			if kind == anchor.Agreement {
				e.Agreement = subject
			}
			return e
		})
		if err != nil {
			return err
		}
	}
	n.anchor.Ready()
	return nil
}

// anchoredRows is the digest of every anchored row, by kind and subject. The
// ledger's are checked where its chain is, see ledger.Open.
func anchoredRows(ctx context.Context, s *store.Store) (map[string]map[string][32]byte, error) {
	all, err := s.Agreements(ctx)
	if err != nil {
		return nil, err
	}
	agreements := map[string][32]byte{}
	for _, a := range all {
		agreements[a.ID] = agreementDigest(a)
	}
	people, err := personDigests(ctx, s)
	if err != nil {
		return nil, err
	}
	consents, err := consentDigests(ctx, s)
	if err != nil {
		return nil, err
	}
	templates, err := templateDigests(ctx, s)
	return map[string]map[string][32]byte{anchor.Agreement: agreements, anchor.Person: people, anchor.Consent: consents,
		anchor.Template: templates}, err
}

// agreementDigest covers all of an agreement's row but its times.
func agreementDigest(a store.AgreementRow) [32]byte {
	return anchor.Digest([]byte(a.ID), []byte(a.State), a.Envelope)
}
