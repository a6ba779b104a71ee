package agreements

import (
	"bytes"
	"crypto/ed25519"
	"os"
	"strings"
	"testing"
)

// key is a member's signer, made from a seed of equal bytes.
type key struct{ private ed25519.PrivateKey }

func keyOf(seed byte) key {
	return key{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))}
}

func (k key) Public() ed25519.PublicKey           { return k.private.Public().(ed25519.PublicKey) }
func (k key) Sign(message []byte) ([]byte, error) { return ed25519.Sign(k.private, message), nil }

var agency, client = keyOf(1), keyOf(2)

// example is the draft that AGREEMENT.md begins with.
func example(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile("AGREEMENT.md")
	must(t, err)
	_, rest, _ := strings.Cut(string(b), "```yaml\n")
	draft, _, ok := strings.Cut(rest, "```\n")
	if !ok {
		t.Fatal("AGREEMENT.md has no example")
	}
	return draft
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// edited parses the example with one text replaced.
func edited(t testing.TB, pairs ...string) *Agreement {
	t.Helper()
	a, err := ParseDraft([]byte(replaced(t, example(t), pairs...)))
	must(t, err)
	return a
}

func replaced(t testing.TB, s string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(s, pairs[i]) {
			t.Fatalf("the example does not hold %q", pairs[i])
		}
		s = strings.Replace(s, pairs[i], pairs[i+1], 1)
	}
	return s
}

func unsigned(t testing.TB, a *Agreement) *Envelope {
	t.Helper()
	e, err := NewEnvelope(a)
	must(t, err)
	return e
}

// signed is the example with both signatures, and its bytes.
func signed(t testing.TB, pairs ...string) (*Envelope, []byte) {
	t.Helper()
	e := unsigned(t, edited(t, pairs...))
	must(t, e.Sign("agency", agency))
	must(t, e.Sign("client", client))
	b, err := e.Bytes()
	must(t, err)
	return e, b
}

func idOf(t testing.TB, e *Envelope) string {
	t.Helper()
	id, err := e.Agreement().ID()
	must(t, err)
	return id
}

// golden compares with a file in testdata; PARLEY_UPDATE=1 writes it instead.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if os.Getenv("PARLEY_UPDATE") == "1" {
		must(t, os.WriteFile("testdata/"+file, got, 0o644))
	}
	want, err := os.ReadFile("testdata/" + file)
	must(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("testdata/%s differs; got:\n%s", file, got)
	}
}

// The bytes of a signed agreement are a promise: what was signed must verify
// for as long as the format has this name.
func TestGoldenEnvelope(t *testing.T) {
	e, b := signed(t)
	golden(t, "envelope.json", b)
	const id = "sha256:1cf4b2e018a3bddaa45e8ce6c488b23c7d06772db3f2a15b123d47fe6a523a49"
	if got := idOf(t, e); got != id {
		t.Errorf("id %s, want %s", got, id)
	}
	must(t, e.Verify())
	opened, err := Open(b)
	must(t, err)
	must(t, opened.Verify())
}
