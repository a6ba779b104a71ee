package invitation

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"parley/crypto/wire"
)

// Invitation is what its line says. The secret proves once, to the node at
// Address whose TLS key has the fingerprint, that the caller was invited.
type Invitation struct {
	ID          [16]byte // names it at the inviter; no secret
	Secret      [32]byte
	Fingerprint string    // lower-case hex SHA-256 of the inviter's SubjectPublicKeyInfo
	Expires     time.Time // in whole seconds, by the inviter's clock
	Address     string    // host:port
}

const (
	prefix = "parley-invite:"
	// version is the only one there is.
	version = "1"
	// fixed is id ‖ secret ‖ fingerprint ‖ expiry in Unix seconds (8, big-endian);
	// the address follows, then the checksum.
	fixed    = 16 + 32 + 32 + 8
	checksum = 4
	// maxAddress is above what host:port can have (RFC 1035: 253 for a name).
	maxAddress = 260
	maxLine    = 640
)

// Reasons why a line cannot be read.
var (
	ErrNotInvitation = errors.New(`this is not an invitation: it must be the whole line that "parley invite" printed, which begins with "parley-invite:1:"`)
	ErrMistyped      = errors.New("the invitation was changed on its way, or not copied whole; have your partner send the line again")
	ErrVersion       = errors.New("the invitation was made by another version of parley; both sides should run the same version")
)

// addressPattern is host:port as the peer door dials it.
var addressPattern = regexp.MustCompile(`^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?):[1-9][0-9]{0,4}$`)

// New draws a secret and an id. The randomness must be cryptographically
// secure. The expiry is cut to whole seconds.
func New(random io.Reader, address, fingerprint string, expires time.Time) (*Invitation, error) {
	i := &Invitation{Fingerprint: fingerprint, Address: address, Expires: expires.UTC().Truncate(time.Second)}
	if _, err := io.ReadFull(random, i.ID[:]); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(random, i.Secret[:]); err != nil {
		return nil, err
	}
	return i, i.check()
}

// Name is the id as people and the protocol write it: 32 hex digits.
func (i *Invitation) Name() string { return hex.EncodeToString(i.ID[:]) }

func (i *Invitation) check() error {
	if b, err := hex.DecodeString(i.Fingerprint); err != nil || len(b) != 32 || hex.EncodeToString(b) != i.Fingerprint {
		return errors.New("the fingerprint of an invitation must be 64 lower-case hex digits")
	}
	if !addressPattern.MatchString(i.Address) {
		return fmt.Errorf("the address of an invitation must be host:port")
	}
	if y := i.Expires.Year(); y < 2000 || y > 9999 {
		return errors.New("the end of an invitation must be between 2000 and 9999")
	}
	return nil
}

// Line is the invitation as one line of ASCII without spaces:
//
//	parley-invite:1: base64url(fields ‖ checksum)
//
// The checksum, the first four bytes of wire.Sum over the fields, finds slips
// of the pen; it protects from nobody.
func (i *Invitation) Line() string {
	b := append(i.ID[:len(i.ID):len(i.ID)], i.Secret[:]...)
	key, _ := hex.DecodeString(i.Fingerprint)
	b = append(b, key...)
	b = binary.BigEndian.AppendUint64(b, uint64(i.Expires.Unix()))
	b = append(b, i.Address...)
	return prefix + version + ":" + base64.RawURLEncoding.EncodeToString(append(b, sumOf(b)...))
}

func sumOf(fields []byte) []byte {
	sum := wire.Sum(wire.LabelInviteLine, fields)
	return sum[:checksum]
}

// Parse reads a line. Space around it is ignored; everything else must be as
// Line wrote it. The error is ErrNotInvitation, ErrMistyped or ErrVersion and
// says nothing of the line's content.
func Parse(line string) (*Invitation, error) {
	line = strings.TrimSpace(line)
	rest, ok := strings.CutPrefix(line, prefix)
	if !ok || len(line) > maxLine {
		return nil, ErrNotInvitation
	}
	v, text, ok := strings.Cut(rest, ":")
	switch {
	case !ok:
		return nil, ErrNotInvitation
	case v != version:
		return nil, ErrVersion
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || base64.RawURLEncoding.EncodeToString(b) != text || len(b) <= fixed+checksum || len(b) > fixed+maxAddress+checksum {
		return nil, ErrMistyped
	}
	fields, sum := b[:len(b)-checksum], b[len(b)-checksum:]
	if !bytes.Equal(sum, sumOf(fields)) {
		return nil, ErrMistyped
	}
	i := &Invitation{ID: [16]byte(fields), Secret: [32]byte(fields[16:]), Fingerprint: hex.EncodeToString(fields[48:80]),
		Address: string(fields[fixed:])}
	seconds := binary.BigEndian.Uint64(fields[80:])
	if seconds > 1<<40 {
		return nil, ErrMistyped
	}
	i.Expires = time.Unix(int64(seconds), 0).UTC()
	if i.check() != nil {
		return nil, ErrMistyped
	}
	return i, nil
}
