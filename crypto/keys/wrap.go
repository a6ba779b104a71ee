package keys

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
)

// ErrUnwrap means that a wrapped key is not one that this node wrapped for
// this purpose.
var ErrUnwrap = errors.New("a stored data key does not unwrap: another node's, another purpose's, or damaged")

const (
	wrapVersion = 1
	wrappedLen  = 1 + 12 + 32 + 16
)

// WrapKey implements Keyring. The result has 61 bytes:
//
//	version 1 │ nonce 12 │ AES-256-GCM(key) 32 │ tag 16
//
// with "parley/keys/wrap/v1", a zero byte and the purpose as associated data.
// Nonces are random, which is safe for 2^32 wraps under one key (NIST SP
// 800-38D, section 8.3); the standard library draws them from the system.
func (f *File) WrapKey(ctx context.Context, key [32]byte, purpose string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	gcm, err := f.wrapper()
	if err != nil {
		return nil, err
	}
	return gcm.Seal([]byte{wrapVersion}, nil, key[:], wrapData(purpose)), nil
}

// UnwrapKey implements Keyring.
func (f *File) UnwrapKey(ctx context.Context, wrapped []byte, purpose string) (key [32]byte, err error) {
	if err := ctx.Err(); err != nil {
		return key, err
	}
	if len(wrapped) != wrappedLen || wrapped[0] != wrapVersion {
		return key, ErrUnwrap
	}
	gcm, err := f.wrapper()
	if err != nil {
		return key, err
	}
	if _, err := gcm.Open(key[:0], nil, wrapped[1:], wrapData(purpose)); err != nil {
		clear(key[:])
		return key, ErrUnwrap
	}
	return key, nil
}

func (f *File) wrapper() (cipher.AEAD, error) {
	block, err := aes.NewCipher(f.secrets().wrapping[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// wrapData ties a wrapped key to its purpose, so that bytes moved from one
// row of the state file to another do not unwrap.
func wrapData(purpose string) []byte { return []byte("parley/keys/wrap/v1\x00" + purpose) }
