package agreements

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Blank is a placeholder that clauses may use.
type Blank struct {
	// Path as in {{path}}; [NAME] stands for a name, or for terms.X, whose value
	// is the name.
	Path string
	// Gives says in words what is put there, Absent what for a field that is not
	// in the agreement; "refused" if the clause is.
	Gives, Absent string

	fill func(a *Agreement, i int, f *phrase) error
}

// Blanks lists the placeholders of clauses but for {{terms.NAME}}, in the
// order of AGREEMENT.md.
func Blanks() []Blank {
	return append(append(append(append(headBlanks(), memberBlanks()...), ruleBlanks()...), datasetBlanks()...), lastBlanks()...)
}

// byPath is for lookups; each and all are the blanks of one thing and of a
// whole list.
var byPath = func() map[string]Blank {
	m := map[string]Blank{}
	for _, b := range Blanks() {
		m[b.Path] = b
	}
	return m
}()

var pathPattern = regexp.MustCompile(`^([A-Za-z]+)\[([^\[\]]*)\](?:\.([A-Za-z.]+))?$`)

// splitPath takes members[agency].address apart.
func splitPath(path string) (list, key, rest string, ok bool) {
	m := pathPattern.FindStringSubmatch(path)
	if m == nil {
		return "", "", "", false
	}
	return m[1], m[2], m[3], true
}

// Phrase fills in one placeholder. The error says what is wrong with the path,
// for people; the agreement must be right but for its clauses.
func (a *Agreement) Phrase(path string) ([]Piece, error) {
	var f phrase
	if name, ok := strings.CutPrefix(path, "terms."); ok {
		return f, a.termPhrase(name, &f)
	}
	unknown := fmt.Errorf("{{%s}} is not a placeholder; `parley help clauses` lists them", path)
	list, key, rest, keyed := splitPath(path)
	if !keyed {
		b, ok := byPath[path]
		if !ok || strings.Contains(path, "[") {
			return nil, unknown
		}
		err := b.fill(a, -1, &f)
		return f, err
	}
	generic := list + "[NAME]"
	if rest != "" {
		generic += "." + rest
	}
	b, ok := byPath[generic]
	if !ok {
		return nil, unknown
	}
	i, err := a.keyed(list, key)
	if err == nil {
		err = b.fill(a, i, &f)
	}
	return f, err
}

// keyed finds the place of a member, dataset, analysis or clause in its list.
func (a *Agreement) keyed(list, key string) (int, error) {
	name := key
	if term, ok := strings.CutPrefix(key, "terms."); ok {
		t := a.Term(term)
		if t == nil {
			return 0, fmt.Errorf("there is no term %s", quoted(term))
		}
		name = t.Value
	}
	is := func(s string) bool { return s == name }
	n, what := 0, ""
	at := func(i int) bool { return false }
	switch list {
	case "members":
		n, what, at = len(a.Members), "member", func(i int) bool { return is(a.Members[i].Name) }
	case "datasets":
		n, what, at = len(a.Datasets), "dataset", func(i int) bool { return is(a.Datasets[i].Name) }
	case "analyses":
		n, what, at = len(a.Analyses), "analysis", func(i int) bool { return is(a.Analyses[i].Name) }
	case "clauses":
		n, what, at = len(a.Clauses), "clause", func(i int) bool { return is(a.Clauses[i].ID) }
	}
	for i := range n {
		if at(i) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("there is no %s %s", what, quoted(name))
}

// errNoNoise refuses a number that is not there: {{dp}} words both cases.
var errNoNoise = errors.New("no noise is agreed, so there is no such number; {{dp}} words the agreement with and without noise")

func (a *Agreement) termPhrase(name string, f *phrase) error {
	for i := range a.Terms {
		t := &a.Terms[i]
		if t.Name != name {
			continue
		}
		from := fmt.Sprintf("terms[%d].value", i)
		switch t.Type {
		case TermDays:
			f.value(dayCount(t.Value), from)
		case TermDate:
			f.value(dateWords(t.Value), from)
		case TermList:
			items := strings.Split(t.Value, "\n")
			f.join(len(items), func(i int) { f.value(items[i], from) })
		default:
			f.value(t.Value, from)
		}
		return nil
	}
	return fmt.Errorf("there is no term %s", quoted(name))
}
