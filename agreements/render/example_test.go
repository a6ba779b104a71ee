package render

import (
	"bytes"
	"crypto/ed25519"
	"os"
	"strings"
	"testing"

	"parley/agreements"
)

// draft is the example that AGREEMENT.md begins with.
func draft(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile("../AGREEMENT.md")
	must(t, err)
	_, rest, _ := strings.Cut(string(b), "```yaml\n")
	text, _, ok := strings.Cut(rest, "```\n")
	if !ok {
		t.Fatal("AGREEMENT.md has no example")
	}
	return text
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
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

func parsed(t testing.TB, pairs ...string) *agreements.Agreement {
	t.Helper()
	a, err := agreements.ParseDraft([]byte(replaced(t, draft(t), pairs...)))
	must(t, err)
	return a
}

func rendered(t testing.TB, a *agreements.Agreement) *Document {
	t.Helper()
	e, err := agreements.NewEnvelope(a)
	must(t, err)
	d, err := New(e, Options{})
	must(t, err)
	return d
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

// key signs with a seed of equal bytes, as testdata/envelope.json is signed.
type key struct{ private ed25519.PrivateKey }

func keyOf(seed byte) key {
	return key{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))}
}

func (k key) Public() ed25519.PublicKey           { return k.private.Public().(ed25519.PublicKey) }
func (k key) Sign(message []byte) ([]byte, error) { return ed25519.Sign(k.private, message), nil }

func TestGoldenText(t *testing.T) {
	golden(t, "example.txt", []byte(Text(rendered(t, parsed(t)))))
}

func TestGoldenHTML(t *testing.T) {
	golden(t, "example.html", HTML(rendered(t, parsed(t))))
}
