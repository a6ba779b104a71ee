package audit

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"parley/agreements"
)

// BundleFormat is the value of Bundle.Format that this version reads.
const BundleFormat = "parley.receipt-bundle/v1"

// maxBundle bounds the file that VerifyBundle takes, in bytes.
const maxBundle = 64 << 20

// Bundle is the file a receiver keeps, receipt.json: all that is needed to
// check an answer later, without any node.
type Bundle struct {
	Format    string          `json:"format"`
	Receipt   json.RawMessage `json:"receipt"`   // DSSE envelope
	Agreement json.RawMessage `json:"agreement"` // the agreement's DSSE envelope
	Result    json.RawMessage `json:"result"`    // canonical JSON
	Salt      string          `json:"salt"`      // 32 bytes in hex
	// Origin names the parties' logs, and Records shows the run in each, in the
	// order of the receipt's parties.
	Origin  string         `json:"origin"`
	Records []BundleRecord `json:"records"`
}

// Encode returns the file's bytes.
func (b Bundle) Encode() ([]byte, error) {
	b.Format = BundleFormat
	if b.Records == nil {
		b.Records = []BundleRecord{}
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false) // would change the bytes of the result
	e.SetIndent("", "  ")
	if err := e.Encode(b); err != nil {
		return nil, fmt.Errorf("receipt file: %w", err)
	}
	return out.Bytes(), nil
}

// Verified is a receipt that passed every check of VerifyBundle.
type Verified struct {
	Receipt   Receipt
	Agreement *agreements.Agreement
	Result    json.RawMessage // canonical JSON
	Signers   []string        // members, in the receipt's order
	Records   []Recorded      // likewise; none of VerifyUnrecorded
}

// VerifyBundle checks a receipt file offline: that every member signed the
// agreement, that the receipt is about it and keeps to it, that every party
// signed the receipt with its key in the agreement, that the result is the one
// the parties committed to, and that every party's audit log has its part in
// the run. The error says in one sentence what is
// wrong.
func VerifyBundle(b []byte) (*Verified, error) {
	v, f, payload, err := verifyUnrecorded(b)
	if err != nil {
		return nil, err
	}
	if v.Records, err = verifyRecords(f.Records, payload, &v.Receipt, v.Agreement, f.Origin); err != nil {
		return nil, err
	}
	return v, nil
}

// VerifyUnrecorded is VerifyBundle without the records: before the log says
// that an answer was released, it is made sure that it can be.
func VerifyUnrecorded(b []byte) error {
	_, _, _, err := verifyUnrecorded(b)
	return err
}

func verifyUnrecorded(b []byte) (*Verified, *Bundle, []byte, error) {
	f, err := readBundle(b)
	if err != nil {
		return nil, nil, nil, err
	}
	a, err := openAgreement(f.Agreement)
	if err != nil {
		return nil, nil, nil, err
	}
	envelope, payload, err := openEnvelope(f.Receipt)
	if err != nil {
		return nil, nil, nil, err
	}
	r, err := ParseReceipt(payload)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := keepsTo(r, a); err != nil {
		return nil, nil, nil, err
	}
	signers, err := verifyParties(envelope, payload, r, a)
	if err != nil {
		return nil, nil, nil, err
	}
	result, err := verifyResult(*f, r)
	if err != nil {
		return nil, nil, nil, err
	}
	return &Verified{Receipt: *r, Agreement: a, Result: result, Signers: signers}, f, payload, nil
}

func readBundle(b []byte) (*Bundle, error) {
	if len(b) > maxBundle {
		return nil, errors.New("the receipt file is too large")
	}
	var f Bundle
	if err := strict(b, &f); err != nil {
		return nil, fmt.Errorf("the receipt file %w", err)
	}
	if f.Format != BundleFormat {
		return nil, errors.New("the receipt file is not of a format this version reads")
	}
	return &f, nil
}

func openAgreement(b []byte) (*agreements.Agreement, error) {
	e, err := agreements.Open(b)
	if err != nil {
		return nil, fmt.Errorf("the agreement in the receipt file cannot be read: %w", err)
	}
	if err := e.Verify(); err != nil {
		return nil, fmt.Errorf("the agreement in the receipt file does not verify: %w", err)
	}
	return e.Agreement(), nil
}

// verifyParties wants one good signature of each party and no other: a
// signature nobody can place would make people believe in a witness.
func verifyParties(e *dsse.Envelope, payload []byte, r *Receipt, a *agreements.Agreement) ([]string, error) {
	var signers []string
	for _, p := range r.Parties {
		m := a.Member(p.Member)
		if m == nil {
			return nil, fmt.Errorf("%s took part and is not a member of the agreement", p.Member)
		}
		key, err := m.Key() // refuses keys under which anyone could sign
		if err != nil {
			return nil, fmt.Errorf("the receipt of %s: %w", p.Member, err)
		}
		if err := verifySignature(e, payload, key); err != nil {
			return nil, fmt.Errorf("the receipt of %s: %w", p.Member, err)
		}
		signers = append(signers, p.Member)
	}
	if len(e.Signatures) != len(signers) {
		return nil, errors.New("the receipt has a signature of none of its parties, or one twice")
	}
	return signers, nil
}

func verifyResult(f Bundle, r *Receipt) (json.RawMessage, error) {
	salt, err := hex.DecodeString(f.Salt)
	if err != nil || len(salt) != 32 || hex.EncodeToString(salt) != f.Salt {
		return nil, errors.New("the salt is not 32 bytes in hex")
	}
	got, err := Commit([32]byte(salt), f.Result)
	if err != nil {
		return nil, err
	}
	if got != r.ResultCommitment {
		return nil, errors.New("the result is not the one in the receipt: result or salt were changed")
	}
	return canonicalResult(f.Result)
}
