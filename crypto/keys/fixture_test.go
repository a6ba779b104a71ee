package keys

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

const testPassphrase = "correct horse battery staple"

// storedWrap is a data key that the keys of testdata/keys-v1.age wrapped.
const storedWrap = "Ae+C+1e/bG5hZpPweAe1cFhp4yroWKEVIlodH0ICaBeoAqcHi4mwOFcwvCUuslSonRVFtvAEJXe1qve5dQ=="

// testWorkFactor keeps scrypt to a millisecond.
const testWorkFactor = 2

var testNow = time.Date(2026, 3, 1, 12, 0, 0, 123, time.UTC)

func create(t testing.TB) ([]byte, *File) {
	t.Helper()
	file, f, err := Create(rand.Reader, testNow, "agency", []byte(testPassphrase), testWorkFactor)
	if err != nil {
		t.Fatal(err)
	}
	return file, f
}

// The file of format v1 in testdata must open for ever: it was written once
// and its public keys are fixed here.
func TestStoredKeyFile(t *testing.T) {
	file, err := os.ReadFile("testdata/keys-v1.age")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Unlock(file, []byte(testPassphrase))
	if err != nil {
		t.Fatal(err)
	}
	got, err := PublicOf(f)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/keys-v1.public")
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.Join([]string{f.Org(), f.Created().Format(time.RFC3339), got.IdentityKey, got.TLSFingerprint,
		got.AgeRecipient, ""}, "\n"); text != string(want) {
		t.Errorf("public keys:\n%swant:\n%s", text, want)
	}
	wrapped, err := base64.StdEncoding.DecodeString(storedWrap)
	if err != nil {
		t.Fatal(err)
	}
	key, err := f.UnwrapKey(t.Context(), wrapped, "snapshot 1")
	if err != nil || key != [32]byte([]byte("0123456789abcdef0123456789abcdef")) {
		t.Errorf("a key wrapped by the first version: %x, %v", key, err)
	}
}

// Create must use the reader it is given for every key it can, and fail when
// that reader fails.
func TestCreateUsesItsRandomness(t *testing.T) {
	seed := bytes.Repeat([]byte{7}, 112)
	_, a, err := Create(bytes.NewReader(seed), testNow, "agency", []byte("p"), testWorkFactor)
	if err != nil {
		t.Fatal(err)
	}
	_, b, err := Create(bytes.NewReader(seed), testNow, "agency", []byte("p"), testWorkFactor)
	if err != nil {
		t.Fatal(err)
	}
	if !a.Identity().Equal(b.Identity()) || a.secrets().wrapping != b.secrets().wrapping ||
		!bytes.Equal(a.secrets().tls.Leaf.Raw, b.secrets().tls.Leaf.Raw) {
		t.Error("the same randomness gave other keys")
	}
	if a.AgeRecipient() == b.AgeRecipient() {
		t.Error("age identities repeat")
	}
	_, _, err = Create(bytes.NewReader(seed[:111]), testNow, "agency", []byte("p"), testWorkFactor)
	if err == nil || err.Error() != "create keys: randomness: unexpected EOF" {
		t.Errorf("a short reader: %v", err)
	}
}

func TestKeysAreDistinct(t *testing.T) {
	_, f := create(t)
	tlsKey := f.secrets().tls.Leaf.RawSubjectPublicKeyInfo
	if bytes.HasSuffix(tlsKey, f.Identity()) {
		t.Error("the TLS key is the identity key")
	}
	if bytes.Equal(f.secrets().identity.Seed(), f.secrets().wrapping[:]) {
		t.Error("the wrapping key is the identity's seed")
	}
}

func TestCreateRefuses(t *testing.T) {
	for _, c := range []struct {
		org, pass string
		factor    int
		want      string
	}{
		{"", "p", 2, "create keys: the organisation's name is empty"},
		{"agency", "", 2, "create keys: passphrase can't be empty"},
		{"agency", "p", 0, "create keys: the scrypt work factor is 0, not 1 to 22"},
		{"agency", "p", 23, "create keys: the scrypt work factor is 23, not 1 to 22"},
	} {
		_, _, err := Create(rand.Reader, testNow, c.org, []byte(c.pass), c.factor)
		if err == nil || err.Error() != c.want {
			t.Errorf("Create(%q, %q, %d): %v", c.org, c.pass, c.factor, err)
		}
	}
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}
