package cleanroom

import (
	"context"
	"crypto/rand"
	"time"

	"parley/cleanroom/audit"
	"parley/cleanroom/people"
)

// openPeople opens the desk where people's accounts are kept.
func (n *Node) openPeople(ctx context.Context, cost people.Cost) (err error) {
	n.people, err = people.Open(ctx, people.Options{Org: n.cfg.Org, Store: n.store, Keys: n.keys, Random: rand.Reader, Cost: cost,
		Now: n.now, Never: func() time.Time { return n.ledger.Now(n.now()) }, Record: n.recordPeople})
	return err
}

// People is the desk where this node's people and their tokens are kept. Who
// may do what there is decided by Authorise, before.
func (n *Node) People() *people.Desk { return n.people }

// recordPeople writes a decision about people to the audit log.
func (n *Node) recordPeople(ctx context.Context, note people.Note) error {
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
	return n.record(e)
}
