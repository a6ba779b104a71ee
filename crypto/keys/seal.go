package keys

import (
	"bytes"
	"errors"
	"fmt"

	"filippo.io/age"
)

// Seal encrypts b to a member's AgeRecipient ("age1…"); only the keyring of
// that recipient opens it. The result is an age file, 200 bytes longer than b
// and 16 more for every 64 KiB. Its randomness is the system's.
func Seal(recipient string, b []byte) ([]byte, error) {
	to, err := age.ParseX25519Recipient(recipient)
	if err != nil {
		return nil, errors.New("seal: not an age recipient (age1…)")
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	if _, err := w.Write(b); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return out.Bytes(), nil
}
