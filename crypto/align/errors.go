package align

import (
	"errors"

	"parley/crypto/wire"
)

// ErrRefused is what the peer may be told, whatever was wrong with its
// messages. Every error for which errors.Is(err, ErrRefused) holds is an
// incident: the run must not be repeated without the owners' approval, because
// failures that follow the data would answer questions about it.
var ErrRefused = errors.New("alignment refused")

// ErrDuplicateUnit says that the own units given to Run were not distinct.
var ErrDuplicateUnit = errors.New("align: own units are not distinct")

// Refusal is the local form of ErrRefused. It names the message and the fault,
// never a value of it. It is for the owner's log, not for the peer.
type Refusal struct {
	Step  wire.Step
	Fault error
}

// Error describes the fault.
func (r *Refusal) Error() string {
	return ErrRefused.Error() + ": message " + string(r.Step) + ": " + r.Fault.Error()
}

// Is makes every Refusal an ErrRefused.
func (r *Refusal) Is(target error) bool { return target == ErrRefused }

// Unwrap gives the fault.
func (r *Refusal) Unwrap() error { return r.Fault }

// Faults of a message.
var (
	errOrder     = errors.New("entries are not strictly increasing")
	errCount     = errors.New("count is outside the agreed bounds")
	errDuplicate = errors.New("two entries become equal")
	errMissing   = errors.New("an own tag is missing or repeated")
	errLength    = errors.New("message has the wrong length")
)

func refuse(step wire.Step, fault error) error { return &Refusal{Step: step, Fault: fault} }
