package templates

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

type key struct{ ed25519.PrivateKey }

func (k key) Public() ed25519.PublicKey           { return k.PrivateKey.Public().(ed25519.PublicKey) }
func (k key) Sign(message []byte) ([]byte, error) { return ed25519.Sign(k.PrivateKey, message), nil }

func newKey(b byte) key { return key{ed25519.NewKeyFromSeed(append(make([]byte, 31), b))} }

func TestDecision(t *testing.T) {
	k := newKey(1)
	d := Decision{Organisation: "Acme", People: []string{"anna"}, Name: "audience-overlap", Version: 1, Hash: "sha256:" + strings.Repeat("0a", 32),
		Decision: Approve, Seq: 1, Time: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)}
	b, err := d.Sign(k)
	if err != nil {
		t.Fatal(err)
	}
	got, err := VerifyDecision(b, k.Public())
	if err != nil || got.People[0] != "anna" || !got.Time.Equal(d.Time.Truncate(time.Second)) {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := VerifyDecision(b, newKey(2).Public()); !errors.Is(err, ErrDecision) {
		t.Errorf("another key verifies it: %v", err)
	}
	var e struct {
		PayloadType string              `json:"payloadType"`
		Payload     string              `json:"payload"`
		Signatures  []map[string]string `json:"signatures"`
	}
	if err := json.Unmarshal(b, &e); err != nil {
		t.Fatal(err)
	}
	payload, _ := base64.StdEncoding.DecodeString(e.Payload)
	for old, new := range map[string]string{`"anna"`: `"otto"`, `"approve"`: `"retire"`, "audience-overlap": "audience-0verlap", `"version":1`: `"version":2`, "0a0a": "0b0a"} {
		c := e
		c.Payload = base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(string(payload), old, new)))
		if c.Payload == e.Payload {
			t.Fatalf("%s is not in the statement", old)
		}
		changed, _ := json.Marshal(c)
		if _, err := VerifyDecision(changed, k.Public()); !errors.Is(err, ErrDecision) {
			t.Errorf("%s changed to %s: %v", old, new, err)
		}
	}
	for name, c := range map[string]Decision{"nobody": {Decision: Approve, Seq: 1}, "other word": {Decision: "like", People: []string{"anna"}, Seq: 1}, "no number": {Decision: Approve, People: []string{"anna"}}} {
		if _, err := c.Sign(k); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range Shipped() {
		b, err := s.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte("---\nformat: parley.template/v1\n---\n## A {#a}\nx"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Parse(b)
		if err != nil {
			return
		}
		again, err := s.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Parse(again)
		if err != nil {
			t.Fatalf("what was read cannot be read again: %v\n%s", err, again)
		}
		if x, _ := s.Hash(); x != mustHash(t, back) {
			t.Fatalf("read again it is another one:\n%s", again)
		}
		s.Text(nil)
	})
}

func mustHash(t *testing.T, s *Template) string {
	h, err := s.Hash()
	if err != nil {
		t.Fatal(err)
	}
	return h
}
