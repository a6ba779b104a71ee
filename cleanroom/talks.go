package cleanroom

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"parley/agreements"
	"parley/cleanroom/store"
)

// Talk is a negotiation as this node sees it.
type Talk struct {
	ID       string                 `json:"id"`
	State    store.NegotiationState `json:"state"`
	Title    string                 `json:"title"`
	OpenedBy string                 `json:"openedBy"`
	Created  time.Time              `json:"created"`
	Updated  time.Time              `json:"updated"`
	// By ended it, for Reason.
	By          string   `json:"by,omitempty"`
	Reason      string   `json:"reason,omitempty"`
	Members     []string `json:"members"`
	Predecessor string   `json:"predecessor,omitempty"`
	// Agreement is the id of the version on the table, Signed who signed it.
	Agreement string   `json:"agreement"`
	Signed    []string `json:"signed"`
	WaitsFor  []string `json:"waitsFor"` // who must act
	// Second is set while one person of this organisation has said yes and
	// another must.
	Second   *SecondPerson `json:"second,omitempty"`
	Versions []Version     `json:"versions"`
	// Undelivered are members whose nodes have not taken something of this
	// node's yet, Refused those that would not.
	Undelivered []string `json:"undelivered,omitempty"`
	Refused     []string `json:"refused,omitempty"`
}

// Version is one proposal of a negotiation.
type Version struct {
	Number    int       `json:"number"`
	By        string    `json:"by"`
	Message   string    `json:"message,omitempty"`
	Said      time.Time `json:"said"` // by the proposer's clock
	Received  time.Time `json:"received"`
	Agreement string    `json:"agreement"`
	// OnTable is set for the one version that can be signed.
	OnTable bool `json:"onTable"`
	// Changes are what it says differently from the version before it.
	Changes  []agreements.Difference `json:"changes,omitempty"`
	Envelope []byte                  `json:"envelope"`
}

// ErrNoTalk is returned for a negotiation that is not here.
var ErrNoTalk = errors.New("no such negotiation here; `parley agreement list` shows those there are")

// onTable is the version that can be signed: of two counter-proposals that
// crossed, the one with the smaller id, at every node the same. Versions come
// in that order from the store.
func onTable(versions []store.Proposal) *store.Proposal {
	if len(versions) == 0 {
		return nil
	}
	return &versions[len(versions)-1]
}

// findTalk looks a negotiation up by its id, by the id of one of its versions,
// or by a unique beginning of one of them.
func (n *Node) findTalk(ctx context.Context, ref string) (store.Negotiation, []store.Proposal, error) {
	talk, versions, err := n.store.Negotiation(ctx, ref)
	if err == nil || !errors.Is(err, store.ErrNotFound) {
		return talk, versions, err
	}
	all, err := n.store.Negotiations(ctx)
	if err != nil {
		return talk, nil, err
	}
	start := strings.TrimPrefix(ref, "sha256:")
	if len(start) < 6 {
		return talk, nil, ErrShortID
	}
	var found []store.Negotiation
	var of [][]store.Proposal
	for _, t := range all {
		_, versions, err := n.store.Negotiation(ctx, t.ID)
		if err != nil {
			return talk, nil, err
		}
		match := strings.HasPrefix(t.ID, start) || slices.ContainsFunc(versions, func(p store.Proposal) bool {
			return strings.HasPrefix(strings.TrimPrefix(p.Agreement, "sha256:"), start)
		})
		if match {
			found, of = append(found, t), append(of, versions)
		}
	}
	if len(found) != 1 {
		return talk, nil, ErrNoTalk
	}
	return found[0], of[0], nil
}

// Talk returns one negotiation with its versions and what each changed.
func (n *Node) Talk(ctx context.Context, ref string) (*Talk, error) {
	talk, versions, err := n.findTalk(ctx, ref)
	if err != nil {
		return nil, err
	}
	return n.talk(ctx, talk, versions)
}

// Talks lists the negotiations, the newest first.
func (n *Node) Talks(ctx context.Context) ([]*Talk, error) {
	all, err := n.store.Negotiations(ctx)
	if err != nil {
		return nil, err
	}
	out := []*Talk{}
	for _, t := range all {
		_, versions, err := n.store.Negotiation(ctx, t.ID)
		if err != nil {
			return nil, err
		}
		talk, err := n.talk(ctx, t, versions)
		if err != nil {
			return nil, err
		}
		out = append(out, talk)
	}
	return out, nil
}

func (n *Node) talk(ctx context.Context, s store.Negotiation, versions []store.Proposal) (*Talk, error) {
	t := &Talk{ID: s.ID, State: s.State, OpenedBy: s.OpenedBy, Created: s.Created, Updated: s.Updated, By: s.By, Reason: s.Reason,
		Signed: []string{}, WaitsFor: []string{}}
	var before *agreements.Agreement
	for i, v := range versions {
		e, err := agreements.Open(v.Envelope)
		if err != nil {
			return nil, fmt.Errorf("version %d of negotiation %s in the state file: %w", v.Number, s.ID, err)
		}
		a := e.Agreement()
		out := Version{Number: v.Number, By: v.By, Message: v.Message, Said: v.Said, Received: v.Received, Agreement: v.Agreement,
			Envelope: v.Envelope, OnTable: i == len(versions)-1}
		if before != nil {
			if out.Changes, err = agreements.Diff(before, a); err != nil {
				return nil, err
			}
		}
		before = a
		t.Versions = append(t.Versions, out)
	}
	if before == nil {
		return t, nil
	}
	t.Title, t.Agreement, t.Predecessor = before.Title, versions[len(versions)-1].Agreement, before.Predecessor
	missing := []string{}
	for _, m := range before.Members {
		t.Members = append(t.Members, m.Name)
		missing = append(missing, m.Name)
	}
	if row, err := n.store.AgreementRow(ctx, t.Agreement); err == nil {
		e, err := agreements.Open(row.Envelope)
		if err != nil {
			return nil, err
		}
		missing = e.Missing()
	} else if !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	for _, m := range t.Members {
		if !slices.Contains(missing, m) {
			t.Signed = append(t.Signed, m)
		}
	}
	if !s.State.Final() {
		t.WaitsFor = append(t.WaitsFor, missing...)
		var err error
		if t.Second, err = n.halfAgreed(ctx, t.Agreement, t.WaitsFor); err != nil {
			return nil, err
		}
	}
	return t, n.undeliveredOf(ctx, t)
}

// undeliveredOf fills in whose nodes have not taken something.
func (n *Node) undeliveredOf(ctx context.Context, t *Talk) error {
	waits, refused, err := n.undelivered(ctx)
	if err != nil {
		return err
	}
	items := []string{endItem(t.ID), signatureItem(t.Agreement)}
	for _, v := range t.Versions {
		items = append(items, proposalItem(t.ID, v.Number, v.Agreement))
	}
	add := func(to *[]string, more []string) {
		for _, m := range more {
			if !slices.Contains(*to, m) {
				*to = append(*to, m)
			}
		}
	}
	for _, i := range items {
		add(&t.Undelivered, waits[i])
		add(&t.Refused, refused[i])
	}
	return nil
}

// others are the members of an agreement but this node's own.
func (n *Node) others(a *agreements.Agreement) (out []*agreements.Member) {
	for i := range a.Members {
		if a.Members[i].Name != n.cfg.Org {
			out = append(out, &a.Members[i])
		}
	}
	return out
}

// listed words a list of names: "agency, client and shop".
func listed(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// Event is one thing that happened to an agreement, for its history.
type Event struct {
	Time   time.Time `json:"time"`
	By     string    `json:"by,omitempty"`
	Words  string    `json:"words"`
	Reason string    `json:"reason,omitempty"`
}

// AgreementHistory is all that this node knows about how an agreement came to
// be and what became of it.
type AgreementHistory struct {
	Agreement *Collaboration `json:"agreement,omitempty"` // nil: nobody has signed it
	Talks     []*Talk        `json:"negotiations"`
	Events    []Event        `json:"events"`
	// Chain are the agreements that it amends, and those that amend it, the
	// oldest first.
	Chain []string `json:"chain,omitempty"`
}

// History tells how an agreement, or the negotiation about one, came to be.
func (n *Node) History(ctx context.Context, ref string) (*AgreementHistory, error) {
	h := &AgreementHistory{Talks: []*Talk{}, Events: []Event{}}
	id, ids := "", []string(nil)
	if row, err := n.findAgreement(ctx, ref); err == nil {
		id = row.ID
		if ids, err = n.store.NegotiationsOf(ctx, id); err != nil {
			return nil, err
		}
	} else if talk, versions, err := n.findTalk(ctx, ref); err == nil {
		ids = []string{talk.ID}
		if v := onTable(versions); v != nil {
			id = v.Agreement
		}
	} else if errors.Is(err, ErrShortID) {
		return nil, err
	} else {
		return nil, ErrNoAgreement
	}
	for _, t := range ids {
		talk, err := n.Talk(ctx, t)
		if err != nil {
			return nil, err
		}
		h.Talks = append(h.Talks, talk)
		for _, v := range talk.Versions {
			h.Events = append(h.Events, Event{v.Received, v.By, fmt.Sprintf("proposed version %d", v.Number), v.Message})
		}
		if talk.State == store.Terminated {
			h.Events = append(h.Events, Event{talk.Updated, talk.By, "ended the negotiation", talk.Reason})
		}
	}
	if err := n.stateEvents(ctx, h, id); err != nil {
		return nil, err
	}
	slices.SortStableFunc(h.Events, func(a, b Event) int { return a.Time.Compare(b.Time) })
	return h, nil
}

// stateEvents adds what became of the agreement itself.
func (n *Node) stateEvents(ctx context.Context, h *AgreementHistory, id string) (err error) {
	if h.Agreement, err = n.Collaboration(ctx, id); errors.Is(err, ErrNoAgreement) {
		return nil
	} else if err != nil {
		return err
	}
	add := func(at time.Time, by, words, reason string) {
		h.Events = append(h.Events, Event{at, by, words, reason})
	}
	e, err := agreements.Open(h.Agreement.Envelope)
	if err != nil {
		return err
	}
	signed := e.SignedBy() // in the order in which signatures came here
	if len(signed) > 0 {
		add(h.Agreement.FirstSeen, signed[0], "signed it", "")
	}
	notices, err := n.store.Notices(ctx, id)
	if err != nil {
		return err
	}
	for _, s := range notices {
		if notice, err := agreements.OpenNotice(s.Envelope); err == nil {
			words := map[agreements.NoticeKind]string{agreements.Suspend: "suspended it", agreements.Resume: "resumed it", agreements.Revoke: "revoked it"}[notice.Kind]
			add(s.Received, s.Member, words, notice.Reason)
		}
	}
	switch h.Agreement.State {
	case store.AgreementSuperseded, store.AgreementExpired:
		add(h.Agreement.Since, "", map[store.AgreementState]string{store.AgreementSuperseded: "it was replaced", store.AgreementExpired: "its time was over"}[h.Agreement.State], h.Agreement.Reason)
	case store.AgreementActive: // after a suspension, Since is when that ended
		if len(notices) == 0 && len(signed) > 0 {
			add(h.Agreement.Since, signed[len(signed)-1], "signed it; now every member has, and it is in force", "")
		}
	}
	for p := h.Agreement.Agreement.Predecessor; p != "" && len(h.Chain) < 100; {
		h.Chain = slices.Insert(h.Chain, 0, p)
		before, err := n.Collaboration(ctx, p)
		if err != nil {
			break
		}
		p = before.Agreement.Predecessor
	}
	later, err := n.store.Amendments(ctx, id)
	for _, row := range later {
		h.Chain = append(h.Chain, row.ID)
	}
	return err
}
