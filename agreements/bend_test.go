package agreements

import (
	"bytes"
	"os"
	"regexp"
	"testing"
)

// exampleDraft is the first YAML block of AGREEMENT.md.
func exampleDraft(t *testing.T) []byte {
	t.Helper()
	doc, err := os.ReadFile("AGREEMENT.md")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(doc)
	if m == nil {
		t.Fatal("AGREEMENT.md has no YAML example")
	}
	return m[1]
}

// TestDraftsAreNotBent: what the decoder would silently change is refused.
func TestDraftsAreNotBent(t *testing.T) {
	draft := exampleDraft(t)
	for _, c := range []struct{ pattern, value, want string }{
		{`(?m)^minGroupSize: .*$`, "minGroupSize: 50.9", "minGroupSize must be a whole number"},
		{`(?m)^adHoc: .*$`, "adHoc: no", "adHoc must be true or false"},
	} {
		changed := regexp.MustCompile(c.pattern).ReplaceAll(draft, []byte(c.value))
		if bytes.Equal(changed, draft) {
			t.Fatalf("%s: the example has no such line", c.pattern)
		}
		_, err := ParseDraft(changed)
		if err == nil || !regexp.MustCompile(`^line \d+: `+c.want+`$`).MatchString(err.Error()) {
			t.Errorf("%s: got %v, want %q", c.value, err, c.want)
		}
	}
}

// TestAgreementIsACopy: changing what a caller was given changes nothing.
func TestAgreementIsACopy(t *testing.T) {
	a, err := ParseDraft(exampleDraft(t))
	if err != nil {
		t.Fatal(err)
	}
	e, err := NewEnvelope(a)
	if err != nil {
		t.Fatal(err)
	}
	k := e.Agreement().MinGroupSize
	e.Agreement().MinGroupSize = 3
	if got := e.Agreement().MinGroupSize; got != k {
		t.Fatalf("minGroupSize became %d", got)
	}
}
