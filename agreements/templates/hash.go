package templates

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gowebpki/jcs"

	"parley/agreements"
)

// Canonical is the template's canonical JSON (RFC 8785).
func (t *Template) Canonical() ([]byte, error) {
	raw, err := json.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("encode the template: %w", err)
	}
	out, err := jcs.Transform(raw)
	if err != nil {
		return nil, fmt.Errorf("encode the template: %w", err)
	}
	return out, nil
}

// Hash is "sha256:" and the hex SHA-256 of Canonical.
func (t *Template) Hash() (string, error) {
	c, err := t.Canonical()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(c)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// Ref is how an agreement names the template.
func (t *Template) Ref() (*agreements.TemplateRef, error) {
	h, err := t.Hash()
	return &agreements.TemplateRef{Name: t.Name, Version: t.Version, Hash: h}, err
}

// FromCanonical reads what Canonical wrote, and nothing else.
func FromCanonical(b []byte) (*Template, error) {
	t := &Template{}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(t); err != nil {
		return nil, errors.New("this is not the canonical form of a template")
	}
	again, err := t.Canonical()
	if err != nil || !bytes.Equal(again, b) {
		return nil, errors.New("this is not the canonical form of a template")
	}
	return t, t.Check()
}

// Clone is a copy that shares nothing.
func (t *Template) Clone() *Template {
	out := &Template{}
	b, err := json.Marshal(t)
	if err == nil {
		err = json.Unmarshal(b, out)
	}
	if err != nil {
		panic(err) // texts and numbers alone, all of which JSON has
	}
	return out
}
