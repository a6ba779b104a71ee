package cleanroom

import (
	"context"
	"errors"

	"parley/cleanroom/audit"
	"parley/cleanroom/people"
	"parley/internal/weak"
)

// ErrUnknownAction refuses a call that was given no entry in people.Rights.
var ErrUnknownAction = errors.New("this call has no entry in the table of roles and actions, so nobody may make it")

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
	switch {
	case !c.Action.Known():
		return nil, ErrUnknownAction
	case c.Action.Open():
		// Nobody is known, and nothing is decided: signing in records itself.
		return ctx, nil
	case !n.people.Closed():
		return people.With(ctx, people.Operator()), nil
	}
	w, err := n.people.Show(ctx, c.Token)
	if err != nil {
		return nil, n.stranger(c.Action, err)
	}
	if err := w.Allowed(c.Action); err != nil && !weak.Off("R66") {
		var f *people.Forbidden
		errors.As(err, &f)
		return nil, errors.Join(err, n.record(n.call(c.Action, audit.Refused, w).with("code", f.Code)))
	}
	if err := n.record(n.call(c.Action, audit.OK, w)); err != nil {
		return nil, err
	}
	return people.With(ctx, w), nil
}

func (n *Node) call(a people.Action, outcome string, w *people.Who) entryBuilder {
	return entry("call."+string(a), outcome).by(w.Name+"@"+n.cfg.Org).with("caller", w.Name).with("token", w.Token)
}

// stranger refuses a caller who showed no valid token. Anybody can make any
// number of such calls, so of many only so many are recorded.
func (n *Node) stranger(a people.Action, err error) error {
	if !errors.Is(err, people.ErrNobody) && !errors.Is(err, people.ErrToken) {
		return err // of reading
	}
	if !n.people.Stranger() {
		return err
	}
	return errors.Join(err, n.record(entry("call."+string(a), audit.Refused).by(people.Nobody+"@"+n.cfg.Org).with("code", "token")))
}

// StillAllowed asks again, in the midst of a call that goes on for long,
// whether its caller may go on. It records nothing.
func (n *Node) StillAllowed(ctx context.Context, c Call) bool {
	w := people.From(ctx)
	if w == nil {
		return false
	}
	if w.IsOperator() {
		return !n.people.Closed()
	}
	now, err := n.people.Show(ctx, c.Token)
	return err == nil && now.Name == w.Name && now.May(c.Action)
}

// MaySee reports whether whoever calls may see something besides what the
// call itself is allowed for, such as answers.
func (n *Node) MaySee(ctx context.Context, a people.Action) bool {
	w := people.From(ctx)
	return w != nil && (w.May(a) || weak.Off("R66"))
}
