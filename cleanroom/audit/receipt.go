package audit

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gowebpki/jcs"

	"parley/crypto/wire"
)

// Values that name the formats of this version.
const (
	ReceiptFormat = "parley.receipt/v1"
	PredicateType = "urn:parley:receipt:v1"
	StatementType = "https://in-toto.io/Statement/v1"
	PayloadType   = "application/vnd.in-toto+json"
)

// Receipt is the predicate of a receipt: what was asked of which data under
// which agreement, who learned what, and a commitment to the answer. Hashes
// are lower-case hex, with or without "sha256:"; times are UTC.
type Receipt struct {
	Format    string `json:"format"`
	Run       string `json:"run"`
	Agreement string `json:"agreement"` // id
	// Question is the normalised SQL of the plan, parameters in place.
	Question   string            `json:"question"`
	Analysis   string            `json:"analysis,omitempty"` // empty for ad-hoc SQL
	Parameters map[string]string `json:"parameters,omitempty"`
	PlanHash   string            `json:"planHash"`
	Kind       string            `json:"kind"` // one-owner or join
	// MinGroupSize is the threshold that was in force.
	MinGroupSize int              `json:"minGroupSize"`
	PublicData   bool             `json:"publicData"`
	DP           string           `json:"dp"`
	Datasets     []ReceiptDataset `json:"datasets"`
	Parties      []ReceiptParty   `json:"parties"`
	Receiver     string           `json:"receiver"`
	// Alignment, Session and Transcript belong to a join and are empty
	// otherwise.
	Alignment      string `json:"alignment,omitempty"`
	Session        string `json:"session,omitempty"`
	Transcript     string `json:"transcript,omitempty"`
	BytesExchanged int64  `json:"bytesExchanged"` // both directions
	// ResultCommitment is Commit of the answer. A plain hash of an answer of
	// few possible values could be inverted by trying them all.
	ResultCommitment string    `json:"resultCommitment"`
	Withheld         int       `json:"withheld"` // cells below the threshold
	Started          time.Time `json:"started"`
	Finished         time.Time `json:"finished"`
	// Unchecked names the datasets whose owner could not compare the question
	// with all earlier ones.
	Unchecked []string `json:"unchecked,omitempty"`
}

// ReceiptDataset is one dataset that was asked, in the version used.
type ReceiptDataset struct {
	Name         string `json:"name"`
	Owner        string `json:"owner"`
	Version      string `json:"version"`
	ContractHash string `json:"contractHash"`
}

// ReceiptParty is one member that took part and must sign.
type ReceiptParty struct {
	Member  string   `json:"member"`
	Role    string   `json:"role"`
	Learned []string `json:"learned"` // plain sentences; empty: nothing
}

// statement is an in-toto Statement v1.
type statement struct {
	Type          string    `json:"_type"`
	Subject       []subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     Receipt   `json:"predicate"`
}

type subject struct {
	Name   string `json:"name"`
	Digest digest `json:"digest"`
}

// digest has an algorithm name of its own, because the commitment is salted
// and no tool must take it for the SHA-256 of a file.
type digest struct {
	ParleyResult string `json:"parleyResult"`
}

// NewReceipt returns the payload to be signed: the canonical JSON (RFC 8785)
// of an in-toto statement. Format is filled in; times are turned to UTC.
func NewReceipt(r Receipt) ([]byte, error) {
	r.Format = ReceiptFormat
	r.Started, r.Finished = r.Started.UTC().Round(0), r.Finished.UTC().Round(0)
	r.Parties = slices.Clone(r.Parties)
	for i, p := range r.Parties {
		if p.Learned == nil {
			r.Parties[i].Learned = []string{} // "nothing" has one spelling
		}
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return canonical(statement{
		Type:          StatementType,
		Subject:       []subject{{"run/" + r.Run, digest{r.ResultCommitment}}},
		PredicateType: PredicateType,
		Predicate:     r,
	})
}

// ParseReceipt reads a payload. A node that is asked to sign one compares
// every field with what it knows itself. Only the exact bytes that NewReceipt
// makes are accepted, so no field can hide behind a duplicate or another case.
func ParseReceipt(payload []byte) (*Receipt, error) {
	var s statement
	if err := json.Unmarshal(payload, &s); err != nil {
		return nil, errors.New("the receipt's payload is not an in-toto statement")
	}
	if s.PredicateType != PredicateType || s.Predicate.Format != ReceiptFormat {
		return nil, errors.New("the payload is not a receipt of a format this version reads")
	}
	again, err := NewReceipt(s.Predicate)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, payload) {
		return nil, errors.New("the receipt's payload is not in canonical form")
	}
	return &s.Predicate, nil
}

// Commit is the commitment to an answer: SHA-256 over the label of results,
// the salt and the answer's canonical JSON, in hex. The salt is 32 random
// bytes, used once, known to those who may know the answer.
func Commit(salt [32]byte, result []byte) (string, error) {
	c, err := canonicalResult(result)
	if err != nil {
		return "", err
	}
	sum := wire.Sum(wire.LabelResult, salt[:], c)
	return hex.EncodeToString(sum[:]), nil
}

// canonicalResult returns result without whitespace, and refuses one that is
// not canonical otherwise. Numbers that a double cannot hold are refused by
// this as well: canonical JSON would round them, and two different answers
// would share a commitment. Such numbers are written as strings.
func canonicalResult(result []byte) ([]byte, error) {
	var b bytes.Buffer
	if err := json.Compact(&b, result); err != nil {
		return nil, errors.New("the result is not JSON")
	}
	c, err := transform(b.Bytes())
	if err != nil || !bytes.Equal(c, b.Bytes()) {
		return nil, errors.New("the result is not canonical JSON")
	}
	return c, nil
}

func canonical(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("receipt: %w", err)
	}
	return transform(b)
}

// transform is canonical JSON of b. Valid bounds the depth of nesting first,
// which the canonicaliser does not.
func transform(b []byte) ([]byte, error) {
	if !json.Valid(b) {
		return nil, errors.New("not JSON")
	}
	return jcs.Transform(b)
}
