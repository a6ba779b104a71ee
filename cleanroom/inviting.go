package cleanroom

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode"

	"parley/agreements"
	"parley/cleanroom/audit"
	"parley/cleanroom/invitation"
	"parley/cleanroom/peer"
	"parley/cleanroom/people"
	"parley/cleanroom/store"
	"parley/crypto/keys"
	"parley/internal/weak"
)

// Limits of invitations.
const (
	DefaultInvitation = 72 * time.Hour
	longestInvitation = 30 * 24 * time.Hour
	maxInvitations    = 16 // open at the same time
	maxNote           = 200
	// heardAgain is for how long a joiner that has not heard of its success
	// may ask again with the invitation that it used.
	heardAgain = 10 * time.Minute
	// joinsAMinute bounds what strangers can make this node write and compute.
	joinsAMinute = 30
)

// Invited is a new invitation. Its line holds a secret and is shown once.
type Invited struct {
	ID      string    `json:"id"`
	Line    string    `json:"line"`
	Expires time.Time `json:"expires"`
}

// InvitationView is an invitation as it is listed.
type InvitationView struct {
	ID      string    `json:"id"`
	Note    string    `json:"note,omitempty"`
	State   string    `json:"state"` // open, used, withdrawn or expired
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	UsedBy  string    `json:"usedBy,omitempty"`
}

var errDialOnlyInvites = errors.New("this node can only dial out (it has no address), so nobody could use an invitation of its. Have your partner invite you: run `parley join` with the line that `parley invite` prints there")

// Invite makes an invitation that one organisation can use once within the
// given time.
func (n *Node) Invite(ctx context.Context, for_ time.Duration, note string) (*Invited, error) {
	if for_ == 0 {
		for_ = DefaultInvitation
	}
	switch {
	case n.cfg.Address == "":
		return nil, errDialOnlyInvites
	case for_ < time.Minute || for_ > longestInvitation:
		return nil, fmt.Errorf("an invitation is good for 1 minute to %d days", int(longestInvitation.Hours())/24)
	case len(note) > maxNote || strings.ContainsFunc(note, func(r rune) bool { return !unicode.IsPrint(r) }):
		return nil, fmt.Errorf("the note must be one line of at most %d bytes", maxNote)
	}
	i, err := invitation.New(rand.Reader, n.cfg.Address, keys.Fingerprint(n.cert.Leaf), n.now().Add(for_))
	if err != nil {
		return nil, err
	}
	wrapped, err := n.keys.WrapKey(ctx, invitation.Key(i.Secret), "invitation "+i.Name())
	if err != nil {
		return nil, err
	}
	if err := n.record(entry("partner.invite", audit.OK).with("invitation", i.Name()).with("until", i.Expires.Format(time.RFC3339))); err != nil {
		return nil, err
	}
	err = n.store.PutInvitation(ctx, store.Invitation{ID: i.Name(), Proof: wrapped, Note: note, Created: n.now(), Expires: i.Expires}, maxInvitations)
	if errors.Is(err, store.ErrTooManyInvitations) {
		return nil, fmt.Errorf("%d invitations are open already; withdraw one (`parley invite --list` shows them)", maxInvitations)
	}
	if err != nil {
		return nil, err
	}
	n.inviting.forget()
	return &Invited{ID: i.Name(), Line: i.Line(), Expires: i.Expires}, nil
}

// Invitations lists the last invitations, the newest first.
func (n *Node) Invitations(ctx context.Context) ([]InvitationView, error) {
	rows, err := n.store.Invitations(ctx, 100)
	if err != nil {
		return nil, err
	}
	out := make([]InvitationView, len(rows))
	for k, i := range rows {
		out[k] = InvitationView{ID: i.ID, Note: i.Note, State: n.stateOf(i), Created: i.Created, Expires: i.Expires, UsedBy: i.UsedBy}
	}
	return out, nil
}

func (n *Node) stateOf(i store.Invitation) string {
	switch {
	case !i.Used.IsZero():
		return "used"
	case !i.Withdrawn.IsZero():
		return "withdrawn"
	case !n.now().Before(i.Expires):
		return "expired"
	}
	return "open"
}

// WithdrawInvitation ends an invitation that nobody has used. id may be a
// beginning of it, of six digits at least.
func (n *Node) WithdrawInvitation(ctx context.Context, id string) error {
	all, err := n.store.Invitations(ctx, 1000)
	if err != nil {
		return err
	}
	var found []store.Invitation
	for _, i := range all {
		if i.ID == id || len(id) >= 6 && len(id) < len(i.ID) && i.ID[:len(id)] == id {
			found = append(found, i)
		}
	}
	if len(found) != 1 {
		return fmt.Errorf("%w: no invitation has this id; `parley invite --list` shows them", store.ErrNotFound)
	}
	if state := n.stateOf(found[0]); state != "open" {
		if state == "used" {
			return fmt.Errorf("the invitation was used by %s; `parley partner remove %q` ends the partnership", found[0].UsedBy, found[0].UsedBy)
		}
		return fmt.Errorf("the invitation is %s already", state)
	}
	if err := n.record(entry("partner.withdraw", audit.OK).with("invitation", found[0].ID)); err != nil {
		return err
	}
	defer n.inviting.forget()
	return n.store.WithdrawInvitation(ctx, found[0].ID, n.now())
}

// inviting remembers until when some invitation can be used, since it is asked
// in handshakes of strangers, and counts their tries.
type inviting struct {
	mu     sync.Mutex
	known  bool
	until  time.Time // mu
	minute time.Time // mu
	tries  int       // in that minute; mu
}

func (i *inviting) forget() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.known = false
}

// mayTry counts a try.
func (i *inviting) mayTry(now time.Time) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if d := now.Sub(i.minute); d < 0 || d >= time.Minute {
		i.minute, i.tries = now, 0
	}
	i.tries++
	return i.tries <= joinsAMinute
}

// Inviting implements peer.Host.
func (n *Node) Inviting() bool {
	n.inviting.mu.Lock()
	defer n.inviting.mu.Unlock()
	if !n.inviting.known {
		all, err := n.store.Invitations(n.life, 1000)
		if err != nil {
			return false
		}
		n.inviting.until = time.Time{}
		for _, i := range all {
			end := i.Expires
			if !i.Used.IsZero() {
				end = earlier(end, i.Used.Add(heardAgain))
			}
			if i.Withdrawn.IsZero() && end.After(n.inviting.until) {
				n.inviting.until = end
			}
		}
		n.inviting.known = true
	}
	return n.now().Before(n.inviting.until)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Welcome implements peer.Host.
func (n *Node) Welcome(ctx context.Context, s peer.JoinScene, h *peer.JoinHello) (*peer.JoinWelcome, error) {
	if !n.inviting.mayTry(n.now()) {
		return nil, &peer.NotAdmitted{Why: "too many tries to use an invitation within a minute"}
	}
	key, _, err := n.invited(ctx, s, h)
	if err != nil {
		return nil, err
	}
	own := n.Card()
	scene := invitation.Scene{Binding: s.Binding, Invitation: h.Invitation, Joiner: &h.Card, Inviter: &own}
	signature, err := n.signer().Sign(scene.Vouch(invitation.Welcome))
	if err != nil {
		return nil, err
	}
	proof := scene.Prove(key, invitation.Welcome)
	return &peer.JoinWelcome{Card: &own, Proof: proof[:], Signature: signature}, nil
}

// Admit implements peer.Host.
func (n *Node) Admit(ctx context.Context, s peer.JoinScene, h *peer.JoinHello, d *peer.JoinDone) error {
	key, before, err := n.invited(ctx, s, h)
	if err != nil {
		return err
	}
	own := n.Card()
	scene := invitation.Scene{Binding: s.Binding, Invitation: h.Invitation, Joiner: &h.Card, Inviter: &own}
	if !scene.Proves(key, invitation.Done, d.Proof) {
		return n.notAdmitted(h, "proof", "the joiner's last message does not prove that it has this node's card")
	}
	i, err := n.store.Invitation(ctx, h.Invitation)
	if err != nil {
		return err
	}
	if !i.Used.IsZero() {
		return nil // it has heard of its success now
	}
	p, err := newPartner(&h.Card, store.MetInvited, h.Invitation, n.now())
	if err != nil {
		return err
	}
	if before != nil {
		p.Seq = before.Seq
	}
	if err := n.record(entry("partner.join", audit.OK).with("peer", h.Card.Name).with("invitation", h.Invitation).with("fingerprint", h.Card.TLSFingerprint)); err != nil {
		return err
	}
	if err := n.store.UseInvitation(ctx, h.Invitation, p, before == nil, n.now()); err != nil {
		return n.notAdmitted(h, "used", "someone else used the invitation at the same moment")
	}
	n.inviting.forget()
	n.partners.forget()
	n.log.Info("an invitation was used; compare the words before you confirm the partner", "partner", h.Card.Name, "invitation", h.Invitation)
	return nil
}

// invited judges a hello: the invitation, the proof, the card. It returns the
// invitation's key and the partner that the joiner is already, or nil.
func (n *Node) invited(ctx context.Context, s peer.JoinScene, h *peer.JoinHello) (key [32]byte, before *store.Partner, err error) {
	no := func(code, why string) ([32]byte, *store.Partner, error) {
		return [32]byte{}, nil, n.notAdmitted(h, code, why)
	}
	if h.Protocol != peer.JoinProtocol {
		return no("protocol", "the joiner speaks another version")
	}
	if !isInvitation(h.Invitation) {
		return no("unknown", "there is no such invitation")
	}
	i, err := n.store.Invitation(ctx, h.Invitation)
	if errors.Is(err, store.ErrNotFound) {
		return no("unknown", "there is no such invitation")
	}
	if err != nil {
		return key, nil, err
	}
	// The proof first: only who holds the line may learn or cause anything more.
	if len(i.Proof) == 0 {
		return no(n.stateOf(i), "the invitation was withdrawn or has run out")
	}
	if key, err = n.keys.UnwrapKey(ctx, i.Proof, "invitation "+i.ID); err != nil {
		return key, nil, err
	}
	scene := invitation.Scene{Binding: s.Binding, Invitation: h.Invitation, Joiner: &h.Card}
	if !scene.Proves(key, invitation.Hello, h.Proof) && !weak.Off("R60-proof") {
		return no("proof", "the joiner does not hold the invitation: its proof is wrong")
	}
	if err := h.Card.Check(); err != nil {
		return no("card", "the joiner's card is malformed")
	}
	if h.Card.TLSFingerprint != s.Fingerprint {
		return no("card", "the joiner's card has another TLS key than its connection")
	}
	identity, err := h.Card.Key()
	if err != nil || !ed25519.Verify(identity, scene.Vouch(invitation.Hello), h.Signature) {
		return no("signature", "the joiner's card is not signed by its identity key")
	}
	switch state := n.stateOf(i); state {
	case "withdrawn", "expired":
		return no(state, "the invitation is "+state)
	case "used":
		same, err := n.usedBy(ctx, i, &h.Card)
		if err != nil {
			return key, nil, err
		}
		if !same || !n.now().Before(i.Used.Add(heardAgain)) {
			return no("used", "the invitation was used by "+i.UsedBy)
		}
	}
	before, err = n.acceptable(ctx, &h.Card)
	if err != nil {
		return no("name", err.Error())
	}
	return key, before, nil
}

// usedBy reports whether a used invitation was used by the very same keys.
func (n *Node) usedBy(ctx context.Context, i store.Invitation, card *agreements.Member) (bool, error) {
	p, err := n.store.Partner(ctx, card.Name)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && p.Seq == i.Partner && p.IdentityKey == card.IdentityKey && p.Fingerprint == card.TLSFingerprint, err
}

// notAdmitted records a refusal. The joiner's name is not recorded: it is
// anything that a stranger may have written.
func (n *Node) notAdmitted(h *peer.JoinHello, code, why string) error {
	e := entry("partner.join", audit.Refused).by("unknown").with("code", code)
	if isInvitation(h.Invitation) {
		e = e.with("invitation", h.Invitation)
	}
	return errors.Join(&peer.NotAdmitted{Why: why}, n.record(e))
}

var invitationPattern = regexp.MustCompile(`^[0-9a-f]{32}$`)

func isInvitation(id string) bool { return invitationPattern.MatchString(id) }

// acceptable says whether a card may become a partner's beside those known. It
// returns the partner of the same name and keys, if it is one already.
func (n *Node) acceptable(ctx context.Context, m *agreements.Member) (*store.Partner, error) {
	own := n.Card()
	switch {
	case m.IdentityKey == own.IdentityKey || m.TLSFingerprint == own.TLSFingerprint || m.AgeRecipient == own.AgeRecipient:
		return nil, errors.New("the card has keys of this node's own")
	case agreements.Looks(m.Name) == agreements.Looks(n.cfg.Org):
		return nil, fmt.Errorf("the name %s is, or looks like, this organisation's own", m.Name)
	}
	list, err := n.store.Partners(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		switch {
		case p.Name == m.Name && p.IdentityKey == m.IdentityKey && p.Fingerprint == m.TLSFingerprint:
			return &p, nil
		case p.Name == m.Name:
			return nil, fmt.Errorf("%s is a partner already, with other keys. If its keys have changed, ask it by telephone; then run `parley partner remove %q` and invite it anew", m.Name, m.Name)
		case p.Looks == agreements.Looks(m.Name):
			return nil, fmt.Errorf("the name %s looks like that of the partner %s", m.Name, p.Name)
		case p.IdentityKey == m.IdentityKey || p.Fingerprint == m.TLSFingerprint:
			return nil, fmt.Errorf("the keys of %s are those of the partner %s", m.Name, p.Name)
		}
	}
	all, err := n.Collaborations(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if !admits(c.State) && c.State != store.AgreementPending {
			continue
		}
		for _, k := range c.Agreement.Members {
			if agreements.Looks(k.Name) == agreements.Looks(m.Name) && k.IdentityKey != m.IdentityKey {
				return nil, fmt.Errorf("the agreement %s names a member %s with other keys", short(c.ID), k.Name)
			}
		}
	}
	return nil, nil
}

func newPartner(m *agreements.Member, met store.Met, invitation string, now time.Time) (store.Partner, error) {
	card, err := json.Marshal(m)
	return store.Partner{Name: m.Name, Looks: agreements.Looks(m.Name), Card: card, IdentityKey: m.IdentityKey,
		Fingerprint: m.TLSFingerprint, Met: met, Invitation: invitation, MetAt: now}, err
}

// personIn is who does something at this node, as it is kept with what they did.
func personIn(ctx context.Context) string {
	if w := people.From(ctx); w != nil && !w.IsOperator() {
		return w.Name
	}
	return "operator"
}
