package garble

import (
	"context"
	"errors"
)

// ErrFailed is what every failed run reports, whatever failed: a transfer, the
// consistency check, an output label, the opening of a label, a length.
var ErrFailed = errors.New("garbled release failed")

// Causes are for the owner's own log through errors.Unwrap. The peer is told
// one byte at the end of the run and never sees them.
var (
	errBase    = errors.New("base transfers: the two sides did not see the same ids")
	errPoint   = errors.New("base transfer: invalid point")
	errSeed    = errors.New("base transfer: seed does not open")
	errCheck   = errors.New("transfer extension: consistency check")
	errOutput  = errors.New("evaluation: output label is not valid")
	errWithout = errors.New("evaluation: output set without its pass bit")
	errLabel   = errors.New("evaluation: sealed label does not open")
	errPeer    = errors.New("the peer reports a failure")
)

// failure reads the same for every cause.
type failure struct{ cause error }

func (f *failure) Error() string        { return ErrFailed.Error() }
func (f *failure) Is(target error) bool { return target == ErrFailed }
func (f *failure) Unwrap() error        { return f.cause }

func failed(cause error) error { return &failure{cause} }

// transport maps an error of the pipe: the end of the context stays what it
// is, anything else is a failed run.
func transport(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return failed(err)
}
