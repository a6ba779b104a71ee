package agreements

import (
	"errors"
	"fmt"
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

// CheckDatasets validates terms of datasets that one member sent by itself,
// before they stand in an agreement. Receivers that the terms name need not be
// known.
func CheckDatasets(owner string, all []Dataset) error {
	if len(all) > maxDatasets {
		return fmt.Errorf("there may be %d datasets at most", maxDatasets)
	}
	a := &Agreement{MinGroupSize: FloorGroupSize, Members: []Member{{Name: owner}}}
	for _, d := range all {
		if d.Owner != owner {
			return fmt.Errorf("the dataset %s belongs to another", quoted(d.Name))
		}
		if len(d.Rules.Receivers) > maxMembers {
			return fmt.Errorf("there may be %d receivers at most", maxMembers)
		}
		for _, r := range d.Rules.Receivers {
			if len(r) > 64 || !memberPattern.MatchString(r) {
				return errors.New("a receiver's name is malformed")
			}
		}
		d.Rules.Receivers = nil
		a.Datasets = append(a.Datasets, d)
	}
	var p problems
	p.datasets(a)
	return errors.Join(p...)
}
