package people

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

var small = Cost{Time: 1, MemoryKiB: 64, Threads: 1}

// TestArgon2idVectors are of the reference implementation, for the password
// "password" and the salt "somesalt" (argon2id, version 19).
func TestArgon2idVectors(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		cost Cost
		want string
	}{
		{Cost{1, 64, 1}, "655ad15eac652dc59f7170a7332bf49b8469be1fdb9c28bb"},
		{Cost{2, 64, 1}, "068d62b26455936aa6ebe60060b0a65870dbfa3ddf8d41f7"},
		{Cost{2, 64, 2}, "350ac37222f436ccb5c0972f1ebd3bf6b958bf2071841362"},
		{Cost{3, 256, 2}, "4668d30ac4187e6878eedeacf0fd83c5a0a30db2cc16ef0b"},
	} {
		if got := hex.EncodeToString(v.cost.of([]byte("password"), []byte("somesalt"), 24)); got != v.want {
			t.Errorf("%+v: %s, want %s", v.cost, got, v.want)
		}
	}
}

// TestStoredHash goes through a hash's stored form: its own password alone
// matches, under the parameters that stand in it.
func TestStoredHash(t *testing.T) {
	t.Parallel()
	stored, err := hashPassword(rand.Reader, small, []byte("correct horse battery"))
	if err != nil || !strings.HasPrefix(stored, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Fatal(stored, err)
	}
	for word, want := range map[string]bool{"correct horse battery": true, "correct horse batter": false, "": false, "correct horse battery ": false} {
		if got, err := matches(stored, []byte(word)); got != want || err != nil {
			t.Errorf("%q: %v %v", word, got, err)
		}
	}
	again, err := hashPassword(rand.Reader, small, []byte("correct horse battery"))
	if err != nil || again == stored {
		t.Errorf("two hashes of one password are the same: %v", err)
	}
}

// TestDamagedHash refuses what is not a hash of ours, above all one that asks
// for more memory than we ever do.
func TestDamagedHash(t *testing.T) {
	t.Parallel()
	good, err := hashPassword(rand.Reader, small, []byte("correct horse battery"))
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{"argon2id", "argon2i"}, {"v=19", "v=18"}, {"m=64", "m=4194304"}, {"m=64", "m=7"}, {"m=64", "m=0064"}, {"t=1", "t=0"}, {"t=1", "t=99"},
		{"p=1", "p=0"}, {"p=1", "p=1,x=2"}, {"$argon", "argon"}, {good, ""}, {good, good + "$"}, {good, good[:len(good)-4]},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if ok, err := matches(bad, []byte("correct horse battery")); ok || err == nil && bad != good[:len(good)-4] {
			t.Errorf("%s for %s: %v %v", change[1], change[0], ok, err)
		}
	}
	if _, err := matches("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AA", nil); !errors.Is(err, errHash) {
		t.Errorf("a hash of one byte: %v", err)
	}
}

func TestChosenPasswords(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"short":                             "this password cannot be taken: it must have at least 12 characters",
		strings.Repeat("x", 1025):           "this password cannot be taken: it must have at most 1024 bytes",
		"twelve bytes\xff and more of them": "this password cannot be taken: it is not text in UTF-8",
		"my name is ANNA and so on":         "this password cannot be taken: it must not contain the person's name",
		"éééééééééééé":                      "",
	} {
		err := checkPassword("anna", []byte(word))
		if got := text(err); got != want {
			t.Errorf("%q: %s", word, got)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
