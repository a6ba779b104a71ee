package people

import (
	"context"
	"regexp"
	"slices"
	"time"

	"parley/cleanroom/store"
)

const (
	// keepEnded is how long tokens that ended are still listed.
	keepEnded = 30 * 24 * time.Hour
	// mostTokens bounds a person's sessions and tokens.
	mostTokens = 100
	maxDays    = 366
)

var labelPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// NewToken asks for a token for a program.
type NewToken struct {
	Label string   `json:"label"`
	Scope []Action `json:"scope"`
	Days  int      `json:"days"`
}

// Token is what is shown of a session or token.
type Token struct {
	ID      string    `json:"id"`
	Label   string    `json:"label,omitempty"`
	Session bool      `json:"session"`
	Scope   []Action  `json:"scope,omitempty"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	Revoked time.Time `json:"revoked,omitzero"`
	// Ended: expired or revoked.
	Ended bool `json:"ended"`
	// Text is the token itself. It is shown once, to who made it.
	Text string `json:"text,omitempty"`
}

// AddToken makes a token for a program of whoever calls. What it allows is at
// most what the caller may do, and only while they may.
func (d *Desk) AddToken(ctx context.Context, in NewToken) (*Token, error) {
	w, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case !labelPattern.MatchString(in.Label):
		return nil, ErrLabel
	case in.Days < 1 || in.Days > maxDays:
		return nil, ErrExpiry
	case len(in.Scope) == 0:
		return nil, ErrScope
	case w.MustChange:
		return nil, w.Allowed(RunAsk)
	}
	scope := []string{}
	for _, a := range in.Scope {
		// A token that manages its owner's tokens and password could do all.
		if !w.May(a) || a == MeManage {
			return nil, ErrScope
		}
		if !slices.Contains(scope, string(a)) {
			scope = append(scope, string(a))
		}
	}
	t, text, err := d.draw(w.Name)
	if err != nil {
		return nil, err
	}
	t.Label, t.Scope, t.Expires = in.Label, scope, t.Created.AddDate(0, 0, in.Days)
	d.mu.Lock()
	defer d.mu.Unlock()
	p, err := d.o.Store.Person(ctx, w.Name)
	if err != nil {
		return nil, err
	}
	if err := d.putToken(ctx, p, t, "token.add"); err != nil {
		return nil, err
	}
	out := d.shown(t)
	out.Text = text
	return out, nil
}

// Tokens lists the caller's own sessions and tokens.
func (d *Desk) Tokens(ctx context.Context) ([]*Token, error) {
	w, err := person(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := d.o.Store.Tokens(ctx, w.Name)
	if err != nil {
		return nil, err
	}
	out := make([]*Token, len(rows))
	for i, t := range rows {
		out[i] = d.shown(t)
	}
	return out, nil
}

func (d *Desk) shown(t store.Token) *Token {
	return &Token{ID: t.ID, Label: t.Label, Session: t.Session, Scope: who(store.Person{}, t).Scope, Created: t.Created, Expires: t.Expires,
		Revoked: t.Revoked, Ended: !d.alive(t)}
}

func (d *Desk) alive(t store.Token) bool { return t.Revoked.IsZero() && d.o.Never().Before(t.Expires) }

// RevokeToken ends one of the caller's own sessions or tokens.
func (d *Desk) RevokeToken(ctx context.Context, id string) error {
	w, err := person(ctx)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	rows, err := d.o.Store.Tokens(ctx, w.Name)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(rows, func(t store.Token) bool { return t.ID == id && t.Revoked.IsZero() })
	if i < 0 {
		return ErrNoToken
	}
	p, err := d.o.Store.Person(ctx, w.Name)
	if err != nil {
		return err
	}
	rows[i].Revoked = d.o.Never()
	return d.o.Change(ctx, Note{Action: "token.revoke", Person: w.Name, Token: id}, Digest(p, rows), func(ctx context.Context, a store.Anchor) error {
		return d.o.Store.RevokeToken(ctx, w.Name, id, rows[i].Revoked, a)
	})
}

// putToken adds a token to a person's, takes away those that ended long ago,
// and refuses one too many; mu is held.
func (d *Desk) putToken(ctx context.Context, p store.Person, t store.Token, action string) error {
	rows, err := d.o.Store.Tokens(ctx, p.Name)
	if err != nil {
		return err
	}
	old, alive := t.Created.Add(-keepEnded), 0
	var gone, left []store.Token
	for _, r := range rows {
		if d.alive(r) {
			alive++
		}
		if r.Expires.Before(old) || !r.Revoked.IsZero() && r.Revoked.Before(old) {
			gone = append(gone, r)
		} else {
			left = append(left, r)
		}
	}
	if alive >= mostTokens {
		return ErrTooMany
	}
	return d.o.Change(ctx, Note{Action: action, Person: p.Name, Token: t.ID}, Digest(p, append(left, t)), func(ctx context.Context, a store.Anchor) error {
		return d.o.Store.PutToken(ctx, t, gone, a)
	})
}

// person is who calls, who must have an account.
func person(ctx context.Context) (*Who, error) {
	w := From(ctx)
	if w == nil || w.IsOperator() {
		return nil, ErrNoAccount
	}
	return w, nil
}

// signedIn is who calls, who must have signed in by password.
func signedIn(ctx context.Context) (*Who, error) {
	w, err := person(ctx)
	if err == nil && !w.Session {
		err = ErrSession
	}
	return w, err
}
