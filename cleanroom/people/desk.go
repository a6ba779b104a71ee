package people

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"parley/cleanroom/store"
)

// Wrapper seals 32-byte secrets for this node; see keys.Keyring.
type Wrapper interface {
	WrapKey(ctx context.Context, key [32]byte, purpose string) ([]byte, error)
	UnwrapKey(ctx context.Context, wrapped []byte, purpose string) ([32]byte, error)
}

// Note is a decision about people, for the audit log.
type Note struct {
	Action  string
	Refused bool
	Person  string // whom it is about; never "" for a change
	Code    string // why it was refused
	Roles   string // given, such as "legal/owner"
	Token   string // id
}

// Options are what a Desk needs from outside.
type Options struct {
	Org    string
	Store  *store.Store
	Keys   Wrapper
	Random io.Reader
	// Now is the clock; Never is the clock too, but never before what was
	// recorded, so that setting it back revives no session.
	Now, Never func() time.Time
	// Record writes durably what was refused.
	Record func(context.Context, Note) error
	// Change has apply change an account in the state file, and writes the
	// decision durably. digest is that of the account after the change.
	Change func(ctx context.Context, n Note, digest [32]byte, apply func(context.Context, store.Anchor) error) error
	// Cost of new passwords; zero: DefaultCost.
	Cost Cost
}

// Desk keeps an organisation's accounts. Its methods are safe for concurrent
// use. Every change is recorded, and anchored in the audit log.
type Desk struct {
	o      Options
	closed atomic.Bool // there are accounts; never undone
	dummy  string      // a hash that no password has, for names that are not here

	mu      sync.Mutex    // one change at a time
	hashing chan struct{} // one try at a password at a time: each takes memory
	limits  limits
}

// Open looks whether there are accounts.
func Open(ctx context.Context, o Options) (*Desk, error) {
	if o.Cost == (Cost{}) {
		o.Cost = DefaultCost()
	}
	d := &Desk{o: o, hashing: make(chan struct{}, 1), limits: newLimits()}
	random := make([]byte, saltSize+hashSize)
	if _, err := io.ReadFull(o.Random, random); err != nil {
		return nil, err
	}
	d.dummy = encodeHash(o.Cost, random[:saltSize], random[saltSize:])
	all, err := o.Store.People(ctx)
	d.closed.Store(len(all) > 0)
	return d, err
}

// Closed reports whether the node has accounts, so that calls need one.
func (d *Desk) Closed() bool { return d.closed.Load() }

const tokenPrefix = "parley_"

// newToken draws a token (32 bytes) and its hash.
func (d *Desk) newToken() (text string, hash [32]byte, err error) {
	var b [32]byte
	if _, err := io.ReadFull(d.o.Random, b[:]); err != nil {
		return "", hash, err
	}
	text = tokenPrefix + base64.RawURLEncoding.EncodeToString(b[:])
	return text, sha256.Sum256([]byte(text)), nil
}

// Show finds who shows a token: ErrNobody, ErrToken, or an error of reading.
// A token is a random number of 256 bits, so its hash needs no salt, and that
// looking it up takes a time tells nothing.
func (d *Desk) Show(ctx context.Context, token string) (*Who, error) {
	if token == "" {
		return nil, ErrNobody
	}
	if !strings.HasPrefix(token, tokenPrefix) || len(token) > 100 {
		return nil, ErrToken
	}
	t, p, err := d.o.Store.TokenByHash(ctx, sha256.Sum256([]byte(token)))
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrToken
	}
	if err != nil {
		return nil, err
	}
	if !t.Revoked.IsZero() || !d.o.Never().Before(t.Expires) || !p.Disabled.IsZero() {
		return nil, ErrToken
	}
	return who(p, t), nil
}

func who(p store.Person, t store.Token) *Who {
	w := &Who{Name: p.Name, Roles: roles(p.Roles), Session: t.Session, Token: t.ID, Until: t.Expires, MustChange: p.MustChange}
	if t.Scope != nil {
		w.Scope = make([]Action, len(t.Scope))
		for i, a := range t.Scope {
			w.Scope[i] = Action(a)
		}
	}
	return w
}

func roles(names []string) []Role {
	out := make([]Role, len(names))
	for i, n := range names {
		out[i] = Role(n)
	}
	return out
}
