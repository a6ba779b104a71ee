package people

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"parley/cleanroom/store"
)

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9._-]{0,31}$`)

// Nobody stands in the log for a caller who showed no valid token. Nobody is
// given that name.
const Nobody = "nobody"

func nameFits(name string) bool { return namePattern.MatchString(name) && name != Nobody }

// Person is what is shown of an account.
type Person struct {
	Name     string    `json:"name"`
	Roles    []Role    `json:"roles"`
	Codes    bool      `json:"codes"` // signs in with one-time codes as well
	Created  time.Time `json:"created"`
	Disabled time.Time `json:"disabled,omitzero"`
	// MustChange: has not changed the password that somebody else gave.
	MustChange bool `json:"mustChange,omitempty"`
}

func shown(p store.Person) *Person {
	return &Person{Name: p.Name, Roles: roles(p.Roles), Codes: p.Code != nil, Created: p.Created, Disabled: p.Disabled, MustChange: p.MustChange}
}

// NewPerson is an account to be made.
type NewPerson struct {
	Name     string `json:"name"`
	Roles    []Role `json:"roles"`
	Password string `json:"password"`
}

// List returns all accounts by name.
func (d *Desk) List(ctx context.Context) ([]*Person, error) {
	all, err := d.o.Store.People(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]*Person, len(all))
	for i, p := range all {
		out[i] = shown(p)
	}
	return out, nil
}

// Add makes an account. The first one closes the node: from then on, every
// call needs somebody. Whoever did not choose their own password must change
// it before anything else.
func (d *Desk) Add(ctx context.Context, in NewPerson) (*Person, error) {
	if !nameFits(in.Name) {
		return nil, ErrName
	}
	names, err := roleNames(in.Roles)
	if err != nil {
		return nil, err
	}
	if err := checkPassword(in.Name, []byte(in.Password)); err != nil {
		return nil, err
	}
	hash, err := d.hash(ctx, in.Password)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	first := !d.Closed()
	if first && !slices.Contains(in.Roles, Admin) {
		return nil, ErrFirst
	}
	if _, err := d.o.Store.Person(ctx, in.Name); err == nil {
		return nil, ErrExists
	} else if !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	p := store.Person{Name: in.Name, Roles: names, Password: hash, MustChange: !first, Created: d.o.Never()}
	// Closed first: a call that comes between the two is refused, not let in.
	d.closed.Store(true)
	note := Note{Action: "people.add", Person: in.Name, Roles: strings.Join(names, "/")}
	err = d.o.Change(ctx, note, Digest(p, nil), func(ctx context.Context, a store.Anchor) error { return d.o.Store.PutPerson(ctx, p, a) })
	if err != nil {
		return nil, err
	}
	return shown(p), nil
}

// roleNames sorts roles as the table has them and takes out doubles.
func roleNames(given []Role) (names []string, err error) {
	for _, t := range Roles() {
		if slices.Contains(given, t.Role) {
			names = append(names, string(t.Role))
		}
	}
	for _, r := range given {
		if !r.Known() {
			return nil, ErrRoles
		}
	}
	if len(names) == 0 {
		return nil, ErrRoles
	}
	return names, nil
}

func (d *Desk) hash(ctx context.Context, password string) (string, error) {
	select {
	case d.hashing <- struct{}{}:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	defer func() { <-d.hashing }()
	return hashPassword(d.o.Random, d.o.Cost, []byte(password))
}

// SetRoles gives a person other roles, at once for all their sessions.
func (d *Desk) SetRoles(ctx context.Context, name string, given []Role) (*Person, error) {
	names, err := roleNames(given)
	if err != nil {
		return nil, err
	}
	return d.change(ctx, name, Note{Action: "people.roles", Roles: strings.Join(names, "/")}, false, func(p *store.Person) error {
		p.Roles = names
		return nil
	})
}

// Disable shuts a person out and ends their sessions and tokens.
func (d *Desk) Disable(ctx context.Context, name string) (*Person, error) {
	return d.change(ctx, name, Note{Action: "people.disable"}, true, func(p *store.Person) error {
		if p.Disabled.IsZero() {
			p.Disabled = d.o.Never()
		}
		return nil
	})
}

// Enable lets a person in again.
func (d *Desk) Enable(ctx context.Context, name string) (*Person, error) {
	return d.change(ctx, name, Note{Action: "people.enable"}, false, func(p *store.Person) error {
		p.Disabled = time.Time{}
		return nil
	})
}

// ResetPassword gives a person a password that they must change, and ends
// their sessions and tokens.
func (d *Desk) ResetPassword(ctx context.Context, name, password string) (*Person, error) {
	return d.password(ctx, name, password, "people.password-reset", true)
}

// ChangePassword is for whoever calls; all their sessions and tokens end.
func (d *Desk) ChangePassword(ctx context.Context, old, password string) error {
	w, err := signedIn(ctx)
	if err != nil {
		return err
	}
	if err := d.again(ctx, w.Name, old); err != nil {
		return err
	}
	_, err = d.password(ctx, w.Name, password, "people.password", false)
	return err
}

func (d *Desk) password(ctx context.Context, name, password, action string, mustChange bool) (*Person, error) {
	if err := checkPassword(name, []byte(password)); err != nil {
		return nil, err
	}
	hash, err := d.hash(ctx, password)
	if err != nil {
		return nil, err
	}
	return d.change(ctx, name, Note{Action: action}, true, func(p *store.Person) error {
		p.Password, p.MustChange = hash, mustChange
		return nil
	})
}

// again has the caller show their password once more, under the same limits
// as a sign-in.
func (d *Desk) again(ctx context.Context, name, password string) error {
	if !d.limits.try(name, d.o.Now()) {
		return d.slow(ctx)
	}
	p, err := d.o.Store.Person(ctx, name)
	if err != nil {
		return err
	}
	same, err := d.matches(ctx, p.Password, password)
	if err != nil {
		return err
	}
	if !same {
		return errors.Join(ErrSignIn, d.o.Record(ctx, Note{Action: "people.password", Refused: true, Person: name, Code: "sign-in"}))
	}
	d.limits.passed(name)
	return nil
}

// change makes one change of an account. It refuses one that
// leaves the node without an admin. end ends the person's sessions and tokens.
func (d *Desk) change(ctx context.Context, name string, note Note, end bool, fn func(*store.Person) error) (*Person, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p, err := d.o.Store.Person(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNoPerson
	}
	if err != nil {
		return nil, err
	}
	if err := fn(&p); err != nil {
		return nil, err
	}
	if err := d.adminLeft(ctx, p); err != nil {
		return nil, err
	}
	tokens, err := d.o.Store.Tokens(ctx, name)
	if err != nil {
		return nil, err
	}
	var at time.Time
	if end {
		at = d.o.Never()
		for i := range tokens {
			if tokens[i].Revoked.IsZero() {
				tokens[i].Revoked = at
			}
		}
	}
	note.Person = name
	return shown(p), d.o.Change(ctx, note, Digest(p, tokens), func(ctx context.Context, a store.Anchor) error {
		return d.o.Store.ChangePerson(ctx, p, at, a)
	})
}

// adminLeft refuses a change after which no admin could sign in.
func (d *Desk) adminLeft(ctx context.Context, changed store.Person) error {
	all, err := d.o.Store.People(ctx)
	if err != nil {
		return err
	}
	for _, p := range all {
		if p.Name == changed.Name {
			p = changed
		}
		if p.Disabled.IsZero() && slices.Contains(p.Roles, string(Admin)) {
			return nil
		}
	}
	return ErrLastAdmin
}
