// Package keys holds a node's private keys and is the only place where they
// are used. The rest of the node sees a Keyring: it can sign, decrypt and wrap
// with keys that it never holds, so that a home in which the keys cannot be
// read at all (a key server) needs no other code.
//
// A node has four keys, each for one purpose:
//
//	identity  Ed25519   signs agreements, receipts and checkpoints of the log
//	TLS       Ed25519   proves the node on a connection; pinned by fingerprint
//	age       X25519    opens results that were sealed to this node
//	wrapping  AES-256   wraps the data keys of snapshots and alignments at rest
//
// The first home is a key file, encrypted to a passphrase in the format of
// age-encryption.org/v1 (scrypt recipient, ASCII armour):
//
//	Create ──▶ bytes of the key file ──▶ the caller's disk
//	                                          │
//	File  ◀── Unlock ◀── passphrase ◀─────────┘
//
// Nothing here reads or writes files. Private keys are never printed: every
// formatting verb, JSON, text and log output of a File says "redacted".
//
// A key file written by one version is read by all later ones; its content
// carries a format version, and testdata holds a file of each.
package keys
