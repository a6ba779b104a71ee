package people

import (
	"context"
	"io"

	"parley/cleanroom/store"
)

// NewCodes is what an authenticator needs. It is shown once.
type NewCodes struct {
	Secret string `json:"secret"` // base32
	URI    string `json:"uri"`    // for a picture to scan
}

func codePurpose(name string) string { return "one-time codes of " + name }

// unseal opens a person's secret. The 32 bytes that are sealed hold one of 20.
func (d *Desk) unseal(ctx context.Context, name string, sealed []byte) ([]byte, error) {
	key, err := d.o.Keys.UnwrapKey(ctx, sealed, codePurpose(name))
	return key[:secretSize], err
}

// BeginCodes draws a secret for the caller's authenticator. It counts from
// ConfirmCodes on. The password is asked for again, so that a session left
// open at a desk changes nobody's codes.
func (d *Desk) BeginCodes(ctx context.Context, password string) (*NewCodes, error) {
	w, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.again(ctx, w.Name, password); err != nil {
		return nil, err
	}
	var key [32]byte
	if _, err := io.ReadFull(d.o.Random, key[:secretSize]); err != nil {
		return nil, err
	}
	sealed, err := d.o.Keys.WrapKey(ctx, key, codePurpose(w.Name))
	if err != nil {
		return nil, err
	}
	_, err = d.change(ctx, w.Name, Note{Action: "people.code-begin"}, false, func(p *store.Person) error {
		p.CodeNext = sealed
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &NewCodes{secretText(key[:secretSize]), secretURI(d.o.Org, w.Name, key[:secretSize])}, nil
}

// ConfirmCodes shows that the caller's authenticator has the secret that was
// drawn last. From then on signing in needs a code.
func (d *Desk) ConfirmCodes(ctx context.Context, given string) error {
	w, err := signedIn(ctx)
	if err != nil {
		return err
	}
	if !d.limits.try(w.Name, d.o.Now()) {
		return d.slow(ctx)
	}
	_, err = d.change(ctx, w.Name, Note{Action: "people.code"}, false, func(p *store.Person) error {
		if p.CodeNext == nil {
			return ErrNoCode
		}
		secret, err := d.unseal(ctx, p.Name, p.CodeNext)
		if err != nil {
			return err
		}
		step := stepOf(secret, d.o.Now(), 0, given)
		if step == 0 {
			return ErrCode
		}
		p.Code, p.CodeNext, p.CodeStep = p.CodeNext, nil, step
		return nil
	})
	if err == nil {
		d.limits.passed(w.Name)
	}
	return err
}

// ResetCodes takes away the codes of somebody who lost the authenticator, and
// ends their sessions and tokens.
func (d *Desk) ResetCodes(ctx context.Context, name string) (*Person, error) {
	return d.change(ctx, name, Note{Action: "people.code-reset"}, true, func(p *store.Person) error {
		p.Code, p.CodeNext = nil, nil
		return nil
	})
}
