package cleanroom

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"parley/cleanroom/audit"
	"parley/cleanroom/people"
)

// Errors of what needs people.
var (
	ErrNeedsPerson = errors.New("this node has accounts, so it signs only for a person who called and may sign")
	ErrNeedsPeople = errors.New("`signers` in parley.yaml asks for more than one person, and this node has no accounts; `parley people add` makes the first")
)

// Kinds of what two people may have to say yes to.
const (
	consentAgreement = "agreement"
)

// SecondPerson says that somebody's yes is recorded, and that the node does
// what they agreed to once others have said yes to the same.
type SecondPerson struct {
	What string   // such as "agreement 0a1b2c"
	Have []string // who said yes
	More int      // how many others must
	May  []string // who could
}

func (e *SecondPerson) Error() string {
	others := "one other person"
	if e.More > 1 {
		others = fmt.Sprintf("%d other people", e.More)
	}
	who := "nobody else here has the role legal: an admin must give it to somebody (`parley people add`)"
	if len(e.May) > 0 {
		who = "who can: " + strings.Join(e.May, ", ")
	}
	return fmt.Sprintf("the yes of %s to %s is recorded, and nothing is signed yet: %s must say yes to the same, by the same command (%s)",
		strings.Join(e.Have, " and "), e.What, others, who)
}

// consented has the person who calls say yes to a subject. It returns nil when
// as many different people as the organisation asks for have said yes, all of
// whom may still do so; *SecondPerson while others must. On a node without
// accounts whoever may open its control socket is enough, unless more than one
// person is asked for.
func (n *Node) consented(ctx context.Context, kind, subject, what string, action people.Action) error {
	w := people.From(ctx)
	switch {
	case !n.people.Closed() && n.cfg.Signers > 1:
		return ErrNeedsPeople
	case !n.people.Closed():
		return nil
	case w == nil || w.IsOperator():
		return ErrNeedsPerson
	}
	if err := w.Allowed(action); err != nil {
		return err
	}
	if n.cfg.Signers < 2 {
		return nil
	}
	n.consents.Lock()
	defer n.consents.Unlock()
	e := entry(kind+".consent", audit.OK).called(ctx)
	if kind == consentAgreement {
		e = e.agreement(subject)
	}
	if err := n.record(e); err != nil {
		return err
	}
	if err := n.store.PutConsent(ctx, kind, subject, w.Name, n.now()); err != nil {
		return err
	}
	said, err := n.store.Consents(ctx, kind, subject)
	if err != nil {
		return err
	}
	all, err := n.people.List(ctx)
	if err != nil {
		return err
	}
	second := &SecondPerson{What: what, More: n.cfg.Signers}
	for _, p := range all {
		switch {
		case !p.Disabled.IsZero() || !people.May(p.Roles, action):
		case slices.Contains(said, p.Name):
			second.Have = append(second.Have, p.Name)
			second.More--
		default:
			second.May = append(second.May, p.Name)
		}
	}
	if second.More > 0 {
		return second
	}
	return nil
}
