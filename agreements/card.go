package agreements

import (
	"errors"
	"strings"
)

// Check validates a member's card by itself: the form of its name and address,
// and keys that an honest node can have.
func (m *Member) Check() error {
	var p problems
	p.members(&Agreement{Members: []Member{*m}})
	for i, err := range p {
		p[i] = errors.New(strings.TrimPrefix(err.Error(), "members[0]."))
	}
	return errors.Join(p...)
}

// Looks is equal for names that a reader could take for one another: beyond
// what an agreement compares (case, spaces, punctuation) it makes no difference
// between letters and digits that look alike in common typefaces. Names hold
// only ASCII, so the pairs are those of Unicode Technical Standard 39 for ASCII
// (confusables.txt), and vv for w.
func Looks(name string) string { return alike.Replace(skeleton(name)) }

var alike = strings.NewReplacer("0", "o", "1", "l", "i", "l", "rn", "m", "vv", "w")
