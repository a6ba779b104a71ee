package people

import (
	"errors"
	"fmt"
	"strings"
)

// Errors a caller may want to tell apart.
var (
	// ErrSignIn says nothing of which of the three was wrong, whether there is
	// such a person, or whether they are disabled.
	ErrSignIn = errors.New("the name, the password or the code is wrong, or the code was used already")
	ErrSlow   = errors.New("too many sign-ins failed; try again in a quarter of an hour")
	ErrNobody = errors.New("this node has accounts, so it must know who asks: sign in with `parley login`, or set PARLEY_TOKEN")
	ErrToken  = errors.New("this session or token has ended, was revoked, or never was: sign in with `parley login`")

	ErrPassword  = errors.New("this password cannot be taken")
	ErrCode      = errors.New("this is not the code of the moment: look at the authenticator again, and at this machine's clock")
	ErrNoCode    = errors.New("codes were not begun: `parley people totp` begins")
	ErrName      = errors.New("a person's name has 1 to 32 of the characters a-z, 0-9, dot, dash and underscore, and begins with a letter")
	ErrRoles     = errors.New("a person needs at least one of the roles admin, owner, legal, analyst, auditor")
	ErrNoPerson  = errors.New("no such person here; `parley people list` shows who there is")
	ErrExists    = errors.New("there is a person of this name already; names are not given twice, since records name them")
	ErrFirst     = errors.New("the first person must be an admin, or nobody could add others: give --role admin as well")
	ErrLastAdmin = errors.New("this is the last admin who is not disabled; make somebody else an admin first")
	ErrNoToken   = errors.New("no such token of yours here; `parley people token list` shows them")
	ErrScope     = errors.New("a token's scope must be actions that you may do yourself; `parley people roles` lists them")
	ErrExpiry    = errors.New("a token ends after 1 to 366 days")
	ErrLabel     = errors.New("a token's name has 1 to 64 letters, digits, dots, dashes and underscores")
	ErrTooMany   = errors.New("a person has at most 100 sessions and tokens at a time; revoke one first")
	ErrNoAccount = errors.New("this node has no accounts, so this has no meaning yet; `parley people add` makes the first")
	ErrSession   = errors.New("this needs somebody who signed in by password, not a token; `parley login`")
)

// Forbidden says that a known person may not do something.
type Forbidden struct {
	Name   string
	Action Action
	// Code is why: role, scope or password.
	Code string
	have []Role
}

func (f *Forbidden) Error() string {
	r, _ := right(f.Action)
	switch f.Code {
	case "password":
		return fmt.Sprintf("%s has a password that somebody else gave: change it first with `parley people passwd`", f.Name)
	case "scope":
		return fmt.Sprintf("this token of %s was not made for %s (%s)", f.Name, f.Action, r.Text)
	}
	if len(r.For) == 0 {
		return fmt.Sprintf("nobody may do %s", f.Action)
	}
	return fmt.Sprintf("%s may not do this (%s): it needs the role %s, and %s is %s", f.Name, r.Text, listed(r.For, "or"), f.Name, listed(f.have, "and"))
}

// listed puts roles into a sentence.
func listed(roles []Role, last string) string {
	words := make([]string, len(roles))
	for i, r := range roles {
		words[i] = string(r)
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + last + " " + words[len(words)-1]
}
