package agreements

import (
	"errors"
	"fmt"
	"regexp"
)

var idPattern = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// IsID reports whether s is written as the id of an agreement.
func IsID(s string) bool { return idPattern.MatchString(s) }

func (p *problems) predecessor(id string) {
	if id != "" && !IsID(id) {
		p.add("predecessor", "must be the id of the agreement that is amended: sha256: and 64 lower-case hex digits")
	}
}

// ErrNotAmendment is wrapped by Amends.
var ErrNotAmendment = errors.New("the agreement cannot take the other's place")

// Amends checks that an agreement may take the place of old: it names it, and
// every member of old, under the same identity key, is a member of it, so that
// nobody's agreement is replaced without that member's signature. Keys for TLS
// and for answers may change, and members may be added.
func (a *Agreement) Amends(old *Agreement) error {
	id, err := old.ID()
	if err != nil {
		return err
	}
	if a.Predecessor != id {
		return fmt.Errorf("%w: it does not name it as its predecessor", ErrNotAmendment)
	}
	for i := range old.Members {
		was := &old.Members[i]
		now := a.Member(was.Name)
		switch {
		case now == nil:
			return fmt.Errorf("%w: members: %s is a member of the agreement that is amended and must be one of the amendment", ErrNotAmendment, was.Name)
		case now.IdentityKey != was.IdentityKey:
			return fmt.Errorf("%w: members: the identity key of %s is another one than in the agreement that is amended", ErrNotAmendment, was.Name)
		}
	}
	return nil
}
