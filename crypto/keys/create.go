package keys

import (
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"

	"filippo.io/age"
)

// Create makes a node's keys and the key file that holds them, encrypted
// under the passphrase. workFactor is scrypt's cost, log2 of its rounds, 1 to
// 22; 18 takes about two seconds and 256 MiB to unlock. now dates the file and
// its certificate.
//
// rnd must be cryptographically secure (crypto/rand in production). The age
// identity and the file's encryption draw on the system's generator instead,
// because the age library offers no other source.
func Create(rnd io.Reader, now time.Time, org string, passphrase []byte, workFactor int) (file []byte, f *File, err error) {
	if org == "" {
		return nil, nil, errors.New("create keys: the organisation's name is empty")
	}
	c, err := newContent(rnd, now.UTC().Truncate(time.Second), org)
	if err != nil {
		return nil, nil, fmt.Errorf("create keys: %w", err)
	}
	plain, err := json.Marshal(c)
	if err != nil {
		return nil, nil, fmt.Errorf("create keys: %w", err)
	}
	defer clear(plain)
	if file, err = lock(plain, passphrase, workFactor); err != nil {
		return nil, nil, fmt.Errorf("create keys: %w", err)
	}
	if f, err = c.open(); err != nil {
		return nil, nil, fmt.Errorf("create keys: %w", err)
	}
	return file, f, nil
}

func newContent(rnd io.Reader, now time.Time, org string) (*content, error) {
	// One read: a short read leaves no half-made set of keys.
	var r [32 + 32 + 32 + 16]byte
	defer clear(r[:])
	if _, err := io.ReadFull(rnd, r[:]); err != nil {
		return nil, fmt.Errorf("randomness: %w", err)
	}
	c := &content{Format: contentFormat, Org: org, Created: now}
	c.IdentitySeed = append(c.IdentitySeed, r[0:32]...)
	c.TLSSeed = append(c.TLSSeed, r[32:64]...)
	c.WrappingKey = append(c.WrappingKey, r[64:96]...)
	cert, err := selfSigned(ed25519.NewKeyFromSeed(c.TLSSeed), r[96:112], now)
	if err != nil {
		return nil, err
	}
	c.TLSCertificate = cert
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	c.AgeIdentity = identity.String()
	return c, nil
}

// selfSigned makes the certificate peers pin. Its names mean nothing, so it
// carries none of the organisation's, and it does not run out: agreements end,
// and end the trust in it (RFC 5280, section 4.1.2.5 gives the date used).
func selfSigned(key ed25519.PrivateKey, serial []byte, now time.Time) ([]byte, error) {
	serial[0] = serial[0]&0x7f | 0x40 // positive, and never shorter than 16 bytes
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial),
		Subject:      pkix.Name{CommonName: "parley node"},
		NotBefore:    now.Add(-24 * time.Hour), // partners' clocks may be behind
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},

		BasicConstraintsValid: true,
	}
	// Ed25519 signatures draw no randomness, so nil is never read.
	return x509.CreateCertificate(nil, template, template, key.Public(), key)
}
