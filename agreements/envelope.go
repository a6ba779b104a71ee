package agreements

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gowebpki/jcs"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// Errors to test for with errors.Is. The texts are for people.
var (
	ErrNotFullySigned = errors.New("the agreement is not signed by every member yet")
	ErrTampered       = errors.New("the agreement was changed after it was signed")
	ErrExpired        = errors.New("the agreement has ended")
	ErrNotYetInForce  = errors.New("the agreement is not in force yet")
	ErrMalformed      = errors.New("this is not a Parley agreement")
)

// signatureRoom is more than one signature takes in an envelope.
const signatureRoom = 256

// Envelope is an agreement with the signatures collected so far. It is not
// safe for concurrent use.
type Envelope struct {
	payload   []byte
	agreement Agreement
	sigs      []dsse.Signature
}

// NewEnvelope makes an unsigned envelope of a checked agreement. It refuses
// one that would be too large to Open once every member has signed.
func NewEnvelope(a *Agreement) (*Envelope, error) {
	if err := a.Check(); err != nil {
		return nil, err
	}
	payload, err := payloadOf(a)
	if err != nil {
		return nil, err
	}
	if size := base64.StdEncoding.EncodedLen(len(payload)) + signatureRoom*(1+len(a.Members)); size > MaxSize {
		return nil, fmt.Errorf("the agreement is too large: it and its signatures would take %d bytes of at most %d", size, MaxSize)
	}
	return fromPayload(payload)
}

// Open reads an envelope strictly: the agreement in it passes Check and is in
// canonical form, and every signature names a different member. It verifies no
// signature: Verify does. Errors are ErrMalformed or ErrTampered.
func Open(b []byte) (*Envelope, error) {
	if len(b) > MaxSize {
		return nil, fmt.Errorf("%w: it is larger than %d bytes", ErrMalformed, MaxSize)
	}
	var raw dsse.Envelope
	if err := strict(b, &raw); err != nil {
		return nil, err
	}
	if raw.PayloadType != payloadType {
		return nil, fmt.Errorf("%w: the payload is of another type", ErrMalformed)
	}
	payload, err := decode64(raw.Payload)
	if err != nil {
		return nil, fmt.Errorf("%w: the payload is not base64", ErrMalformed)
	}
	e, err := fromPayload(payload)
	if err != nil {
		return nil, err
	}
	if raw.Signatures == nil || len(raw.Signatures) > len(e.agreement.Members) {
		return nil, fmt.Errorf("%w: it has no list of signatures, or more than members", ErrMalformed)
	}
	for _, s := range raw.Signatures {
		if err := e.add(s); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// Agreement returns the agreement in the envelope: a copy of its own for
// every caller, so that nothing can be changed between verifying and reading.
func (e *Envelope) Agreement() *Agreement {
	var s statement
	if err := json.Unmarshal(e.payload, &s); err != nil {
		return &Agreement{} // fromPayload has decoded these very bytes before
	}
	return &s.Predicate
}

// Bytes returns the envelope as canonical JSON.
func (e *Envelope) Bytes() ([]byte, error) {
	sigs := e.sigs
	if sigs == nil {
		sigs = []dsse.Signature{}
	}
	raw, err := json.Marshal(dsse.Envelope{PayloadType: payloadType,
		Payload: base64.StdEncoding.EncodeToString(e.payload), Signatures: sigs})
	if err != nil {
		return nil, err
	}
	return jcs.Transform(raw)
}
