package agreements

import (
	"bytes"
	"testing"
)

// A draft that parses is fit to sign, and its id survives signing.
func FuzzParseDraft(f *testing.F) {
	f.Add([]byte(example(f)))
	f.Add([]byte("format: parley.agreement/v1\nminGroupSize: 062\n"))
	f.Add([]byte("a: &a [*a]\n---\n<<: {b: !!binary eA==}"))
	f.Fuzz(func(t *testing.T, draft []byte) {
		a, err := ParseDraft(draft)
		if err != nil {
			return
		}
		e, err := NewEnvelope(a)
		if err != nil {
			return // too large to sign
		}
		want, err := a.ID()
		must(t, err)
		if got := idOf(t, e); got != want {
			t.Fatalf("id %s became %s", want, got)
		}
	})
}

// Whatever opens has one encoding, and opens again as the same.
func FuzzOpen(f *testing.F) {
	_, b := signed(f)
	f.Add(b)
	f.Add([]byte(`{"payload":"","payloadType":"application/vnd.in-toto+json","signatures":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := Open(b)
		if err != nil {
			return
		}
		_, _ = e.Verify(), e.Missing()
		again, err := e.Bytes()
		must(t, err)
		e2, err := Open(again)
		must(t, err)
		if !bytes.Equal(e.payload, e2.payload) || len(e.sigs) != len(e2.sigs) {
			t.Fatal("opened, encoded and opened, it is another")
		}
	})
}
