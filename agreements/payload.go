package agreements

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/gowebpki/jcs"

	"parley/internal/weak"
)

// Names of the signed form.
const (
	PredicateType = "urn:parley:agreement:v1"
	statementType = "https://in-toto.io/Statement/v1"
	payloadType   = "application/vnd.in-toto+json"
)

// statement is an in-toto Statement v1 about the agreement's id.
type statement struct {
	Type          string    `json:"_type"`
	Subject       []subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     Agreement `json:"predicate"`
}

type subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

func payloadOf(a *Agreement) ([]byte, error) {
	id, err := a.ID()
	if err != nil {
		return nil, err
	}
	canonical, err := a.Canonical()
	if err != nil {
		return nil, err
	}
	s := statement{Type: statementType, PredicateType: PredicateType,
		Subject: []subject{{Name: "agreement", Digest: map[string]string{"sha256": strings.TrimPrefix(id, "sha256:")}}}}
	if err := json.Unmarshal(canonical, &s.Predicate); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	return jcs.Transform(raw)
}

// fromPayload reads a payload and insists that it is the one encoding of what
// it says, so that no duplicate key, other spelling or extra field can hide in
// it, and that the agreement passes Check, so that it is safe to show.
func fromPayload(payload []byte) (*Envelope, error) {
	var s statement
	if json.Unmarshal(payload, &s) != nil || s.Type != statementType || s.PredicateType != PredicateType {
		return nil, fmt.Errorf("%w: the payload is not a statement of one", ErrMalformed)
	}
	if err := s.Predicate.Check(); err != nil {
		return nil, fmt.Errorf("%w that this version accepts: %w", ErrMalformed, err)
	}
	again, err := payloadOf(&s.Predicate)
	if err != nil || !bytes.Equal(again, payload) {
		return nil, fmt.Errorf("%w: it is not in canonical form", ErrMalformed)
	}
	return &Envelope{payload: payload, agreement: s.Predicate}, nil
}

// strict refuses unknown, duplicate, misspelt and missing keys: decoding and
// encoding again must give the same canonical JSON.
func strict(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if !json.Valid(b) || d.Decode(v) != nil {
		return fmt.Errorf("%w: it is not JSON of an envelope", ErrMalformed)
	}
	again, err := json.Marshal(v)
	if err != nil {
		return ErrMalformed
	}
	want, errWant := jcs.Transform(again)
	got, errGot := jcs.Transform(b)
	if (errWant != nil || errGot != nil || !bytes.Equal(want, got)) && !weak.Off("R51") {
		return fmt.Errorf("%w: it has missing, duplicate or misspelt keys", ErrMalformed)
	}
	return nil
}
