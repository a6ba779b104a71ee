package cleanroom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"parley/agreements"
	"parley/cleanroom/peer"
	"parley/cleanroom/store"
)

// partners remembers which TLS keys may come through the peer door, and why.
// It is asked in every handshake, before the caller has proved to hold the
// key, so that it must not cost a stranger's knock a look at every agreement.
type partners struct {
	mu    sync.Mutex
	known map[string]standing // by fingerprint; nil: not known yet; mu
	// changed is called when the answer may have changed; never changes itself.
	changed func()
}

// standing is what a key is known by.
type standing struct {
	until     time.Time // end of the last agreement that names it; zero: none does
	confirmed bool      // it is a confirmed partner's
}

// forget makes the next question look at agreements and partners again, and has
// a node that dials out look whom to dial.
func (p *partners) forget() {
	defer p.changed()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known = nil
}

// Known implements peer.Service: it admits the keys of members of agreements
// in force and of confirmed partners. It only lets a caller through the door:
// what it may do there is decided call by call. A run needs an agreement in
// force (consider), whoever asks; see correspondent for the other calls.
func (n *Node) Known(fingerprint string) bool {
	n.partners.mu.Lock()
	defer n.partners.mu.Unlock()
	if n.partners.known == nil {
		known, err := n.standings()
		if err != nil {
			return false
		}
		n.partners.known = known
	}
	s := n.partners.known[fingerprint]
	return s.confirmed || n.now().Before(s.until)
}

func (n *Node) standings() (map[string]standing, error) {
	known := map[string]standing{}
	all, err := n.Collaborations(n.life)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if !admits(c.State) {
			continue
		}
		for _, m := range c.Agreement.Members {
			s := known[m.TLSFingerprint]
			if end := c.Agreement.Validity.NotAfter; end.After(s.until) {
				s.until = end
			}
			known[m.TLSFingerprint] = s
		}
	}
	list, err := n.store.Partners(n.life)
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		if !p.Confirmed.IsZero() {
			s := known[p.Fingerprint]
			s.confirmed = true
			known[p.Fingerprint] = s
		}
	}
	return known, nil
}

// admits reports whether an agreement in this state opens the peer door to its
// members, within its validity.
func admits(s store.AgreementState) bool {
	return s == store.AgreementActive || s == store.AgreementSuspended
}

// ErrNotConfirmed is returned for what needs a partner that people have
// confirmed.
var ErrNotConfirmed = errors.New("the partner is not confirmed")

// errStranger stands for every reason why a caller is neither a confirmed
// partner nor a member of an agreement in force.
var errStranger = peer.Refuse(http.StatusForbidden, peer.RefusedPartner,
	"the other node has not confirmed this node as a partner, and no agreement in force there names it")

// correspondent is who calls, for calls that need no agreement in force:
// negotiation, records, contracts. It is a confirmed partner or a member of an
// agreement in force, by the TLS key that the caller proved to hold. The error
// may be sent to the caller as it is.
func (n *Node) correspondent(ctx context.Context, from string) (*agreements.Member, error) {
	m, err := n.findCorrespondent(ctx, func(m *agreements.Member) bool { return m.TLSFingerprint == from })
	if err == nil && m == nil {
		err = errStranger
	}
	return m, err
}

// findCorrespondent looks among the confirmed partners and then, the newest
// agreement first, among the members of agreements in force. This node itself
// is not among them. It returns nil if there is none.
func (n *Node) findCorrespondent(ctx context.Context, is func(*agreements.Member) bool) (*agreements.Member, error) {
	list, err := n.store.Partners(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		card, err := cardOf(p)
		if err != nil {
			return nil, err
		}
		if !p.Confirmed.IsZero() && is(card) {
			return card, nil
		}
	}
	all, err := n.Collaborations(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if v := c.Agreement.Validity; !admits(c.State) || n.now().Before(v.NotBefore) || !n.now().Before(v.NotAfter) {
			continue
		}
		for i := range c.Agreement.Members {
			if m := &c.Agreement.Members[i]; m.Name != n.cfg.Org && is(m) {
				return m, nil
			}
		}
	}
	return nil, nil
}

// clientOf makes a client of the node of a confirmed partner or a member of an
// agreement in force, for calls that need no agreement: see correspondent.
func (n *Node) clientOf(ctx context.Context, name string) (*peer.Client, error) {
	m, err := n.findCorrespondent(ctx, func(m *agreements.Member) bool { return m.Name == name })
	if err != nil {
		return nil, err
	}
	if m != nil {
		return n.client(m)
	}
	if _, err := n.store.Partner(ctx, name); err == nil {
		return nil, notConfirmed(name)
	}
	return nil, fmt.Errorf("%w: there is no partner %q here; `parley partner list` shows those there are", store.ErrNotFound, name)
}

func notConfirmed(name string) error {
	return fmt.Errorf("%w: compare the words that `parley partner list` shows with those that %s reads, over the phone, then run `parley partner confirm %q`; %s has to do the same",
		ErrNotConfirmed, name, name, name)
}

func cardOf(p store.Partner) (*agreements.Member, error) {
	var m agreements.Member
	if err := json.Unmarshal(p.Card, &m); err != nil {
		return nil, fmt.Errorf("the card of partner %q in the state file: %w", p.Name, err)
	}
	// The columns are what is looked up; a card that says otherwise was altered.
	if m.Name != p.Name || m.IdentityKey != p.IdentityKey || m.TLSFingerprint != p.Fingerprint {
		return nil, fmt.Errorf("the card of partner %q in the state file is another's", p.Name)
	}
	return &m, nil
}
