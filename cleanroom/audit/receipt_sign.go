package audit

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"parley/agreements"
)

// maxSignatures bounds what Merge and VerifyBundle look at.
const maxSignatures = maxList

// SignReceipt returns a DSSE envelope (JSON) around the payload with one
// signature, under the key id that agreements use. It refuses a payload that ParseReceipt would refuse.
func SignReceipt(payload []byte, signer Signer) ([]byte, error) {
	if _, err := ParseReceipt(payload); err != nil {
		return nil, err
	}
	sig, err := signer.Sign(dsse.PAE(PayloadType, payload))
	if err != nil {
		return nil, fmt.Errorf("sign receipt: %w", err)
	}
	return marshalEnvelope(&dsse.Envelope{
		PayloadType: PayloadType,
		Payload:     base64.StdEncoding.EncodeToString(payload),
		Signatures:  []dsse.Signature{{KeyID: agreements.KeyID(signer.Public()), Sig: base64.StdEncoding.EncodeToString(sig)}},
	})
}

// Merge puts the signatures of several envelopes of one payload into one. It
// does not verify them; VerifyBundle does, and a peer's envelope is checked
// with VerifySignature before it is merged.
func Merge(envelopes ...[]byte) ([]byte, error) {
	if len(envelopes) == 0 {
		return nil, errors.New("merge receipts: none given")
	}
	first, _, err := openEnvelope(envelopes[0])
	if err != nil {
		return nil, err
	}
	for _, b := range envelopes[1:] {
		e, _, err := openEnvelope(b)
		if err != nil {
			return nil, err
		}
		if e.Payload != first.Payload {
			return nil, errors.New("merge receipts: the members signed different receipts")
		}
		for _, s := range e.Signatures {
			if err := addSignature(first, s); err != nil {
				return nil, err
			}
		}
	}
	return marshalEnvelope(first)
}

func addSignature(e *dsse.Envelope, s dsse.Signature) error {
	for _, have := range e.Signatures {
		if have.KeyID == s.KeyID {
			if have.Sig != s.Sig {
				return errors.New("merge receipts: one key has two different signatures")
			}
			return nil
		}
	}
	e.Signatures = append(e.Signatures, s)
	return nil
}

// VerifySignature checks that an envelope holds the given payload and a good
// signature on it by key.
func VerifySignature(envelope, payload []byte, key ed25519.PublicKey) error {
	e, got, err := openEnvelope(envelope)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, payload) {
		return errors.New("the envelope holds another receipt")
	}
	return verifySignature(e, got, key)
}

func verifySignature(e *dsse.Envelope, payload []byte, key ed25519.PublicKey) error {
	for _, s := range e.Signatures {
		if s.KeyID != agreements.KeyID(key) {
			continue
		}
		sig, err := base64.StdEncoding.Strict().DecodeString(s.Sig)
		if err != nil || !ed25519.Verify(key, dsse.PAE(PayloadType, payload), sig) {
			return errors.New("the signature is not valid")
		}
		return nil
	}
	return errors.New("the signature is missing")
}

// openEnvelope reads an envelope strictly and returns its payload.
func openEnvelope(b []byte) (*dsse.Envelope, []byte, error) {
	var e dsse.Envelope
	if err := strict(b, &e); err != nil {
		return nil, nil, fmt.Errorf("the receipt's envelope %w", err)
	}
	if e.PayloadType != PayloadType {
		return nil, nil, errors.New("the receipt's envelope holds no in-toto statement")
	}
	if len(e.Signatures) > maxSignatures {
		return nil, nil, errors.New("the receipt's envelope has too many signatures")
	}
	payload, err := base64.StdEncoding.Strict().DecodeString(e.Payload)
	if err != nil {
		return nil, nil, errors.New("the receipt's payload is not base64")
	}
	return &e, payload, nil
}

func marshalEnvelope(e *dsse.Envelope) ([]byte, error) { return canonical(e) }

// strict decodes JSON in which every key is known, spelt exactly, there once
// and needed: the value must give the same canonical JSON when encoded again.
func strict(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil || !json.Valid(b) {
		return errors.New("is not JSON of the expected form")
	}
	again, err := canonical(v)
	if err != nil {
		return errors.New("is not JSON of the expected form")
	}
	given, err := transform(b)
	if err != nil || !bytes.Equal(given, again) {
		return errors.New("has duplicate, misspelt or missing keys")
	}
	return nil
}
