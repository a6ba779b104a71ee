package people

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Cost says how much work one try at a password is (argon2id, RFC 9106).
type Cost struct {
	Time      uint32 // passes
	MemoryKiB uint32
	Threads   uint8
}

// DefaultCost is the second recommended option of RFC 9106, section 4.
func DefaultCost() Cost { return Cost{Time: 3, MemoryKiB: 64 << 10, Threads: 4} }

// Bounds of what a stored hash may ask for: a state file that was tampered
// with must not take all memory.
const (
	maxTime      = 16
	maxMemoryKiB = 1 << 20
)

const (
	saltSize     = 16
	hashSize     = 32
	minPassword  = 12   // characters
	maxPassword  = 1024 // bytes
	hashTemplate = "$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s"
)

// errHash is returned for a stored hash that cannot be one of ours.
var errHash = errors.New("a stored password hash is damaged")

// checkPassword says what is wrong with a password that someone chose.
func checkPassword(name string, password []byte) error {
	switch {
	case utf8.RuneCount(password) < minPassword:
		return fmt.Errorf("%w: it must have at least %d characters", ErrPassword, minPassword)
	case len(password) > maxPassword:
		return fmt.Errorf("%w: it must have at most %d bytes", ErrPassword, maxPassword)
	case !utf8.Valid(password):
		return fmt.Errorf("%w: it is not text in UTF-8", ErrPassword)
	case len(name) > 2 && strings.Contains(strings.ToLower(string(password)), name):
		return fmt.Errorf("%w: it must not contain the person's name", ErrPassword)
	}
	return nil
}

// hashPassword returns the hash with its parameters and salt, in the usual
// form ($argon2id$v=19$m=…,t=…,p=…$salt$hash).
func hashPassword(random io.Reader, c Cost, password []byte) (string, error) {
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(random, salt); err != nil {
		return "", err
	}
	return encodeHash(c, salt, c.of(password, salt, hashSize)), nil
}

func (c Cost) of(password, salt []byte, size uint32) []byte {
	return argon2.IDKey(password, salt, c.Time, c.MemoryKiB, c.Threads, size)
}

func encodeHash(c Cost, salt, sum []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf(hashTemplate, argon2.Version, c.MemoryKiB, c.Time, c.Threads, b64(salt), b64(sum))
}

// matches does the work of one try and compares in constant time.
func matches(stored string, password []byte) (bool, error) {
	c, salt, want, err := decodeHash(stored)
	if err != nil {
		return false, err
	}
	got := c.of(password[:min(len(password), maxPassword+1)], salt, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

func decodeHash(stored string) (c Cost, salt, sum []byte, err error) {
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return c, nil, nil, errHash
	}
	var version int
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return c, nil, nil, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.MemoryKiB, &c.Time, &c.Threads); err != nil {
		return c, nil, nil, errHash
	}
	salt, errSalt := base64.RawStdEncoding.DecodeString(parts[4])
	sum, errSum := base64.RawStdEncoding.DecodeString(parts[5])
	ok := errSalt == nil && errSum == nil && len(salt) >= 8 && len(sum) >= 16 && len(sum) <= 64 &&
		c.Time >= 1 && c.Time <= maxTime && c.Threads >= 1 && c.MemoryKiB >= 8*uint32(c.Threads) && c.MemoryKiB <= maxMemoryKiB
	// What was read must be all there is.
	if !ok || encodeHash(c, salt, sum) != stored {
		return c, nil, nil, errHash
	}
	return c, salt, sum, nil
}
