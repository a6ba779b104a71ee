package templates

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"parley/agreements"
)

// Limits of the form. Templates come from other organisations too, so every
// list is bounded before it is walked.
const (
	maxParties  = 64
	maxBlanks   = 100
	maxTables   = 64
	maxColumns  = 200
	maxAnalyses = 100
	maxClauses  = 200
	maxProblems = 50
	maxVersion  = 1_000_000
)

var (
	namePattern  = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	rolePattern  = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)
	titlePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z -]{0,62}$`)
)

type problems []error

func (p *problems) add(path, format string, args ...any) {
	if len(*p) < maxProblems {
		*p = append(*p, fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...)))
	}
}

// line bounds a text of one line and keeps out what a terminal acts on.
func (p *problems) line(path, s string, least, most int) {
	if len(s) < least || len(s) > most {
		p.add(path, "must have %d to %d bytes", least, most)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		p.add(path, "must be one line of characters that can be shown")
	}
}

// ValidName reports whether a template may have the name.
func ValidName(name string) bool { return len(name) <= 63 && namePattern.MatchString(name) }

// Check validates the template: its own form, and, filled in with stand-ins,
// that it makes an agreement. So every placeholder exists, every blank is used,
// and the wording keeps the rules of clauses. The error joins the problems, one
// a line, each with its place.
func (t *Template) Check() error {
	var p problems
	if t.Format != Format {
		p.add("format", "this version reads %q", Format)
	}
	if !ValidName(t.Name) {
		p.add("name", "must be of small letters and digits, joined by -, at most 63")
	}
	if t.Version < 1 || t.Version > maxVersion {
		p.add("version", "must be 1 to 1,000,000")
	}
	p.line("title", t.Title, 1, 200)
	p.line("about", strings.ReplaceAll(t.About, "\n", " "), 1, 2000)
	if p.sizes(t) {
		p.parties(t)
		p.policy(t)
		p.blanks(t)
		p.datasets(t)
		p.analyses(t)
	}
	if len(p) > 0 {
		return errors.Join(p...)
	}
	_, err := t.Sample(nil)
	return err
}

// named puts the ids of clauses and the names of blanks for their places in
// lists: a number changes whenever another is put before it.
func named(err error, a *agreements.Agreement) error {
	if err == nil {
		return nil
	}
	return errors.New(listPlace.ReplaceAllStringFunc(err.Error(), func(m string) string {
		sub := listPlace.FindStringSubmatch(m)
		i, _ := strconv.Atoi(sub[2])
		switch {
		case sub[1] == "clauses" && i < len(a.Clauses):
			return fmt.Sprintf("clause %d (%s), ", i+1, a.Clauses[i].ID)
		case sub[1] == "terms" && i < len(a.Terms):
			return a.Terms[i].Name + ": "
		}
		return m
	}))
}

// listPlace is what stands before a problem of a clause or term; of a clause
// its id follows.
var listPlace = regexp.MustCompile(`(?m)^(clauses|terms)\[([0-9]{1,4})\](?:\.(?:text|title|value))?: (?:clause "[a-z0-9-]*", )?`)

func (p *problems) sizes(t *Template) bool {
	before := len(*p)
	for _, l := range []struct {
		path           string
		n, least, most int
	}{{"parties", len(t.Parties), 1, maxParties}, {"blanks", len(t.Blanks), 1, maxBlanks}, {"datasets", len(t.Datasets), 1, maxTables},
		{"analyses", len(t.Analyses), 1, maxAnalyses}, {"clauses", len(t.Clauses), 1, maxClauses}, {"policy.receivers", len(t.Policy.Receivers), 1, maxParties}} {
		if l.n < l.least || l.n > l.most {
			p.add(l.path, "there must be %d to %d", l.least, l.most)
		}
	}
	for i := range t.Datasets {
		if len(t.Datasets[i].Columns) > maxColumns {
			p.add(fmt.Sprintf("datasets[%d].columns", i), "there may be %d at most", maxColumns)
		}
	}
	return len(*p) == before
}

func (p *problems) parties(t *Template) {
	seen := map[string]bool{}
	for i, q := range t.Parties {
		at := fmt.Sprintf("parties[%d]", i)
		if !agreements.ValidTermName(q.Name) || q.Name == purposeBlank || seen[strings.ToLower(q.Name)] {
			p.add(at+".name", "must begin with a small letter, hold letters and digits only, and be there once")
		}
		seen[strings.ToLower(q.Name)] = true
		if !titlePattern.MatchString(q.Title) {
			p.add(at+".title", "must be letters and single spaces, such as Media owner")
		}
		p.line(at+".about", q.About, 1, 500)
	}
}

func (p *problems) policy(t *Template) {
	q := &t.Policy
	if q.MinGroupSize < agreements.FloorGroupSize || q.MinGroupSize > 1_000_000 {
		p.add("policy.minGroupSize", "must be %d to 1,000,000", agreements.FloorGroupSize)
	}
	if q.DP == nil {
		p.add("policy.dp", `this field is required; "none" is the threshold alone`)
	} else if err := q.DP.Check(); err != nil {
		p.add("policy", "%v", err)
	}
	if q.Days < 1 || q.Days > 36_500 {
		p.add("policy.days", "must be 1 to 36,500")
	}
	if q.RunsPerDay < 0 || q.RunsPerDay > 1_000_000 {
		p.add("policy.runsPerDay", "must be 0 to 1,000,000; 0 sets no bound")
	}
	for i, r := range q.Receivers {
		if t.party(r) == nil || slices.Contains(q.Receivers[:i], r) {
			p.add(fmt.Sprintf("policy.receivers[%d]", i), "must be a party's name, once")
		}
	}
}

func (p *problems) blanks(t *Template) {
	seen := map[string]bool{}
	for _, q := range t.Parties {
		seen[strings.ToLower(q.Name)] = true
	}
	for i, b := range t.Blanks {
		at := fmt.Sprintf("blanks[%d]", i)
		if !agreements.ValidTermName(b.Name) {
			p.add(at+".name", "must begin with a small letter and hold letters and digits only, such as legalBasis")
		}
		if seen[strings.ToLower(b.Name)] {
			p.add(at+".name", "is the name of another blank or party")
		}
		seen[strings.ToLower(b.Name)] = true
		if !slices.Contains(agreements.TermTypes(), b.Type) || b.Name == purposeBlank && b.Type != agreements.TermText {
			p.add(at+".type", "must be one of %v, and text for the purpose", agreements.TermTypes())
		}
		p.line(at+".ask", b.Ask, 1, 200)
		p.line(at+".help", b.Help, 1, 1000)
		for _, v := range [][2]string{{"example", b.Example}, {"default", b.Default}} {
			if v[1] == "" || b.Type == agreements.TermParty {
				continue
			}
			term := agreements.Term{Name: b.Name, Type: b.Type, Value: v[1]}
			if err := term.Check(func(string) *agreements.Member { return nil }); err != nil {
				p.add(at+"."+v[0], "%v", err)
			}
		}
	}
	if t.blank(purposeBlank) == nil {
		p.add("blanks", "there must be one called purpose: it fills the agreement's purpose")
	}
}

func (p *problems) datasets(t *Template) {
	tables := map[string]bool{}
	for i := range t.Datasets {
		d, at := &t.Datasets[i], fmt.Sprintf("datasets[%d]", i)
		if !rolePattern.MatchString(d.Name) || tables[d.Name] {
			p.add(at+".name", "must be a lower-case name, once")
		}
		tables[d.Name] = true
		if t.party(d.Owner) == nil {
			p.add(at+".owner", "must be a party's name")
		}
		p.line(at+".about", d.About, 1, 500)
		seen := map[string]bool{d.Unit: true}
		if !rolePattern.MatchString(d.Unit) {
			p.add(at+".unit", "must be a lower-case name")
		}
		for j, c := range d.Columns {
			cat := fmt.Sprintf("%s.columns[%d]", at, j)
			if !rolePattern.MatchString(c.Name) || seen[c.Name] {
				p.add(cat+".name", "must be a lower-case name, once")
			}
			seen[c.Name] = true
			p.line(cat+".about", c.About, 1, 500)
			p.columnRole(cat, &c)
		}
	}
}

func (p *problems) columnRole(at string, c *Column) {
	if !slices.Contains([]ColumnType{TextColumn, NumberColumn, DateColumn, BoolColumn}, c.Type) {
		p.add(at+".type", "must be text, number, date or boolean")
	}
	if len(c.Uses) == 0 || len(c.Uses) > 3 {
		p.add(at+".uses", "must be dimension, measure or filter, each once")
		return
	}
	for k, u := range c.Uses {
		if u != agreements.Dimension && u != agreements.Measure && u != agreements.Filter || slices.Contains(c.Uses[:k], u) {
			p.add(at+".uses", "must be dimension, measure or filter, each once")
			return
		}
	}
}

// analyses checks the roles; what SQL they make is for the parser of a node.
func (p *problems) analyses(t *Template) {
	used := map[string]bool{}
	for i := range t.Analyses {
		at := fmt.Sprintf("analyses[%d].sql", i)
		roles, err := rolesIn(t.Analyses[i].SQL)
		if err != nil {
			p.add(at, "%v", err)
		}
		for _, r := range roles {
			table, column, isColumn := strings.Cut(r, ".")
			d := t.dataset(table)
			if d == nil || isColumn && column != d.Unit && d.column(column) == nil {
				p.add(at, "{%s} is not a role of the template's datasets", r)
			}
			used[table], used[r] = true, true
		}
	}
	for i := range t.Datasets {
		d := &t.Datasets[i]
		if !used[d.Name] {
			p.add(fmt.Sprintf("datasets[%d]", i), "no analysis uses {%s}", d.Name)
		}
		for j := range d.Columns {
			if !used[d.Name+"."+d.Columns[j].Name] {
				p.add(fmt.Sprintf("datasets[%d].columns[%d]", i, j), "no analysis uses {%s.%s}", d.Name, d.Columns[j].Name)
			}
		}
	}
}
