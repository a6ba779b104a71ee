package keys

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"filippo.io/age"
)

const contentFormat = "parley.keys/v1"

// content is what the key file holds under its passphrase: one line of JSON,
// exactly as encoding/json writes this struct.
//
//	{"format":"parley.keys/v1","org":"agency","created":"2026-01-01T00:00:00Z",
//	 "identitySeed":"…32 bytes…","tlsSeed":"…32 bytes…","tlsCertificate":"…DER…",
//	 "ageIdentity":"AGE-SECRET-KEY-1…","wrappingKey":"…32 bytes…"}
type content struct {
	Format         string    `json:"format"`
	Org            string    `json:"org"`
	Created        time.Time `json:"created"`
	IdentitySeed   []byte    `json:"identitySeed"`
	TLSSeed        []byte    `json:"tlsSeed"`
	TLSCertificate []byte    `json:"tlsCertificate"`
	AgeIdentity    string    `json:"ageIdentity"`
	WrappingKey    []byte    `json:"wrappingKey"`
}

// parseContent accepts only bytes that encode back to themselves, which rules
// out unknown, repeated, missing and differently spelt fields at once.
func parseContent(b []byte) (*content, error) {
	c := new(content)
	if json.Unmarshal(b, c) != nil {
		return nil, errors.New("its content is not the expected JSON")
	}
	again, err := json.Marshal(c)
	if err != nil {
		return nil, errors.New("its content does not encode")
	}
	defer clear(again)
	if c.Format != contentFormat {
		return nil, fmt.Errorf("its format is %.40q, this version reads %q", c.Format, contentFormat)
	}
	if !bytes.Equal(b, again) {
		return nil, errors.New("its content is not in the one accepted form")
	}
	if len(c.IdentitySeed) != ed25519.SeedSize || len(c.TLSSeed) != ed25519.SeedSize || len(c.WrappingKey) != 32 {
		return nil, errors.New("a key in it has the wrong length")
	}
	return c, nil
}

// open turns the stored form into usable keys and wipes the stored form.
func (c *content) open() (*File, error) {
	defer c.wipe()
	identity, err := age.ParseX25519Identity(c.AgeIdentity)
	if err != nil {
		return nil, errors.New("its age identity is malformed")
	}
	leaf, err := x509.ParseCertificate(c.TLSCertificate)
	if err != nil {
		return nil, errors.New("its TLS certificate is malformed")
	}
	tlsKey := ed25519.NewKeyFromSeed(c.TLSSeed)
	if public, ok := leaf.PublicKey.(ed25519.PublicKey); !ok || !public.Equal(tlsKey.Public()) {
		return nil, errors.New("its TLS certificate is not for its TLS key")
	}
	s := &secrets{
		identity: ed25519.NewKeyFromSeed(c.IdentitySeed),
		age:      identity,
		tls:      tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: tlsKey, Leaf: leaf},
	}
	copy(s.wrapping[:], c.WrappingKey)
	return &File{org: c.Org, created: c.Created, secrets: func() *secrets { return s }}, nil
}

// wipe overwrites what Go lets us overwrite; AgeIdentity is a string and
// stays until the collector reuses its memory.
func (c *content) wipe() {
	clear(c.IdentitySeed)
	clear(c.TLSSeed)
	clear(c.WrappingKey)
}
