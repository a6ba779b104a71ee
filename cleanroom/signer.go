package cleanroom

import (
	"context"
	"crypto/ed25519"

	"parley/crypto/keys"
)

// identity signs with the node's identity key. It lends the keyring to
// packages that sign but know nothing of where keys live.
type identity struct {
	ctx  context.Context
	keys keys.Keyring
}

// Public is the key that verifies.
func (s identity) Public() ed25519.PublicKey { return s.keys.Identity() }

// Sign signs a message.
func (s identity) Sign(message []byte) ([]byte, error) { return s.keys.Sign(s.ctx, message) }

// signer signs in the node's own name for as long as the process lives.
func (n *Node) signer() identity {
	// Not ended by Close: a signature cut off half-way through an entry of the
	// audit log would poison the log.
	return identity{context.WithoutCancel(n.life), n.keys}
}
