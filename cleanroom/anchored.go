package cleanroom

import (
	"context"
	"errors"
	"strconv"

	"parley/cleanroom/anchor"
	"parley/cleanroom/audit"
	"parley/cleanroom/store"
	"parley/internal/weak"
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
	return n.unchanged()
}

// stopAction is that of the last entry of a node that stopped in order. It has
// the hash of all rows of the state file: whatever was changed since, anchored
// or not, is found at the next start. After a crash there is none, and only
// anchored rows are compared.
const stopAction = "node.stop"

// recordStop writes that entry; nothing depends on it, so a log that fails is
// only noted.
func (n *Node) recordStop() {
	digest, err := n.store.Digest(context.WithoutCancel(n.life))
	if err == nil {
		err = n.record(entry(stopAction, audit.OK).with("rows", hexOf(digest)))
	}
	if err != nil {
		n.log.Warn("record the node's stop", "error", err)
	}
}

// ErrChanged says that the state file was changed while the node was stopped.
var ErrChanged = errors.New("the state file (state.db) is not as the node left it when it stopped: it was changed or exchanged; put the right one back")

// unchanged compares the state file with what the log says of it as it was
// left. Then it records the start: from here on rows may change, and if no later
// entry can be written (a full disk), that of the stop must not be the last.
func (n *Node) unchanged() error {
	last, ok, err := n.audit.Last(func(*audit.Entry) bool { return true })
	if err != nil || !ok || last.Action != stopAction || weak.Off("R56") {
		return err
	}
	if last.Detail["rows"] != n.store.Found() {
		return ErrChanged
	}
	return n.record(entry("node.start", audit.OK))
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
	if err != nil {
		return nil, err
	}
	heads, conflicts := map[string][32]byte{}, map[string][32]byte{}
	kept, err := s.Heads(ctx)
	if err != nil {
		return nil, err
	}
	for _, h := range kept {
		heads[h.Key] = headDigest(h)
	}
	found, err := s.Conflicts(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range found {
		conflicts[strconv.FormatInt(c.ID, 10)] = conflictDigest(c)
	}
	return map[string]map[string][32]byte{anchor.Agreement: agreements, anchor.Person: people, anchor.Consent: consents,
		anchor.Template: templates, anchorHead: heads, anchorConflict: conflicts}, nil
}

// agreementDigest covers all of an agreement's row but its times.
func agreementDigest(a store.AgreementRow) [32]byte {
	return anchor.Digest([]byte(a.ID), []byte(a.State), a.Envelope)
}
