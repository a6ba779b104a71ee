package cleanroom

import (
	"errors"
	"fmt"
	"runtime/debug"

	"parley/analysis"
)

// errPanic is what a run ends with when its code failed in a way nobody
// foresaw. The node and its other runs go on.
var errPanic = errors.New("this node failed in an unforeseen way; its log says where")

// panicked is errPanic with the place. The panic's value stays out of it: it
// may hold data.
type panicked struct{ place string }

func (p *panicked) Error() string { return errPanic.Error() }
func (p *panicked) Unwrap() error { return errPanic }

// safely turns a panic of fn into an error. Every goroutine that works on data
// runs under it, since an unrecovered panic would end the node and print its
// value.
func safely(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicked{fmt.Sprintf("panic (%T): %s", v, debug.Stack())}
		}
	}()
	return fn()
}

// logged is an error as a log may hold it. A refusal quotes the question,
// which may hold somebody's id, so only its code and place are kept.
func logged(err error) string {
	var r *analysis.Refusal
	if errors.As(err, &r) {
		return fmt.Sprintf("refused: %s at %d:%d", r.Code, r.Line, r.Column)
	}
	var p *panicked
	if errors.As(err, &p) {
		return p.place
	}
	return err.Error()
}
