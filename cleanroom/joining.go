package cleanroom

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"

	"parley/agreements"
	"parley/cleanroom/audit"
	"parley/cleanroom/invitation"
	"parley/cleanroom/peer"
	"parley/cleanroom/store"
	"parley/crypto/keys"
)

var (
	errOwnInvitation = errors.New("this is an invitation of this node's own; send it to your partner, who runs `parley join` with it")
	errNoProof       = errors.New("the other node does not know the invitation's secret, so it is not the one that made it; nothing was joined. Tell your partner: the line may have been read by others")
)

// Join uses a partner's invitation: both nodes get to know each other's card.
// Nothing can be done together until people on both sides have confirmed.
func (n *Node) Join(ctx context.Context, line string) (*PartnerView, error) {
	i, err := invitation.Parse(line)
	if err != nil {
		return nil, err
	}
	if i.Fingerprint == keys.Fingerprint(n.cert.Leaf) {
		return nil, errOwnInvitation
	}
	own := n.Card()
	g := &guest{n: n, ctx: ctx, invitation: i, own: own, key: invitation.Key(i.Secret)}
	err = peer.Join(ctx, peer.ClientConfig{Member: "the partner", Address: i.Address, Fingerprint: i.Fingerprint,
		Certificate: n.cert, AllowLoopback: n.cfg.AllowLoopbackPeers, Now: n.now}, g)
	if err != nil {
		return nil, errors.Join(err, n.record(entry("partner.join", audit.Refused).with("invitation", i.Name())))
	}
	if err := n.record(entry("partner.join", audit.OK).with("peer", g.host.Name).with("invitation", i.Name()).with("fingerprint", g.host.TLSFingerprint)); err != nil {
		return nil, err
	}
	p, err := newPartner(&g.host, store.MetJoined, i.Name(), n.now())
	if err != nil {
		return nil, err
	}
	if g.before != nil {
		err = n.store.SetPartnerCard(ctx, p)
	} else {
		err = n.store.PutPartner(ctx, p)
	}
	if err != nil {
		return nil, err
	}
	n.partners.forget()
	return n.PartnerNamed(ctx, g.host.Name)
}

// guest is this node's part of one joining.
type guest struct {
	n          *Node
	ctx        context.Context
	invitation *invitation.Invitation
	own        agreements.Member
	key        [32]byte
	host       agreements.Member // once it was judged
	before     *store.Partner
}

// Hello implements peer.Guest.
func (g *guest) Hello(s peer.JoinScene) (*peer.JoinHello, error) {
	scene := invitation.Scene{Binding: s.Binding, Invitation: g.invitation.Name(), Joiner: &g.own}
	signature, err := g.n.signer().Sign(scene.Vouch(invitation.Hello))
	if err != nil {
		return nil, err
	}
	proof := scene.Prove(g.key, invitation.Hello)
	return &peer.JoinHello{Protocol: peer.JoinProtocol, Invitation: g.invitation.Name(), Card: g.own, Proof: proof[:], Signature: signature}, nil
}

// Done implements peer.Guest.
func (g *guest) Done(s peer.JoinScene, _ *peer.JoinHello, w *peer.JoinWelcome) (*peer.JoinDone, error) {
	scene := invitation.Scene{Binding: s.Binding, Invitation: g.invitation.Name(), Joiner: &g.own, Inviter: w.Card}
	if !scene.Proves(g.key, invitation.Welcome, w.Proof) {
		return nil, errNoProof
	}
	if err := w.Card.Check(); err != nil {
		return nil, fmt.Errorf("the other node's card is malformed: %w", err)
	}
	if w.Card.TLSFingerprint != s.Fingerprint {
		return nil, errors.New("the other node's card has another TLS key than its connection; nothing was joined")
	}
	if w.Card.Address == "" {
		return nil, errors.New("the other node's card has no address; nothing was joined")
	}
	identity, err := w.Card.Key()
	if err != nil || !ed25519.Verify(identity, scene.Vouch(invitation.Welcome), w.Signature) {
		return nil, errors.New("the other node's card is not signed by its identity key; nothing was joined")
	}
	if g.before, err = g.n.acceptable(g.ctx, w.Card); err != nil {
		return nil, fmt.Errorf("%w; nothing was joined", err)
	}
	g.host = *w.Card
	proof := scene.Prove(g.key, invitation.Done)
	return &peer.JoinDone{Proof: proof[:]}, nil
}
