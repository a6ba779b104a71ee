package render

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"parley/agreements"
)

// What is said of signatures is what was verified; times are the node's.
func TestSignatures(t *testing.T) {
	e, err := agreements.NewEnvelope(parsed(t))
	must(t, err)
	must(t, e.Sign("client", keyOf(2)))
	at := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	d, err := New(e, Options{State: "suspended", Since: at, FirstSeen: at.Add(-time.Hour)})
	must(t, err)
	text := Text(d)
	for _, want := range []string{
		"    Signatures: not yet signed by agency\n",
		"    First signature here: 3 February 2026, 03:05:06 UTC, by the clock of the node that\n      rendered this\n",
		"    State at that node: suspended since 3 February 2026, 04:05:06 UTC\n",
		"agency\n    Signature: not signed yet\n",
		"client\n    Signature: signed; the signature was verified when this was rendered\n    Fingerprint of its key: 6a3803d5f059902a1c6dafbc9ba4729212f7caac08634cc3ae76b27529f03827\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text does not hold %q:\n%s", want, text)
		}
	}
	must(t, e.Sign("agency", keyOf(1)))
	if d, err = New(e, Options{}); err != nil || !strings.Contains(Text(d), "    Signatures: signed by every member\n") {
		t.Errorf("%v", err)
	}
}

// A signature that does not fit is not rendered as one.
func TestForgedSignatureIsNotRendered(t *testing.T) {
	b, err := os.ReadFile("../testdata/envelope.json")
	must(t, err)
	i := strings.Index(string(b), `"sig":"`) + len(`"sig":"`)
	forged := []byte(string(b[:i]) + strings.Repeat("A", 86) + "==" + string(b[i+88:]))
	e, err := agreements.Open(forged)
	must(t, err)
	_, err = New(e, Options{})
	if want := "the agreement was changed after it was signed: the signature of agency does not match"; !errors.Is(err, agreements.ErrTampered) || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// Two agreements that differ in one clause differ in the lines of that clause,
// and in those with the id, and in no other.
func TestOneClauseIsEasyToCompare(t *testing.T) {
	a, b := strings.Split(Text(rendered(t, parsed(t))), "\n"), strings.Split(Text(rendered(t, parsed(t, "not to be combined", "never to be combined"))), "\n")
	if len(a) != len(b) {
		t.Fatalf("%d and %d lines", len(a), len(b))
	}
	var differ []string
	for i := range a {
		if a[i] != b[i] {
			differ = append(differ, b[i])
		}
	}
	if len(differ) != 2 || !strings.HasPrefix(differ[0], "    Agreement: sha256:") || differ[1] != "    • never to be combined with other data about the same people." {
		t.Errorf("%q", differ)
	}
}
