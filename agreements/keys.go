package agreements

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	"filippo.io/edwards25519"

	"parley/internal/weak"
)

// KeyID is the key id in signatures: hex SHA-256 of the 32-byte public key.
func KeyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:])
}

// Key decodes the member's identity key. It refuses what Go's verifier would
// accept and must not: points of small order (under which a trivial signature
// fits every message), points outside the prime-order group (under which two
// verifiers may disagree) and encodings that are not canonical.
func (m *Member) Key() (ed25519.PublicKey, error) {
	bad := func(why string) error {
		return fmt.Errorf("the identity key of %s %s", quoted(m.Name), why)
	}
	b, err := decode64(m.IdentityKey)
	if err != nil || len(b) != ed25519.PublicKeySize {
		return nil, bad("is not the base64 of 32 bytes")
	}
	p, err := new(edwards25519.Point).SetBytes(b)
	if err != nil || string(p.Bytes()) != string(b) {
		return nil, bad("is not a canonical point of the curve")
	}
	zero := edwards25519.NewIdentityPoint()
	if new(edwards25519.Point).MultByCofactor(p).Equal(zero) == 1 && !weak.Off("R51") {
		return nil, bad("is of small order, so anyone could sign for it")
	}
	if inGroup := new(edwards25519.Point).ScalarMult(lessOne(), p); inGroup.Add(inGroup, p).Equal(zero) != 1 {
		return nil, bad("is not in the group that honest keys are in")
	}
	return b, nil
}

// lessOne is the group's order less one (RFC 8032, section 5.1): a point is
// in the group if and only if this multiple of it is its negative.
func lessOne() *edwards25519.Scalar {
	one, _ := new(edwards25519.Scalar).SetCanonicalBytes(append([]byte{1}, make([]byte, 31)...))
	return new(edwards25519.Scalar).Negate(one)
}

// decode64 reads standard base64 in its one spelling. Go's strict decoder
// skips line ends, so one key or signature would have many texts, and two
// members could be given one key unseen.
func decode64(s string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || base64.StdEncoding.EncodeToString(b) != s {
		return nil, errors.New("not canonical base64")
	}
	return b, nil
}
