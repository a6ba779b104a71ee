package people

import (
	"context"
	"slices"
)

// Who is who calls: a person of the organisation, or, on a node without
// accounts, whoever may open its control socket.
type Who struct {
	// Name is "" for the operator of a node without accounts.
	Name  string
	Roles []Role
	// Scope is what a token was made for; nil: everything the roles allow.
	Scope []Action
	// Session is set for someone who signed in by password, not by a token
	// made for a program.
	Session bool
	// Token is the id of the session or token that was shown.
	Token string
}

// Operator is who calls a node without accounts.
func Operator() *Who { return &Who{} }

// IsOperator reports the caller of a node without accounts.
func (w *Who) IsOperator() bool { return w.Name == "" }

// May reports whether the caller may do the action: by role, and by scope.
func (w *Who) May(a Action) bool {
	if w.IsOperator() {
		return a.Known()
	}
	return May(w.Roles, a) && w.inScope(a)
}

func (w *Who) inScope(a Action) bool { return w.Scope == nil || slices.Contains(w.Scope, a) }

type whoKey struct{}

// With says in a context who calls.
func With(ctx context.Context, w *Who) context.Context {
	return context.WithValue(ctx, whoKey{}, w)
}

// From returns who calls; nil when nobody of this organisation does, as in a
// partner's call.
func From(ctx context.Context) *Who {
	w, _ := ctx.Value(whoKey{}).(*Who)
	return w
}
