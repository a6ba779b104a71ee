package people

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"parley/cleanroom/store"
)

// SessionFor is how long a session lasts.
const SessionFor = 12 * time.Hour

// SignIn is what somebody gives to sign in.
type SignIn struct {
	Name     string `json:"name"`
	Password string `json:"password"`
	Code     string `json:"code,omitempty"` // where the person has set up codes
}

// Session is a session that was begun. Its token is shown once, here.
type Session struct {
	Token string `json:"token"`
	Who   *Who   `json:"who"`
}

// Begin signs somebody in. It does the same work whatever is wrong, and says
// no more than ErrSignIn or ErrSlow.
func (d *Desk) Begin(ctx context.Context, in SignIn) (*Session, error) {
	if !d.Closed() {
		return nil, ErrNoAccount
	}
	p, err := d.prove(ctx, in)
	if err != nil {
		return nil, err
	}
	return d.session(ctx, p)
}

// prove checks name, password and code, and uses the code up.
func (d *Desk) prove(ctx context.Context, in SignIn) (p store.Person, err error) {
	// What stands as a name in memory or in the log must be able to be one.
	if !nameFits(in.Name) {
		in.Name = "-"
	}
	if !d.limits.try(in.Name, d.o.Now()) {
		return p, d.slow(ctx)
	}
	p, err = d.o.Store.Person(ctx, in.Name)
	known := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return p, err
	}
	hash := d.dummy
	if known {
		hash = p.Password
	}
	same, err := d.matches(ctx, hash, in.Password)
	if err != nil {
		return p, err
	}
	step, err := d.step(ctx, p, in.Code)
	if err != nil {
		return p, err
	}
	good := known && same && p.Disabled.IsZero() && (p.Code == nil || step > 0)
	if good && p.Code != nil {
		// Two sign-ins with one code may have come this far; one wins.
		err := d.o.Store.TakeCodeStep(ctx, p.Name, step)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return p, err
		}
		good, p.CodeStep = err == nil, step
	}
	if good {
		d.limits.passed(p.Name)
		return p, nil
	}
	note := Note{Action: "session.begin", Refused: true, Code: "sign-in"}
	if known {
		note.Person = p.Name // else it may be a password, typed in the wrong place
	}
	return p, errors.Join(ErrSignIn, d.o.Record(ctx, note))
}

// slow refuses a try over the limits. Those that reached the limits are in the
// log; of these only so many, since anybody can make any number.
func (d *Desk) slow(ctx context.Context) error {
	if !d.limits.stranger(d.o.Now()) {
		return ErrSlow
	}
	return errors.Join(ErrSlow, d.o.Record(ctx, Note{Action: "session.begin", Refused: true, Code: "limit"}))
}

// matches tries a password; tries queue, since each takes much memory.
func (d *Desk) matches(ctx context.Context, hash, password string) (bool, error) {
	select {
	case d.hashing <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	defer func() { <-d.hashing }()
	return matches(hash, []byte(password))
}

// step is that of a person's code, 0 for a wrong one or where there is none.
func (d *Desk) step(ctx context.Context, p store.Person, given string) (int64, error) {
	if p.Code == nil {
		return 0, nil
	}
	secret, err := d.unseal(ctx, p.Name, p.Code)
	if err != nil {
		return 0, err
	}
	return stepOf(secret, d.o.Now(), p.CodeStep, given), nil
}

func (d *Desk) session(ctx context.Context, p store.Person) (*Session, error) {
	t, text, err := d.draw(p.Name)
	if err != nil {
		return nil, err
	}
	t.Session, t.Expires = true, t.Created.Add(SessionFor)
	d.mu.Lock()
	defer d.mu.Unlock()
	// Since it was proved, somebody may have disabled or changed the account.
	now, err := d.o.Store.Person(ctx, p.Name)
	if err != nil {
		return nil, err
	}
	if !now.Disabled.IsZero() || now.Password != p.Password {
		return nil, errors.Join(ErrSignIn, d.o.Record(ctx, Note{Action: "session.begin", Refused: true, Person: p.Name, Code: "sign-in"}))
	}
	if err := d.putToken(With(ctx, who(p, t)), now, t, "session.begin"); err != nil {
		return nil, err
	}
	return &Session{Token: text, Who: who(p, t)}, nil
}

// draw makes a token with id and hash, and the text that is shown once.
func (d *Desk) draw(person string) (t store.Token, text string, err error) {
	var id [4]byte
	if _, err := io.ReadFull(d.o.Random, id[:]); err != nil {
		return t, "", err
	}
	text, hash, err := d.newToken()
	return store.Token{ID: hex.EncodeToString(id[:]), Person: person, Hash: hash, Created: d.o.Never()}, text, err
}
