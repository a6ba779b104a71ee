package agreements

import (
	"fmt"
	"regexp"
	"strings"

	"parley/agreements/clause"
)

// Limits of the text.
const (
	maxClauses     = 200
	maxClauseText  = 20_000  // bytes, of one clause
	maxClauseTexts = 200_000 // bytes, of all
	maxFilled      = 1 << 20 // bytes, of all with their placeholders filled in
)

// TemplateRef names the template that clauses were drawn up from.
type TemplateRef struct {
	Name    string `json:"name" yaml:"name"`
	Version int    `json:"version" yaml:"version"`
	Hash    string `json:"hash" yaml:"hash"` // "sha256:" and hex
}

// Clause is one numbered clause of the text. Its number is its place in the list.
type Clause struct {
	// ID names the clause in diffs, comments and {{clauses[ID]}}.
	ID    string `json:"id" yaml:"id"`
	Title string `json:"title" yaml:"title"`
	// Text is in the language of package clause.
	Text string `json:"text" yaml:"text"`
}

var clausePattern = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// text checks template, clauses and terms. Everything else has been checked
// before: a clause may quote any of it.
func (p *problems) wording(a *Agreement) {
	p.template(a.Template)
	if len(a.Clauses) > maxClauses {
		p.add("clauses", "there may be %d at most", maxClauses)
		return
	}
	if !p.terms(a) {
		return
	}
	seen, sum := taken{}, 0
	for i := range a.Clauses {
		c, path := &a.Clauses[i], fmt.Sprintf("clauses[%d]", i)
		if len(c.ID) > 63 || !clausePattern.MatchString(c.ID) {
			p.add(path+".id", "must be of small letters and digits, joined by -, such as data-protection")
		}
		seen.add(p, path+".id", "", c.ID)
		p.line(path+".title", c.Title, 1, 200)
		p.text(path+".text", c.Text, 1, maxClauseText)
		sum += len(c.Text)
	}
	if sum > maxClauseTexts {
		p.add("clauses", "their texts have %d bytes; there may be %d at most", sum, maxClauseTexts)
		return
	}
	p.filled(a)
}

func (p *problems) template(t *TemplateRef) {
	if t == nil {
		return
	}
	if len(t.Name) > 63 || !clausePattern.MatchString(t.Name) {
		p.add("template.name", "must be of small letters and digits, joined by -")
	}
	if t.Version < 1 || t.Version > 1_000_000 {
		p.add("template.version", "must be 1 to 1,000,000")
	}
	if !hashPattern.MatchString(t.Hash) {
		p.add("template.hash", "must be sha256: and 64 hex digits")
	}
}

// filled parses every clause and fills in its placeholders.
func (p *problems) filled(a *Agreement) {
	names := namesOf(a)
	used := map[string]bool{}
	sizes := map[string]int{}
	total := 0
	for i := range a.Clauses {
		c := &a.Clauses[i]
		at := func(field string, f clause.Problem) {
			p.add(fmt.Sprintf("clauses[%d].%s", i, field), "clause %s, %v", quoted(c.ID), f)
		}
		if c.Title != "" {
			for _, f := range clause.Title(c.Title) {
				at("title", f)
			}
		}
		blocks, found := clause.Parse(c.Text)
		for _, f := range found {
			at("text", f)
		}
		for _, b := range blocks {
			for _, item := range b.Items {
				for _, f := range names.in(item) {
					at("text", f)
				}
				for _, s := range item {
					if s.Kind != clause.Placeholder {
						continue
					}
					size, known := sizes[s.Text]
					if !known {
						pieces, err := a.Phrase(s.Text)
						if err != nil {
							at("text", clause.Problem{Line: s.Line, Column: s.Column, What: err.Error()})
						}
						for _, q := range pieces {
							size += len(q.Text)
						}
						sizes[s.Text] = size
					}
					if total += size; total > maxFilled {
						p.add("clauses", "with their placeholders filled in they have more than %d bytes", maxFilled)
						return
					}
					markTerms(used, s.Text)
				}
			}
		}
		for _, w := range names.in(clauseTitle(c.Title)) {
			at("title", w)
		}
	}
	for i, t := range a.Terms {
		if !used[t.Name] {
			p.add(fmt.Sprintf("terms[%d]", i), "no clause says {{terms.%s}}", t.Name)
		}
	}
}

func clauseTitle(s string) []clause.Span {
	return []clause.Span{{Text: s, Line: 1, Column: 1}}
}

// markTerms notes the term that a path names, also as a key: members[terms.x].
func markTerms(used map[string]bool, path string) {
	if name, ok := strings.CutPrefix(path, "terms."); ok {
		used[name] = true
	}
	if _, key, _, ok := splitPath(path); ok {
		if name, ok := strings.CutPrefix(key, "terms."); ok {
			used[name] = true
		}
	}
}
