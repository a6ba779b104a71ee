package keys

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"time"

	"filippo.io/age"
)

// File is the Keyring of an unlocked key file. It does not change after
// Unlock, except by Wipe, which must not run beside other calls.
type File struct {
	org     string
	created time.Time
	// secrets is a function because fmt follows pointers when it is given a
	// wrong verb, and calls no method on an unexported field: a struct that
	// holds a File would print its keys. Into a function nothing can look.
	secrets func() *secrets
}

type secrets struct {
	identity ed25519.PrivateKey
	tls      tls.Certificate
	age      *age.X25519Identity
	wrapping [32]byte
}

var _ Keyring = (*File)(nil)

// Org is the organisation the keys were created for.
func (f *File) Org() string { return f.org }

// Created is when the keys were made, in UTC seconds.
func (f *File) Created() time.Time { return f.created }

// Identity implements Keyring.
func (f *File) Identity() ed25519.PublicKey {
	return append(ed25519.PublicKey(nil), f.secrets().identity.Public().(ed25519.PublicKey)...)
}

// Sign implements Keyring.
func (f *File) Sign(ctx context.Context, message []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return ed25519.Sign(f.secrets().identity, message), nil
}

// TLSCertificate implements Keyring.
func (f *File) TLSCertificate() (tls.Certificate, error) { return f.secrets().tls, nil }

// AgeRecipient implements Keyring.
func (f *File) AgeRecipient() string { return f.secrets().age.Recipient().String() }

// ErrSealed means that sealed bytes were not for this node, or were altered.
var ErrSealed = errors.New("the sealed file is not for this node's age identity, or is damaged")

// OpenSealed implements Keyring.
func (f *File) OpenSealed(ctx context.Context, r io.Reader) (io.Reader, error) {
	plain, err := age.Decrypt(cancellable{ctx, r}, f.secrets().age)
	if err != nil {
		return nil, orCancelled(ctx, ErrSealed)
	}
	return sealedReader{ctx, plain}, nil
}

// sealedReader replaces age's errors, whose words depend on the peer's bytes.
type sealedReader struct {
	ctx   context.Context
	plain io.Reader
}

func (s sealedReader) Read(p []byte) (int, error) {
	n, err := s.plain.Read(p)
	if err != nil && err != io.EOF {
		err = orCancelled(s.ctx, ErrSealed)
	}
	return n, err
}

type cancellable struct {
	ctx context.Context
	r   io.Reader
}

func (c cancellable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

func orCancelled(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// Wipe overwrites the private keys that Go lets us overwrite. The age identity
// is out of reach, and copies made by the runtime may remain: a node that must
// withstand memory inspection keeps its keys in a key server.
func (f *File) Wipe() {
	clear(f.secrets().identity)
	if k, ok := f.secrets().tls.PrivateKey.(ed25519.PrivateKey); ok {
		clear(k)
	}
	clear(f.secrets().wrapping[:])
}

const redacted = "keys.File(redacted)"

// Format implements fmt.Formatter for every verb.
func (File) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// String implements fmt.Stringer.
func (File) String() string { return redacted }

// GoString implements fmt.GoStringer.
func (File) GoString() string { return redacted }

// MarshalText implements encoding.TextMarshaler, which JSON, XML and
// structured logs use too.
func (File) MarshalText() ([]byte, error) { return []byte(redacted), nil }
