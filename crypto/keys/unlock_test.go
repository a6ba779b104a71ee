package keys

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"
)

func TestUnlock(t *testing.T) {
	file, made := create(t)
	if !bytes.HasPrefix(file, []byte("-----BEGIN AGE ENCRYPTED FILE-----\n")) {
		t.Errorf("the file begins %.40q", file)
	}
	for name, form := range map[string][]byte{"armoured": file, "binary": unarmour(t, file)} {
		f, err := Unlock(form, []byte(testPassphrase))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := PublicOf(f)
		if err != nil {
			t.Fatal(err)
		}
		if want, _ := PublicOf(made); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		if f.Org() != "agency" || f.Created().Nanosecond() != 0 || !f.Created().Equal(made.Created()) {
			t.Errorf("%s: made for %q at %v", name, f.Org(), f.Created())
		}
	}
}

func TestWrongPassphrase(t *testing.T) {
	file, _ := create(t)
	for _, p := range []string{"", "x", testPassphrase + " ", strings.ToUpper(testPassphrase)} {
		_, err := Unlock(file, []byte(p))
		wantErr(t, "passphrase "+p, err, ErrPassphrase)
		if errors.Is(err, ErrDamaged) {
			t.Errorf("a wrong passphrase is called damage")
		}
	}
}

// Every truncation and every flipped byte of the file is refused, with one of
// the package's own errors.
func TestDamagedFile(t *testing.T) {
	armoured, _ := create(t)
	file := unarmour(t, armoured)
	for n := range file {
		refused(t, "cut", n, file[:n])
		bad := bytes.Clone(file)
		bad[n] ^= 1 << (n % 8)
		refused(t, "flipped", n, bad)
	}
	refused(t, "longer", len(file), append(bytes.Clone(file), 0))
	refused(t, "armoured and cut", 0, armoured[:len(armoured)/2])
	refused(t, "armoured and longer", 0, append(bytes.Clone(armoured), "x"...))
	refused(t, "huge", 0, make([]byte, maxFile+1))
}

func refused(t *testing.T, what string, at int, file []byte) {
	t.Helper()
	_, err := Unlock(file, []byte(testPassphrase))
	if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrPassphrase) && !errors.Is(err, ErrWorkFactor) {
		t.Errorf("%s at %d: %v", what, at, err)
	}
}

func TestAbsurdWorkFactor(t *testing.T) {
	file, _ := create(t)
	plain := unarmour(t, file)
	for _, n := range []string{"23", "30", "64", "18446744073709551616"} {
		bad := bytes.Replace(plain, []byte(" 2\n"), []byte(" "+n+"\n"), 1)
		if bytes.Equal(bad, plain) {
			t.Fatal("the header has no work factor where expected")
		}
		_, err := Unlock(bad, []byte(testPassphrase))
		wantErr(t, "2^"+n, err, ErrWorkFactor)
	}
}

// A file that opens but holds anything but one exact JSON text is refused:
// whoever knows the passphrase may still be careless.
func TestContentIsStrict(t *testing.T) {
	file, _ := create(t)
	good, err := unlock(file, []byte(testPassphrase))
	if err != nil {
		t.Fatal(err)
	}
	swap := func(old, with string) string { return strings.Replace(string(good), old, with, 1) }
	for name, c := range map[string]struct{ text, want string }{
		"space":     {swap(`{"format"`, `{ "format"`), "its content is not in the one accepted form"},
		"duplicate": {swap(`{"format"`, `{"org":"x","format"`), "its content is not in the one accepted form"},
		"unknown":   {swap(`{"format"`, `{"more":1,"format"`), "its content is not in the one accepted form"},
		"case":      {swap(`"org"`, `"Org"`), "its content is not in the one accepted form"},
		"trailing":  {string(good) + "{}", "its content is not the expected JSON"},
		"version":   {swap("keys/v1", "keys/v2"), `its format is "parley.keys/v2", this version reads "parley.keys/v1"`},
		"length":    {swap(`"identitySeed":"`, `"identitySeed":"AAAA`), "a key in it has the wrong length"},
		"age":       {swap("AGE-SECRET-KEY-1", "AGE-SECRET-KEY-2"), "its age identity is malformed"},
		"tls key":   {swap(`"tlsSeed":"`+string(field(good, "tlsSeed"))[:4], `"tlsSeed":"AAAA`), "its TLS certificate is not for its TLS key"},
	} {
		sealed, err := lock([]byte(c.text), []byte(testPassphrase), testWorkFactor)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Unlock(sealed, []byte(testPassphrase))
		if want := "the key file is damaged: " + c.want; err == nil || err.Error() != want || !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// field returns the text of a JSON string field.
func field(b []byte, name string) []byte {
	_, rest, _ := bytes.Cut(b, []byte(`"`+name+`":"`))
	value, _, _ := bytes.Cut(rest, []byte(`"`))
	return value
}

// A key file must be opened by a passphrase alone: one sealed to a known
// recipient would put the node under keys that someone else chose.
func TestOnlyPassphraseFiles(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := age.Encrypt(&b, id.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = Unlock(b.Bytes(), []byte(testPassphrase))
	wantErr(t, "a file for a recipient", err, ErrDamaged)
}

func unarmour(t testing.TB, file []byte) []byte {
	t.Helper()
	b, err := io.ReadAll(armor.NewReader(bytes.NewReader(file)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func FuzzUnlock(f *testing.F) {
	file, _ := create(f)
	f.Add(file)
	f.Add(unarmour(f, file))
	f.Add([]byte("age-encryption.org/v1\n-> scrypt AAAA 22\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		// A changed work factor would only slow the fuzzer down.
		if bytes.Contains(b, []byte("-> scrypt")) && !bytes.Contains(b, []byte(" 2\n")) {
			return
		}
		if k, err := Unlock(b, []byte(testPassphrase)); err == nil && len(k.Identity()) != 32 {
			t.Error("opened without keys")
		}
	})
}
