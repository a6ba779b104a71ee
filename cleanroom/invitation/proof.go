package invitation

import (
	"crypto/hmac"
	"crypto/sha256"

	"parley/agreements"
	"parley/crypto/wire"
)

// Key is what the inviter keeps in place of the secret, and what proofs are
// made with.
func Key(secret [32]byte) [32]byte { return wire.Sum(wire.LabelInvitation, secret[:]) }

// Turn is a message of joining that carries a proof.
type Turn string

// The turns, in their order.
const (
	Hello   Turn = "hello"   // the joiner holds the secret
	Welcome Turn = "welcome" // so does the inviter, and this is its card
	Done    Turn = "done"    // the joiner has the inviter's card
)

// Scene is what a proof is bound to: a proof overheard or coaxed out of
// somebody is of no use on another connection, for another card, in another
// turn.
type Scene struct {
	// Binding is the TLS connection's exporter value, "tls-exporter" of RFC
	// 9266: both ends of one connection have it, and nobody else does.
	Binding    [32]byte
	Invitation string // id
	Joiner     *agreements.Member
	Inviter    *agreements.Member // nil in Hello: the joiner does not know it yet
}

// Prove is HMAC-SHA-256 under the invitation's key over the scene.
func (s *Scene) Prove(key [32]byte, t Turn) [32]byte {
	joiner, inviter := digest(s.Joiner), digest(s.Inviter)
	said := wire.Sum(wire.LabelJoinProof, []byte(t), s.Binding[:], []byte(s.Invitation), joiner[:], inviter[:])
	m := hmac.New(sha256.New, key[:])
	m.Write(said[:])
	return [32]byte(m.Sum(nil))
}

// Proves compares in constant time.
func (s *Scene) Proves(key [32]byte, t Turn, proof []byte) bool {
	want := s.Prove(key, t)
	return hmac.Equal(want[:], proof)
}

// Vouch is what the owner of a card signs with its identity key: that the card
// is its own, on this connection.
func (s *Scene) Vouch(t Turn) []byte {
	joiner, inviter := digest(s.Joiner), digest(s.Inviter)
	said := wire.Sum(wire.LabelJoinVouch, []byte(t), s.Binding[:], []byte(s.Invitation), joiner[:], inviter[:])
	return append([]byte(wire.LabelJoinVouch), said[:]...)
}

// digest covers every field of a card; nil has a digest of its own.
func digest(m *agreements.Member) [32]byte {
	if m == nil {
		return wire.Sum(wire.LabelJoinProof)
	}
	return wire.Sum(wire.LabelJoinProof, []byte(m.Name), []byte(m.Address), []byte(m.IdentityKey), []byte(m.TLSFingerprint), []byte(m.AgeRecipient))
}
