package cleanroom

import (
	"context"
	"crypto/rand"
	"time"

	"parley/cleanroom/anchor"
	"parley/cleanroom/audit"
	"parley/cleanroom/people"
	"parley/cleanroom/store"
)

// openPeople opens the desk where people's accounts are kept.
func (n *Node) openPeople(ctx context.Context, cost people.Cost) (err error) {
	n.people, err = people.Open(ctx, people.Options{Org: n.cfg.Org, Store: n.store, Keys: n.keys, Random: rand.Reader, Cost: cost,
		Now: n.now, Never: func() time.Time { return n.ledger.Now(n.now()) }, Record: n.recordPeople, Change: n.changePeople})
	return err
}

// People is the desk where this node's people and their tokens are kept. Who
// may do what there is decided by Authorise, before.
func (n *Node) People() *people.Desk { return n.people }

// recordPeople writes a decision about people to the audit log.
func (n *Node) recordPeople(ctx context.Context, note people.Note) error {
	return n.record(n.peopleEntry(ctx, note))
}

// changePeople changes an account: the entry of it in the audit log names the
// change of the state file.
func (n *Node) changePeople(ctx context.Context, note people.Note, digest [32]byte, apply func(context.Context, store.Anchor) error) error {
	e := n.peopleEntry(ctx, note)
	e.Entry.Time, e.Entry.Actor = n.now().UTC(), n.cfg.Org
	return n.anchor.Do(ctx, anchor.Change{Kind: anchor.Person, Subject: note.Person, Digest: digest, Entry: e.Entry}, apply)
}

func personDigests(ctx context.Context, s *store.Store) (map[string][32]byte, error) {
	all, err := s.People(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string][32]byte{}
	for _, p := range all {
		tokens, err := s.Tokens(ctx, p.Name)
		if err != nil {
			return nil, err
		}
		out[p.Name] = people.Digest(p, tokens)
	}
	return out, nil
}

func (n *Node) peopleEntry(ctx context.Context, note people.Note) entryBuilder {
	outcome := audit.OK
	if note.Refused {
		outcome = audit.Refused
	}
	e := entry(note.Action, outcome).called(ctx)
	for k, v := range map[string]string{"person": note.Person, "code": note.Code, "roles": note.Roles, "token": note.Token} {
		if v != "" {
			e = e.with(k, v)
		}
	}
	return e
}
