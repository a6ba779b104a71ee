package agreements

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	maxTerms     = 100
	maxTermValue = 4000
	maxTermItems = 100
)

// TermType is the type of a term's value.
type TermType string

// Types of terms.
const (
	TermText    TermType = "text"    // one paragraph
	TermParty   TermType = "party"   // a member's name
	TermDate    TermType = "date"    // YYYY-MM-DD
	TermDays    TermType = "days"    // a number of days
	TermCountry TermType = "country" // a country or its law, in letters
	TermEmail   TermType = "email"   // name@host
	TermList    TermType = "list"    // one item a line
)

// TermTypes lists them.
func TermTypes() []TermType {
	return []TermType{TermText, TermParty, TermDate, TermDays, TermCountry, TermEmail, TermList}
}

// Term is a blank that people filled in for the clauses. No node acts on it.
type Term struct {
	Name  string   `json:"name" yaml:"name"` // [a-z][A-Za-z0-9]*, as in {{terms.legalBasis}}
	Type  TermType `json:"type" yaml:"type"`
	Value string   `json:"value" yaml:"value"`
}

var (
	termPattern    = regexp.MustCompile(`^[a-z][A-Za-z0-9]{0,62}$`)
	countryPattern = regexp.MustCompile(`^\p{Lu}[\p{L}\p{M}]*([ '’-][\p{L}\p{M}]+)*$`)
	emailPattern   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9][A-Za-z0-9-]*(\.[A-Za-z0-9][A-Za-z0-9-]*)+$`)
)

// ValidTermName reports whether a term may have the name.
func ValidTermName(name string) bool { return termPattern.MatchString(name) }

// terms reports whether they are right by themselves.
func (p *problems) terms(a *Agreement) bool {
	before := len(*p)
	if len(a.Terms) > maxTerms {
		p.add("terms", "there may be %d at most", maxTerms)
		return false
	}
	seen := taken{}
	for i := range a.Terms {
		t, path := &a.Terms[i], fmt.Sprintf("terms[%d]", i)
		if !ValidTermName(t.Name) {
			p.add(path+".name", "must begin with a small letter and hold letters and digits only, such as legalBasis")
		}
		seen.add(p, path+".name", "", strings.ToLower(t.Name))
		p.text(path+".value", t.Value, 0, maxTermValue)
		if err := t.Check(a.Member); err != nil {
			p.add(path+".value", "%v", err)
		}
	}
	return len(*p) == before
}

// Check validates the value by its type. member finds a member by name.
func (t *Term) Check(member func(string) *Member) error {
	v := t.Value
	if strings.TrimSpace(v) != v || v == "" {
		if strings.TrimSpace(v) == "" {
			return fmt.Errorf("the term %s is not filled in", quoted(t.Name))
		}
		return fmt.Errorf("begins or ends with a space")
	}
	items := strings.Split(v, "\n")
	ok, want := true, ""
	switch t.Type {
	case TermText:
		ok, want = len(items) == 1 && !strings.Contains(v, "\t"), "one paragraph without line ends"
	case TermParty:
		ok, want = member(v) != nil, "a member's name"
	case TermDate:
		_, err := time.Parse(time.DateOnly, v)
		ok, want = err == nil && ValidValue(Date, v), "a date YYYY-MM-DD"
	case TermDays:
		n, err := strconv.Atoi(v)
		ok, want = err == nil && strconv.Itoa(n) == v && n >= 0 && n <= 36_500, "a number of days from 0 to 36500"
	case TermCountry:
		ok, want = len(v) <= 100 && countryPattern.MatchString(v), "a country or its law in letters, such as Germany"
	case TermEmail:
		ok, want = len(v) <= 254 && emailPattern.MatchString(v), "an e-mail address"
	case TermList:
		ok, want = len(items) <= maxTermItems, "at most 100 lines, one item on each"
		for _, s := range items {
			if strings.TrimSpace(s) != s || s == "" || strings.Contains(s, "\t") {
				ok, want = false, "one item on each line, without spaces around it"
			}
		}
	default:
		return fmt.Errorf("the type %s is not known; use text, party, date, days, country, email or list", quoted(t.Type))
	}
	if !ok {
		return fmt.Errorf("must be %s", want)
	}
	return nil
}

// Term returns the term called name, or nil.
func (a *Agreement) Term(name string) *Term {
	for i := range a.Terms {
		if a.Terms[i].Name == name {
			return &a.Terms[i]
		}
	}
	return nil
}
