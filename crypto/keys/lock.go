package keys

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// Why a key file does not open.
var (
	// ErrPassphrase means a wrong passphrase. A file whose salt or wrapped key
	// was altered looks the same: the cipher cannot tell them apart.
	ErrPassphrase = errors.New("wrong passphrase for this key file")
	// ErrDamaged means that the bytes are not a whole, unaltered key file.
	ErrDamaged = errors.New("the key file is damaged")
	// ErrWorkFactor means a file that asks for more than 2^22 rounds (4 GiB of
	// memory). Nothing honest writes one; it would stop the node at start.
	ErrWorkFactor = errors.New("the key file asks for an absurd scrypt work factor")
)

const (
	maxWorkFactor = 22
	maxFile       = 64 << 10
)

// Unlock opens a key file, armoured as Create writes it or as plain age
// bytes. Failures are ErrPassphrase, ErrDamaged or ErrWorkFactor.
func Unlock(file, passphrase []byte) (*File, error) {
	plain, err := unlock(file, passphrase)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	c, err := parseContent(plain)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	f, err := c.open()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return f, nil
}

func lock(plain, passphrase []byte, workFactor int) ([]byte, error) {
	if workFactor < 1 || workFactor > maxWorkFactor {
		return nil, fmt.Errorf("the scrypt work factor is %d, not 1 to %d", workFactor, maxWorkFactor)
	}
	to, err := age.NewScryptRecipient(string(passphrase))
	if err != nil {
		return nil, err
	}
	to.SetWorkFactor(workFactor)
	var out bytes.Buffer
	text := armor.NewWriter(&out)
	w, err := age.Encrypt(text, to)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := errors.Join(w.Close(), text.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func unlock(file, passphrase []byte) ([]byte, error) {
	if len(file) > maxFile {
		return nil, fmt.Errorf("%w: it has more than %d bytes", ErrDamaged, maxFile)
	}
	id, err := age.NewScryptIdentity(string(passphrase))
	if err != nil {
		return nil, fmt.Errorf("%w: it is empty", ErrPassphrase)
	}
	id.SetMaxWorkFactor(maxWorkFactor)
	var src io.Reader = bytes.NewReader(file)
	if bytes.HasPrefix(file, []byte(armor.Header)) {
		src = armor.NewReader(src)
	}
	r, err := age.Decrypt(src, careful{id})
	switch {
	case errors.Is(err, ErrWorkFactor):
		return nil, ErrWorkFactor
	case errors.Is(err, age.ErrIncorrectIdentity):
		return nil, ErrPassphrase
	case err != nil:
		return nil, ErrDamaged
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxFile))
	if err != nil {
		clear(plain)
		return nil, ErrDamaged
	}
	return plain, nil
}

// careful looks at the header before scrypt runs: one scrypt stanza, and a
// work factor this machine can afford. age checks the latter too, but in
// words, not with an error that can be told apart.
type careful struct{ age.Identity }

func (c careful) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if len(stanzas) != 1 || stanzas[0].Type != "scrypt" || len(stanzas[0].Args) != 2 {
		return nil, ErrDamaged
	}
	n, err := strconv.ParseUint(stanzas[0].Args[1], 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return nil, ErrDamaged
	}
	if n > maxWorkFactor {
		return nil, ErrWorkFactor
	}
	return c.Identity.Unwrap(stanzas)
}
