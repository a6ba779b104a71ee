package keys

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
)

// Keyring is one node's private keys. Implementations are safe for concurrent
// use, hold to ctx's deadline, and never put key material or plaintext into
// an error.
type Keyring interface {
	// Identity is the node's Ed25519 public key.
	Identity() ed25519.PublicKey
	// Sign returns the 64-byte Ed25519 signature (RFC 8032, pure) of message
	// under the identity key. Callers separate purposes by what they sign,
	// for example by DSSE's pre-authentication encoding.
	Sign(ctx context.Context, message []byte) ([]byte, error)
	// TLSCertificate is the node's self-signed certificate with its own
	// Ed25519 key and with Leaf set. Peers pin its fingerprint and ignore its
	// names and dates.
	TLSCertificate() (tls.Certificate, error)
	// AgeRecipient is where results for this node are sealed to ("age1…").
	AgeRecipient() string
	// OpenSealed decrypts an age file that was sealed to AgeRecipient. What
	// is read before the final io.EOF is authentic up to that point but may be
	// cut short: use nothing before EOF.
	OpenSealed(ctx context.Context, r io.Reader) (io.Reader, error)
	// WrapKey encrypts a 32-byte data key for storage on this node. purpose
	// names what the key is for; only the same purpose unwraps it.
	WrapKey(ctx context.Context, key [32]byte, purpose string) ([]byte, error)
	// UnwrapKey undoes WrapKey. It returns ErrUnwrap for any other bytes or
	// any other purpose.
	UnwrapKey(ctx context.Context, wrapped []byte, purpose string) ([32]byte, error)
}

// Public is what a node tells others: the key fields of a member's entry in
// an agreement, in the agreement's encodings.
type Public struct {
	IdentityKey    string // standard base64 of the 32-byte Ed25519 public key
	TLSFingerprint string // Fingerprint of the TLS certificate
	AgeRecipient   string // "age1…"
}

// PublicOf returns the public half of a keyring.
func PublicOf(k Keyring) (Public, error) {
	cert, err := k.TLSCertificate()
	if err != nil {
		return Public{}, fmt.Errorf("public keys: %w", err)
	}
	return Public{
		IdentityKey:    base64.StdEncoding.EncodeToString(k.Identity()),
		TLSFingerprint: Fingerprint(cert.Leaf),
		AgeRecipient:   k.AgeRecipient(),
	}, nil
}
