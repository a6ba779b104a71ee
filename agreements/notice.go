package agreements

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gowebpki/jcs"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// NoticePredicate names the signed form of a notice.
const NoticePredicate = "urn:parley:notice:v1"

// MaxNotice bounds a notice's envelope, in bytes.
const MaxNotice = 8 << 10

// maxReason bounds the reason of a notice, in bytes.
const maxReason = 500

// NoticeKind says what a member does to an agreement.
type NoticeKind string

// Kinds of notices.
const (
	Suspend NoticeKind = "suspend" // nothing runs until the same member resumes it
	Resume  NoticeKind = "resume"  // takes the member's own suspension back
	Revoke  NoticeKind = "revoke"  // ends the agreement for good
)

// Notice is one member's signed word that an agreement is suspended, resumed
// or revoked. Notices of a member under an agreement are numbered, so that none
// can be left out or put in again.
type Notice struct {
	Agreement string     `json:"agreement"` // id
	Member    string     `json:"member"`
	Kind      NoticeKind `json:"kind"`
	Reason    string     `json:"reason"`   // one line of shown text, for people
	Sequence  int64      `json:"sequence"` // of this member's notices under the agreement, from 1
	Time      time.Time  `json:"time"`     // by the member's clock; shown, decides nothing
}

// ErrNotNotice is returned (wrapped) for what is not a notice in its one form.
var ErrNotNotice = errors.New("this is not a notice of a Parley agreement")

// Check validates the notice's form.
func (n *Notice) Check() error {
	var p problems
	if !IsID(n.Agreement) {
		p.add("agreement", "must be the id of an agreement")
	}
	if len(n.Member) > 64 || !memberPattern.MatchString(n.Member) {
		p.add("member", "is not the name of a member")
	}
	if !slices.Contains([]NoticeKind{Suspend, Resume, Revoke}, n.Kind) {
		p.add("kind", "must be suspend, resume or revoke")
	}
	p.line("reason", n.Reason, 1, maxReason)
	if n.Sequence < 1 || n.Sequence > 1<<31 {
		p.add("sequence", "must be 1 to 2^31")
	}
	if y := n.Time.UTC().Year(); y < 2000 || y > 9999 || n.Time.Nanosecond() != 0 {
		p.add("time", "must be in whole seconds, in a year from 2000 to 9999")
	}
	return errors.Join(p...)
}

type noticeStatement struct {
	Type          string    `json:"_type"`
	Subject       []subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     Notice    `json:"predicate"`
}

// payload is the one encoding of a notice that passes Check.
func (n Notice) payload() ([]byte, error) {
	n.Time = n.Time.UTC()
	raw, err := json.Marshal(noticeStatement{Type: statementType, PredicateType: NoticePredicate, Predicate: n,
		Subject: []subject{{Name: "agreement", Digest: map[string]string{"sha256": strings.TrimPrefix(n.Agreement, "sha256:")}}}})
	if err != nil {
		return nil, err
	}
	return jcs.Transform(raw)
}

// SignNotice returns the notice's envelope, signed by the member.
func SignNotice(n Notice, s Signer) ([]byte, error) {
	if err := n.Check(); err != nil {
		return nil, err
	}
	payload, err := n.payload()
	if err != nil {
		return nil, err
	}
	sig, err := s.Sign(dsse.PAE(payloadType, payload))
	if err != nil {
		return nil, fmt.Errorf("sign the notice: %w", err)
	}
	if !ed25519.Verify(s.Public(), dsse.PAE(payloadType, payload), sig) {
		return nil, errors.New("sign the notice: the signer returned a signature that does not verify")
	}
	raw, err := json.Marshal(dsse.Envelope{PayloadType: payloadType, Payload: base64.StdEncoding.EncodeToString(payload),
		Signatures: []dsse.Signature{{KeyID: KeyID(s.Public()), Sig: base64.StdEncoding.EncodeToString(sig)}}})
	if err != nil {
		return nil, err
	}
	return jcs.Transform(raw)
}

// OpenNotice reads a notice strictly and verifies nothing but its form: who
// may have signed it, only the agreement says. See VerifyNotice.
func OpenNotice(b []byte) (*Notice, error) {
	n, _, _, err := openNotice(b)
	return n, err
}

func openNotice(b []byte) (*Notice, []byte, dsse.Signature, error) {
	var none dsse.Signature
	if len(b) > MaxNotice {
		return nil, nil, none, fmt.Errorf("%w: it is larger than %d bytes", ErrNotNotice, MaxNotice)
	}
	var raw dsse.Envelope
	if err := strict(b, &raw); err != nil {
		return nil, nil, none, fmt.Errorf("%w: it is not the JSON of an envelope", ErrNotNotice)
	}
	payload, err := decode64(raw.Payload)
	if err != nil || raw.PayloadType != payloadType || len(raw.Signatures) != 1 {
		return nil, nil, none, fmt.Errorf("%w: its envelope is of another form", ErrNotNotice)
	}
	var s noticeStatement
	if json.Unmarshal(payload, &s) != nil || s.Type != statementType || s.PredicateType != NoticePredicate {
		return nil, nil, none, fmt.Errorf("%w: the payload is not a statement of one", ErrNotNotice)
	}
	if err := s.Predicate.Check(); err != nil {
		return nil, nil, none, fmt.Errorf("%w that this version accepts: %w", ErrNotNotice, err)
	}
	again, err := s.Predicate.payload()
	if err != nil || !bytes.Equal(again, payload) {
		return nil, nil, none, fmt.Errorf("%w: it is not in canonical form", ErrNotNotice)
	}
	return &s.Predicate, payload, raw.Signatures[0], nil
}

// VerifyNotice reads a notice and checks that the member it names, a member of
// the agreement, has signed it under the key that the agreement gives.
func VerifyNotice(b []byte, a *Agreement) (*Notice, error) {
	n, payload, sig, err := openNotice(b)
	if err != nil {
		return nil, err
	}
	id, err := a.ID()
	if err != nil {
		return nil, err
	}
	m := a.Member(n.Member)
	if n.Agreement != id || m == nil {
		return nil, fmt.Errorf("%w: it is about another agreement, or by nobody who is a member of this one", ErrNotNotice)
	}
	key, err := m.Key()
	if err != nil {
		return nil, err
	}
	got, err := decode64(sig.Sig)
	if err != nil || sig.KeyID != KeyID(key) || !ed25519.Verify(key, dsse.PAE(payloadType, payload), got) {
		return nil, fmt.Errorf("the notice was changed after it was signed, or %s did not sign it", n.Member)
	}
	return n, nil
}

// Text words the notice for people.
func (n *Notice) Text() string {
	done := map[NoticeKind]string{Suspend: "suspended", Resume: "resumed", Revoke: "revoked"}[n.Kind]
	return fmt.Sprintf("%s %s agreement %s on %s: %s", n.Member, done, n.Agreement, day(n.Time), n.Reason)
}
