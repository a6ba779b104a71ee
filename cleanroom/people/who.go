package people

import (
	"context"
	"slices"
	"time"
)

// Who is who calls: a person of the organisation, or, on a node without
// accounts, whoever may open its control socket.
type Who struct {
	// Name is "" for the operator of a node without accounts.
	Name  string `json:"name"`
	Roles []Role `json:"roles,omitempty"`
	// Scope is what a token was made for; nil: everything the roles allow.
	Scope []Action `json:"scope,omitempty"`
	// Session is set for someone who signed in by password, not by a token
	// made for a program.
	Session bool `json:"session"`
	// Token is the id of the session or token that was shown, Until its end.
	Token string    `json:"token,omitempty"`
	Until time.Time `json:"until,omitzero"`
	// MustChange: the password was given by somebody else, so that nothing is
	// allowed but to change it.
	MustChange bool `json:"mustChange,omitempty"`
}

// Operator is who calls a node without accounts.
func Operator() *Who { return &Who{} }

// IsOperator reports the caller of a node without accounts.
func (w *Who) IsOperator() bool { return w.Name == "" }

// Allowed returns nil, or why the caller may not do the action (*Forbidden):
// by role, by the token's scope, or since the password is somebody else's.
func (w *Who) Allowed(a Action) error {
	f := &Forbidden{Name: w.Name, Action: a, have: w.Roles}
	switch {
	case w.IsOperator() && a.Known():
		return nil
	case !May(w.Roles, a):
		f.Code = "role"
	case w.Scope != nil && !slices.Contains(w.Scope, a):
		f.Code = "scope"
	case w.MustChange && a != MeSee && a != MeManage && a != SessionEnd:
		f.Code = "password"
	default:
		return nil
	}
	return f
}

// May reports whether the caller may do the action.
func (w *Who) May(a Action) bool { return w.Allowed(a) == nil }

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
