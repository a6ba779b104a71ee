package templates

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"parley/agreements"
)

// Difference is one place in which a text or rule is not as the other says.
type Difference struct {
	// Place is what differs, in words: "clause 7 (Retention)", "minimum group size".
	Place string `json:"place"`
	// What is changed, added or removed.
	What     string `json:"what"`
	Old, New string `json:"-"`
	Words    []Run  `json:"words,omitempty"`
}

func (d Difference) String() string {
	switch {
	case len(d.Words) > 0:
		return fmt.Sprintf("%s %s: %s", d.Place, d.What, around(d.Words))
	case d.Old != "" && d.New != "":
		return fmt.Sprintf("%s %s: %s → %s", d.Place, d.What, d.Old, d.New)
	case d.New != "":
		return fmt.Sprintf("%s %s: %s", d.Place, d.What, d.New)
	case d.Old != "":
		return fmt.Sprintf("%s %s: %s", d.Place, d.What, d.Old)
	}
	return d.Place + " " + d.What
}

type differences []Difference

func (d *differences) changed(place, old, new string) {
	if old != new {
		*d = append(*d, Difference{Place: place, What: "changed", Old: old, New: new})
	}
}

func (d *differences) text(place, old, new string) {
	if old != new {
		*d = append(*d, Difference{Place: place, What: "changed", Words: Words(old, new)})
	}
}

func (d *differences) added(place string) { *d = append(*d, Difference{Place: place, What: "added"}) }
func (d *differences) removed(place string) {
	*d = append(*d, Difference{Place: place, What: "removed"})
}

func clauseAt(i int, c *agreements.Clause) string { return fmt.Sprintf("clause %d (%s)", i+1, c.Title) }

// clauseTexts compares clauses by their ids. A number is that of the new text,
// or of the old one for a clause that is gone.
func (d *differences) clauseTexts(old, new []agreements.Clause) {
	byID := func(all []agreements.Clause, id string) int {
		return slices.IndexFunc(all, func(c agreements.Clause) bool { return c.ID == id })
	}
	var orderOld, orderNew []string
	for i := range new {
		c := &new[i]
		j := byID(old, c.ID)
		if j < 0 {
			d.added(clauseAt(i, c))
			continue
		}
		orderNew = append(orderNew, c.ID)
		d.changed("title of "+clauseAt(i, c), old[j].Title, c.Title)
		d.text(clauseAt(i, c), old[j].Text, c.Text)
	}
	for i := range old {
		if byID(new, old[i].ID) < 0 {
			d.removed(clauseAt(i, &old[i]))
		} else {
			orderOld = append(orderOld, old[i].ID)
		}
	}
	if !slices.Equal(orderOld, orderNew) {
		*d = append(*d, Difference{Place: "order of the clauses", What: "changed"})
	}
}

// Diff compares two versions of a template: clauses by words, everything else
// field by field.
func Diff(old, new *Template) []Difference {
	var d differences
	d.changed("title", old.Title, new.Title)
	d.text("what it is for", old.About, new.About)
	d.skeleton(&old.Policy, &new.Policy)
	lists(&d, old.Parties, new.Parties, "party", func(p Party) string { return p.Name }, func(p Party) string { return p.Title + ": " + p.About })
	lists(&d, old.Blanks, new.Blanks, "blank", func(b Blank) string { return b.Name }, blankLine)
	lists(&d, old.Datasets, new.Datasets, "dataset", func(s Dataset) string { return s.Name }, datasetLine)
	lists(&d, old.Analyses, new.Analyses, "analysis", func(a agreements.Analysis) string { return a.Name }, analysisLine)
	d.clauseTexts(old.Clauses, new.Clauses)
	return d
}

func lists[T any](d *differences, old, new []T, what string, name, line func(T) string) {
	at := func(all []T, n string) int { return slices.IndexFunc(all, func(v T) bool { return name(v) == n }) }
	for _, v := range new {
		if j := at(old, name(v)); j < 0 {
			d.added(what + " " + name(v))
		} else {
			d.text(what+" "+name(v), line(old[j]), line(v))
		}
	}
	for _, v := range old {
		if at(new, name(v)) < 0 {
			d.removed(what + " " + name(v))
		}
	}
}

func blankLine(b Blank) string {
	return strings.Join([]string{string(b.Type), b.Ask, b.Help, "example: " + b.Example, "default: " + b.Default}, "; ")
}

func datasetLine(s Dataset) string {
	out := []string{s.About, "owner " + s.Owner, "unit " + s.Unit}
	for _, c := range s.Columns {
		out = append(out, fmt.Sprintf("%s (%s, %s) %s", c.Name, c.Type, uses(c.Uses), c.About))
	}
	return strings.Join(out, "; ")
}

func analysisLine(a agreements.Analysis) string {
	out := []string{a.Description, a.SQL}
	for _, q := range a.Parameters {
		out = append(out, fmt.Sprintf("parameter %s (%s%s) from %q to %q, values %v, default %q", q.Name, q.Type, q.Of, q.Min, q.Max, q.Values, q.Default))
	}
	return strings.Join(out, "\n")
}

func uses(all []agreements.Use) string {
	out := make([]string, len(all))
	for i, u := range all {
		out[i] = string(u)
	}
	return strings.Join(out, ", ")
}

func (d *differences) skeleton(old, new *Policy) {
	d.changed("minimum group size", strconv.Itoa(old.MinGroupSize), strconv.Itoa(new.MinGroupSize))
	d.changed("noise (dp)", old.DP.String(), new.DP.String())
	d.changed("free SQL", yes(old.AdHoc), yes(new.AdHoc))
	d.changed("days in force", strconv.Itoa(old.Days), strconv.Itoa(new.Days))
	d.changed("receivers", strings.Join(old.Receivers, ", "), strings.Join(new.Receivers, ", "))
	d.changed("runs a day", bound0(old.RunsPerDay), bound0(new.RunsPerDay))
	d.changed("approval of every run", yes(old.ApproveRuns), yes(new.ApproveRuns))
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func bound0(n int) string {
	if n == 0 {
		return "no bound"
	}
	return strconv.Itoa(n)
}

// Differences says where an agreement departs from the template it names:
// clauses, terms that the template has no blank for, analyses, and rules. That
// an owner's contract is stricter than the template is not listed.
func (t *Template) Differences(a *agreements.Agreement) []Difference {
	var d differences
	d.clauseTexts(t.Clauses, a.Clauses)
	for _, m := range a.Terms {
		if b, p := t.blank(m.Name), t.party(m.Name); b == nil && p == nil {
			d.added("term " + m.Name)
		} else if p != nil && m.Type != agreements.TermParty || b != nil && m.Type != b.Type {
			d.changed("type of the term "+m.Name, "", string(m.Type))
		}
	}
	t.rules(&d, a)
	for _, n := range a.Analyses {
		switch have := t.analysis(n.Name); {
		case have == nil:
			d.added("analysis " + n.Name)
		case !isBinding(have.SQL, n.SQL):
			d = append(d, Difference{Place: "analysis " + n.Name, What: "changed"})
		case analysisLine(agreements.Analysis{Description: have.Description, Parameters: have.Parameters}) !=
			analysisLine(agreements.Analysis{Description: n.Description, Parameters: n.Parameters}):
			d = append(d, Difference{Place: "description or parameters of analysis " + n.Name, What: "changed"})
		}
	}
	return d
}

// rules compares the rules with the template's policy.
func (t *Template) rules(d *differences, a *agreements.Agreement) {
	p := &t.Policy
	d.changed("minimum group size", strconv.Itoa(p.MinGroupSize), strconv.Itoa(a.MinGroupSize))
	d.changed("noise (dp)", p.DP.String(), a.DP.String())
	d.changed("free SQL", yes(p.AdHoc), yes(a.AdHoc))
	if !a.Validity.NotAfter.Equal(a.Validity.NotBefore.AddDate(0, 0, p.Days)) {
		d.changed("days in force", strconv.Itoa(p.Days), strconv.FormatFloat(a.Validity.NotAfter.Sub(a.Validity.NotBefore).Hours()/24, 'f', -1, 64))
	}
	parties := map[string]string{}
	for _, m := range a.Terms {
		parties[m.Name] = m.Value
	}
	want, have := t.receiving(parties), slices.Clone(a.Receivers)
	slices.Sort(want)
	slices.Sort(have)
	d.changed("receivers", strings.Join(want, ", "), strings.Join(have, ", "))
	for i := range a.Datasets {
		s := &a.Datasets[i]
		if p.RunsPerDay > 0 && (s.Rules.RunsPerDay == 0 || s.Rules.RunsPerDay > p.RunsPerDay) {
			d.changed("runs a day on "+s.Name, bound0(p.RunsPerDay), bound0(s.Rules.RunsPerDay))
		}
		if p.ApproveRuns && !s.Rules.ApproveRuns {
			d.changed("approval of every run on "+s.Name, "yes", "no")
		}
	}
}
