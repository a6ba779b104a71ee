package templates

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gowebpki/jcs"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"parley/agreements"
)

// Names of the signed form of a decision.
const (
	DecisionType  = "urn:parley:template-decision:v1"
	statementType = "https://in-toto.io/Statement/v1"
	payloadType   = "application/vnd.in-toto+json"
)

// What is decided about a version.
const (
	Approve = "approve"
	Retire  = "retire"
)

// Decision is what a person decided about one version of a template, in an
// organisation's name. Seq counts the decisions about the version from 1, so
// that none can be left out unseen but the last ones.
type Decision struct {
	Organisation string `json:"organisation"`
	// People said yes to it: one, or as many as the organisation asks for.
	People   []string  `json:"people"`
	Name     string    `json:"name"`
	Version  int       `json:"version"`
	Hash     string    `json:"hash"`
	Decision string    `json:"decision"` // Approve or Retire
	Reason   string    `json:"reason,omitempty"`
	Seq      int       `json:"seq"`
	Time     time.Time `json:"time"` // whole seconds, UTC
}

// ErrDecision says that a kept decision is not one that this node signed.
var ErrDecision = errors.New("a signed decision about the template does not verify")

// decisionStatement is an in-toto Statement v1 about the template's hash.
type decisionStatement struct {
	Type          string            `json:"_type"`
	Subject       []decisionSubject `json:"subject"`
	PredicateType string            `json:"predicateType"`
	Predicate     Decision          `json:"predicate"`
}

type decisionSubject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

func (d *Decision) payload() ([]byte, error) {
	raw, err := json.Marshal(decisionStatement{Type: statementType, PredicateType: DecisionType, Predicate: *d,
		Subject: []decisionSubject{{Name: fmt.Sprintf("template/%s/%d", d.Name, d.Version),
			Digest: map[string]string{"sha256": strings.TrimPrefix(d.Hash, "sha256:")}}}})
	if err != nil {
		return nil, err
	}
	return jcs.Transform(raw)
}

// Sign returns the decision in a DSSE envelope, signed with the node's
// identity key.
func (d Decision) Sign(s agreements.Signer) ([]byte, error) {
	d.Time = d.Time.UTC().Truncate(time.Second)
	if d.Decision != Approve && d.Decision != Retire || len(d.People) == 0 || d.Seq < 1 {
		return nil, errors.New("sign the decision: it is not complete")
	}
	payload, err := d.payload()
	if err != nil {
		return nil, err
	}
	sig, err := s.Sign(dsse.PAE(payloadType, payload))
	if err != nil {
		return nil, fmt.Errorf("sign the decision: %w", err)
	}
	raw, err := json.Marshal(dsse.Envelope{PayloadType: payloadType, Payload: base64.StdEncoding.EncodeToString(payload),
		Signatures: []dsse.Signature{{KeyID: agreements.KeyID(s.Public()), Sig: base64.StdEncoding.EncodeToString(sig)}}})
	if err != nil {
		return nil, err
	}
	return jcs.Transform(raw)
}

// VerifyDecision reads an envelope that Sign made with the key, and nothing
// else. The error is ErrDecision.
func VerifyDecision(envelope []byte, key ed25519.PublicKey) (*Decision, error) {
	var e dsse.Envelope
	if json.Unmarshal(envelope, &e) != nil || e.PayloadType != payloadType || len(e.Signatures) != 1 || e.Signatures[0].KeyID != agreements.KeyID(key) {
		return nil, ErrDecision
	}
	payload, err := base64.StdEncoding.Strict().DecodeString(e.Payload)
	if err != nil {
		return nil, ErrDecision
	}
	sig, err := base64.StdEncoding.Strict().DecodeString(e.Signatures[0].Sig)
	if err != nil || !ed25519.Verify(key, dsse.PAE(payloadType, payload), sig) {
		return nil, ErrDecision
	}
	var s decisionStatement
	if json.Unmarshal(payload, &s) != nil || s.Type != statementType || s.PredicateType != DecisionType {
		return nil, ErrDecision
	}
	again, err := s.Predicate.payload()
	if err != nil || !bytes.Equal(again, payload) {
		return nil, ErrDecision
	}
	return &s.Predicate, nil
}
