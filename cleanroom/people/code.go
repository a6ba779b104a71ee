package people

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"time"
)

// One-time codes are those of RFC 6238 as every authenticator application
// makes them: SHA-1, steps of 30 seconds, 6 digits. It is thirty lines, so it
// is here and no dependency.
const (
	codeStep   = 30 // seconds
	codeDigits = 6
	// secretSize is that of the HMAC's output, as RFC 4226, section 4, advises.
	secretSize = sha1.Size
)

// code is the one-time password of a step (RFC 4226, section 5.3).
func code(secret []byte, step int64, digits int) string {
	mac := hmac.New(sha1.New, secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(step)))
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	n := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	for mod, i := uint32(1), 0; ; i++ {
		if i == digits {
			return fmt.Sprintf("%0*d", digits, n%mod)
		}
		mod *= 10
	}
}

func stepAt(t time.Time) int64 { return t.Unix() / codeStep }

// stepOf finds the step that a code belongs to: the current one or one of its
// neighbours, for clocks that differ (RFC 6238, section 5.2). It must be later
// than last, so that no code serves twice; 0: it is none of them. Every step
// is tried, whatever is found.
func stepOf(secret []byte, now time.Time, last int64, given string) (found int64) {
	for step := stepAt(now) - 1; step <= stepAt(now)+1; step++ {
		same := subtle.ConstantTimeCompare([]byte(code(secret, step, codeDigits)), []byte(given)) == 1
		if same && step > last {
			found = step
		}
	}
	return found
}

// secretText is a secret as people type it into an authenticator.
func secretText(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// secretURI is what authenticators read from a picture.
func secretURI(org, name string, secret []byte) string {
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/Parley " + org + ":" + name,
		RawQuery: url.Values{"secret": {secretText(secret)}, "issuer": {"Parley " + org}}.Encode()}
	return u.String()
}
