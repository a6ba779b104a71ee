package cleanroom

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"parley/cleanroom/anchor"
	"parley/cleanroom/audit"
	"parley/cleanroom/people"
	"parley/cleanroom/store"
)

// Errors of what needs people.
var (
	ErrNeedsPerson = errors.New("this node has accounts, so it signs only for a person who called and may sign")
	ErrNeedsPeople = errors.New("`signers` in parley.yaml asks for more than one person, and this node has no accounts; `parley people add` makes the first")
)

// Kinds of what two people may have to say yes to.
const (
	consentAgreement = "agreement"
	consentTemplate  = "template" // subject: its hash
)

// SecondPerson says that somebody's yes is recorded, and that the node does
// what they agreed to once others have said yes to the same.
type SecondPerson struct {
	What string   `json:"what"`          // such as "agreement 0a1b2c"
	Have []string `json:"have"`          // who said yes
	More int      `json:"more"`          // how many others must
	May  []string `json:"may,omitempty"` // who could
}

func (e *SecondPerson) Error() string {
	return fmt.Sprintf("the yes of %s to %s is recorded, and nothing is signed yet: %s", strings.Join(e.Have, " and "), e.What, e.Others())
}

// Others says who must say yes yet.
func (e *SecondPerson) Others() string {
	others := "one other person"
	if e.More > 1 {
		others = fmt.Sprintf("%d other people", e.More)
	}
	who := "nobody else here has the role legal: an admin must give it to somebody (`parley people add`)"
	if len(e.May) > 0 {
		who = "who can: " + strings.Join(e.May, ", ")
	}
	return fmt.Sprintf("%s must say yes to the same, by the same command (%s)", others, who)
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
	} else {
		e = e.with("templateHash", subject)
	}
	if err := n.putConsent(ctx, e, store.Consent{Kind: kind, Subject: subject, Person: w.Name, Given: n.now().UTC()}); err != nil {
		return err
	}
	second, err := n.saidYes(ctx, kind, subject, what, action)
	if err == nil && second.More > 0 {
		return second
	}
	return err
}

// saidYes tells who has said yes to a subject and may still do so, and how many
// others must.
func (n *Node) saidYes(ctx context.Context, kind, subject, what string, action people.Action) (*SecondPerson, error) {
	said, err := n.store.Consents(ctx, kind, subject)
	if err != nil {
		return nil, err
	}
	all, err := n.people.List(ctx)
	if err != nil {
		return nil, err
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
	return second, nil
}

// halfAgreed is set while somebody here has said yes to an agreement that this
// node has not signed, and others must.
func (n *Node) halfAgreed(ctx context.Context, id string, waitsFor []string) (*SecondPerson, error) {
	if n.cfg.Signers < 2 || !slices.Contains(waitsFor, n.cfg.Org) {
		return nil, nil
	}
	second, err := n.saidYes(ctx, consentAgreement, id, "agreement "+short(id), people.AgreementSign)
	if err != nil || len(second.Have) == 0 || second.More < 1 {
		return nil, err
	}
	return second, nil
}

// putConsent adds a yes to the state file; who says it twice is only recorded.
func (n *Node) putConsent(ctx context.Context, e entryBuilder, c store.Consent) error {
	said, err := n.store.Consents(ctx, c.Kind, c.Subject)
	if err != nil {
		return err
	}
	if slices.Contains(said, c.Person) {
		return n.record(e)
	}
	e.Entry.Time, e.Entry.Actor = c.Given, n.cfg.Org
	subject, digest := consentDigest(c)
	return n.anchor.Do(ctx, anchor.Change{Kind: anchor.Consent, Subject: subject, Digest: digest, Entry: e.Entry}, func(ctx context.Context, a store.Anchor) error {
		return n.store.PutConsent(ctx, c, a)
	})
}

func consentDigest(c store.Consent) (subject string, digest [32]byte) {
	s := anchor.Digest([]byte(c.Kind), []byte(c.Subject), []byte(c.Person))
	return hexOf(s), anchor.Digest(s[:], []byte(c.Given.UTC().Format(time.RFC3339Nano)))
}

func consentDigests(ctx context.Context, s *store.Store) (map[string][32]byte, error) {
	all, err := s.AllConsents(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string][32]byte{}
	for _, c := range all {
		subject, digest := consentDigest(c)
		out[subject] = digest
	}
	return out, nil
}
