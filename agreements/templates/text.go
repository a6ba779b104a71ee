package templates

import (
	"fmt"
	"slices"
	"strings"

	"parley/agreements"
	"parley/agreements/clause"
)

// Note is a comment on a clause, for Text.
type Note struct {
	Clause string // id; "" for the template as a whole
	Line   string
}

// Text is the template for people who decide about it: clauses with their
// numbers, blanks in brackets, and under each clause which rule stands behind
// which words and what it does. It must have passed Check.
func (t *Template) Text(notes []Note) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s\n%s\n", t.Title, strings.Repeat("=", len([]rune(t.Title))))
	line("%s\n", wrap(t.About, "", ""))
	for _, p := range t.Parties {
		line("  The %s: %s", lowerFirst(p.Title), p.About)
	}
	if t.From != nil {
		line("\nMade from %s, version %d.", t.From.Name, t.From.Version)
	}
	b.WriteString(notesOf(notes, ""))
	line("\nWhat the nodes would enforce")
	t.rulesText(line)
	line("\nThe text")
	line("  [Words in brackets] are filled in for each agreement; ‹words like these› come from its rules.")
	a := t.shown()
	for i := range t.Clauses {
		line("")
		b.WriteString(t.clauseText(a, i))
		b.WriteString(notesOf(notes, t.Clauses[i].ID))
	}
	line("\nTo be filled in")
	for i := range t.Blanks {
		t.Blanks[i].text(line)
	}
	line("\nData (roles; the real tables and columns are named when an agreement is drawn up)")
	for i := range t.Datasets {
		t.Datasets[i].text(t, line)
	}
	for i := range t.Analyses {
		a := &t.Analyses[i]
		line("\nAnalysis %s\n  %s\n  | %s", a.Name, a.Description, strings.ReplaceAll(strings.TrimSpace(a.SQL), "\n", "\n  | "))
		for j := range a.Parameters {
			line("  to fill in when asking: %s", parameterText(&a.Parameters[j]))
		}
	}
	return b.String()
}

// ClauseText is one clause as Text shows it; false if there is none.
func (t *Template) ClauseText(id string, notes []Note) (string, bool) {
	c, n := t.Clause(id)
	if c == nil {
		return "", false
	}
	return t.clauseText(t.shown(), n-1) + notesOf(notes, id), true
}

func notesOf(notes []Note, id string) string {
	var b strings.Builder
	for _, n := range notes {
		if n.Clause == id {
			b.WriteString(wrap(n.Line, "   # ", "     ") + "\n")
		}
	}
	return b.String()
}

// shown is what the placeholders of a text are filled in with; nil if the
// template makes no agreement.
func (t *Template) shown() *agreements.Agreement {
	a, err := t.Sample(func(p *Party) string { return p.Title })
	if err != nil {
		return nil
	}
	return a
}

func (t *Template) clauseText(a *agreements.Agreement, i int) string {
	c := &t.Clauses[i]
	var b strings.Builder
	head := fmt.Sprintf("%d. %s", i+1, c.Title)
	fmt.Fprintf(&b, "%s%s(%s)\n", head, strings.Repeat(" ", max(2, 60-len([]rune(head)))), c.ID)
	blocks, _ := clause.Parse(c.Text)
	var behind []string
	for _, block := range blocks {
		b.WriteString("\n")
		for n, item := range block.Items {
			first, rest := "   ", "   "
			switch block.Form {
			case clause.Bullets:
				first, rest = "   - ", "     "
			case clause.Numbers:
				first, rest = fmt.Sprintf("   %d. ", n+1), "      "
			}
			var text strings.Builder
			for _, s := range item {
				switch s.Kind {
				case clause.Placeholder:
					text.WriteString(t.stand(a, s.Text))
					if m := meaning(s.Text); m != "" && !slices.Contains(behind, m) {
						behind = append(behind, m)
					}
				default:
					text.WriteString(s.Text)
				}
			}
			b.WriteString(wrap(text.String(), first, rest) + "\n")
		}
	}
	if len(behind) > 0 {
		b.WriteString("\n")
	}
	for _, m := range behind {
		b.WriteString(wrap(m, "   = ", "     ") + "\n")
	}
	return b.String()
}

// later are placeholders whose value no template knows.
var later = map[string]string{
	"title": "title", "members": "the members", "datasets": "the datasets and their owners",
	"validity.notBefore": "first day", "validity.notAfter": "last day",
}

// stand is what is shown for a placeholder: [Legal basis], ‹50 people›.
func (t *Template) stand(a *agreements.Agreement, path string) string {
	if name, ok := strings.CutPrefix(path, "terms."); ok {
		if p := t.party(name); p != nil {
			return "[" + p.Title + "]"
		}
		if b := t.blank(name); b != nil {
			return "[" + b.Ask + "]"
		}
	}
	if path == purposeBlank {
		return "[" + t.blank(purposeBlank).Ask + "]"
	}
	if words := later[path]; words != "" {
		return "[" + words + "]"
	}
	if a != nil {
		if pieces, err := a.Phrase(path); err == nil {
			var b strings.Builder
			for _, q := range pieces {
				b.WriteString(q.Text)
			}
			return "‹" + b.String() + "›"
		}
	}
	return "‹" + path + "›"
}

// wrap breaks a text at 90 characters. Line ends in it are those of paragraphs.
func wrap(s, first, rest string) string {
	const width = 90
	var lines []string
	line := first
	empty := true
	for _, w := range strings.Fields(s) {
		if !empty && len([]rune(line))+1+len([]rune(w)) > width {
			lines = append(lines, line)
			line, empty = rest, true
		}
		if !empty {
			line += " "
		}
		line += w
		empty = false
	}
	return strings.Join(append(lines, line), "\n")
}
