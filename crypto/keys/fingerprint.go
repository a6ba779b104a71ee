package keys

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
)

// spkiPrefix is the DER of a SubjectPublicKeyInfo for Ed25519 up to the 32
// key bytes (RFC 8410, section 4).
const spkiPrefix = "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"

// Fingerprint is the lower-case hex SHA-256 of the certificate's
// SubjectPublicKeyInfo (RFC 7469, section 2.4, in hex). It covers the key and
// its algorithm and nothing else of the certificate.
func Fingerprint(cert *x509.Certificate) string {
	h := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return hex.EncodeToString(h[:])
}

// FingerprintOfKey is the Fingerprint that a certificate for this Ed25519 key
// would have. It is not the key id of signed envelopes, which hashes the bare
// 32 bytes.
func FingerprintOfKey(public ed25519.PublicKey) string {
	h := sha256.Sum256(append([]byte(spkiPrefix), public...))
	return hex.EncodeToString(h[:])
}
