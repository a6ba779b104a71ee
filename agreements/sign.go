package agreements

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// Signer holds a member's identity key.
type Signer interface {
	Public() ed25519.PublicKey
	Sign(message []byte) ([]byte, error)
}

// Sign adds the named member's signature over the payload. It refuses a
// signer that does not hold the key which the agreement gives that member.
// Signing again changes nothing; ErrTampered tells that the signature which is
// there in the member's name is not the member's.
func (e *Envelope) Sign(member string, s Signer) error {
	m := e.agreement.Member(member)
	if m == nil {
		return fmt.Errorf("the agreement does not name %s", member)
	}
	key, err := m.Key()
	if err != nil {
		return err
	}
	if !key.Equal(s.Public()) {
		return fmt.Errorf("the agreement gives %s another identity key than this node's", member)
	}
	if i := e.signature(key); i >= 0 {
		return e.verifyOne(e.sigs[i], m)
	}
	sig, err := s.Sign(e.message())
	if err != nil {
		return fmt.Errorf("sign the agreement: %w", err)
	}
	if !ed25519.Verify(key, e.message(), sig) {
		return errors.New("sign the agreement: the signer returned a signature that does not verify")
	}
	return e.add(dsse.Signature{KeyID: KeyID(key), Sig: base64.StdEncoding.EncodeToString(sig)})
}

// message is what members sign: DSSE's pre-authentication encoding.
func (e *Envelope) message() []byte { return dsse.PAE(payloadType, e.payload) }

// signature is the place of the signature by a key, or -1.
func (e *Envelope) signature(key ed25519.PublicKey) int {
	id := KeyID(key)
	return slices.IndexFunc(e.sigs, func(s dsse.Signature) bool { return s.KeyID == id })
}

// add admits a signature by the key id of a member that has none yet.
func (e *Envelope) add(s dsse.Signature) error {
	m := e.memberOf(s.KeyID)
	if m == nil {
		return fmt.Errorf("%w: a signature is by a key that is no member's", ErrTampered)
	}
	for _, have := range e.sigs {
		if have.KeyID == s.KeyID {
			return fmt.Errorf("%w: %s has two signatures", ErrTampered, m.Name)
		}
	}
	e.sigs = append(e.sigs, s)
	return nil
}

// memberOf finds the member whose key has the id, or nil.
func (e *Envelope) memberOf(keyID string) *Member {
	for i := range e.agreement.Members {
		m := &e.agreement.Members[i]
		if b, err := decode64(m.IdentityKey); err == nil && KeyID(b) == keyID {
			return m
		}
	}
	return nil
}

// Merge adds the other envelope's signatures; it must hold the same agreement.
// Either all are added or, with an error, none. They are not verified here.
func (e *Envelope) Merge(other *Envelope) error {
	if !bytes.Equal(e.payload, other.payload) {
		return errors.New("the two files hold different agreements")
	}
	merged := slices.Clone(e.sigs)
	for _, s := range other.sigs {
		have := slices.IndexFunc(e.sigs, func(h dsse.Signature) bool { return h.KeyID == s.KeyID })
		switch {
		case have < 0:
			merged = append(merged, s)
		case e.sigs[have].Sig != s.Sig:
			return fmt.Errorf("%w: the two files hold different signatures of %s", ErrTampered, e.memberOf(s.KeyID).Name)
		}
	}
	e.sigs = merged
	return nil
}

// Missing lists the members that have not signed, in the agreement's order.
func (e *Envelope) Missing() []string {
	var out []string
	for i := range e.agreement.Members {
		m := &e.agreement.Members[i]
		if key, err := m.Key(); err != nil || e.signature(key) < 0 {
			out = append(out, m.Name)
		}
	}
	return out
}
