package agreements

import (
	"crypto/ed25519"
	"fmt"
	"strings"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// Verify checks everything that does not depend on time: the agreement's
// form, that every signature present is good, and that none is missing. A bad
// signature is ErrTampered even when others are missing; without one, a
// missing signature is ErrNotFullySigned.
func (e *Envelope) Verify() error {
	if err := e.agreement.Check(); err != nil {
		return err
	}
	for _, s := range e.sigs {
		if err := e.verifyOne(s, e.memberOf(s.KeyID)); err != nil {
			return err
		}
	}
	if missing := e.Missing(); len(missing) > 0 {
		return fmt.Errorf("%w: %s must still sign", ErrNotFullySigned, strings.Join(missing, ", "))
	}
	return nil
}

func (e *Envelope) verifyOne(s dsse.Signature, m *Member) error {
	if m == nil {
		return fmt.Errorf("%w: a signature is by a key that is no member's", ErrTampered)
	}
	key, err := m.Key()
	if err != nil {
		return err
	}
	sig, err := decode64(s.Sig)
	if err != nil || !ed25519.Verify(key, e.message(), sig) {
		return fmt.Errorf("%w: the signature of %s does not match", ErrTampered, m.Name)
	}
	return nil
}

// InForce returns nil if the agreement may be acted on at the given time,
// ErrNotYetInForce or ErrExpired otherwise.
func (e *Envelope) InForce(now time.Time) error {
	w := e.agreement.Validity
	switch {
	case now.Before(w.NotBefore):
		return fmt.Errorf("%w: it begins on %s", ErrNotYetInForce, w.NotBefore.UTC().Format(time.RFC3339))
	case !now.Before(w.NotAfter):
		return fmt.Errorf("%w: it ended on %s", ErrExpired, w.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}
