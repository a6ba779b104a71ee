package agreements

import "crypto/ed25519"

// Signed says of one member whether it has signed.
type Signed struct {
	Member string
	KeyID  string // of its identity key
	Signed bool
}

// Signers says of every member whether it has signed, in the agreement's
// order. Every signature that is there is verified: the error is ErrTampered
// if one does not fit.
func (e *Envelope) Signers() ([]Signed, error) {
	for _, s := range e.sigs {
		if err := e.verifyOne(s, e.memberOf(s.KeyID)); err != nil {
			return nil, err
		}
	}
	var out []Signed
	for i := range e.agreement.Members {
		m := &e.agreement.Members[i]
		key, err := m.Key()
		if err != nil {
			return nil, err
		}
		out = append(out, Signed{Member: m.Name, KeyID: KeyID(ed25519.PublicKey(key)), Signed: e.signature(key) >= 0})
	}
	return out, nil
}

// SignedBy names who has signed, in the order in which the signatures came into
// the envelope. They are not verified here.
func (e *Envelope) SignedBy() []string {
	out := make([]string, 0, len(e.sigs))
	for _, s := range e.sigs {
		out = append(out, e.memberOf(s.KeyID).Name)
	}
	return out
}
