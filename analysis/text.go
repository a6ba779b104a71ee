package analysis

import (
	"fmt"
	"strings"
	"unicode"

	"parley/analysis/sql"
)

// width is where prose is wrapped.
const width = 92

// Text prints the explanation in plain words, in short sections.
func (e *Explanation) Text() string {
	var b strings.Builder
	section(&b, "Question")
	fmt.Fprintf(&b, "  %s asks", e.Asker)
	if e.Analysis != "" {
		fmt.Fprintf(&b, " the approved analysis %s", e.Analysis)
	}
	fmt.Fprintf(&b, " under the agreement %s:\n", sql.Name(e.Title))
	wrap(&b, "    ", e.Question)
	if len(e.Warnings) > 0 {
		section(&b, "Warning")
	}
	for _, w := range e.Warnings {
		wrap(&b, "  - ", w)
	}
	section(&b, "What each owner runs on its own rows")
	for _, r := range e.Runs {
		e.run(&b, r)
	}
	section(&b, "What leaves a node")
	if len(e.Leaves) == 0 {
		b.WriteString("  Nothing: the asker owns the data.\n")
	}
	for _, m := range e.Leaves {
		wrap(&b, "  - ", fmt.Sprintf("%s to %s: %s.", m.From, m.To, m.What))
		wrap(&b, "    ", "Form: "+m.Form+".")
	}
	section(&b, "Who learns what")
	for _, l := range e.Learns {
		fmt.Fprintf(&b, "  %s:\n", l.Member)
		for _, what := range l.Learns {
			wrap(&b, "  - ", what)
		}
	}
	section(&b, "Rules of release")
	for _, r := range e.Release {
		wrap(&b, "  - ", r)
	}
	section(&b, "What is not promised")
	for _, l := range e.Limits {
		wrap(&b, "  - ", l)
	}
	e.noise(&b)
	e.cost(&b)
	section(&b, "Which rule allows each column")
	for _, u := range e.Uses {
		fmt.Fprintf(&b, "  - %s.%s as %s: %s\n", u.Dataset, u.Column, u.Use, u.Clause)
	}
	section(&b, "Fingerprints")
	fmt.Fprintf(&b, "  agreement %s\n  plan      %s\n", e.Agreement, e.PlanHash)
	return b.String()
}

func (e *Explanation) run(b *strings.Builder, r OwnerRun) {
	fmt.Fprintf(b, "  %s, on %s:\n", r.Owner, r.Dataset)
	wrap(b, "    ", r.SQL)
	for i, v := range r.Values {
		fmt.Fprintf(b, "    with $%d = %s\n", i+1, sql.Name(v))
	}
	wrap(b, "    ", r.Summary)
}

func section(b *strings.Builder, title string) {
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
	b.WriteString(title + "\n")
}

// wrap prints text in lines of at most width characters. The first line
// begins with lead, the others are indented as far.
func wrap(b *strings.Builder, lead, text string) {
	indent := strings.Repeat(" ", len(lead))
	line := lead
	empty := true
	for _, word := range strings.Split(printable(text), " ") {
		if !empty && len([]rune(line))+1+len([]rune(word)) > width {
			b.WriteString(line + "\n")
			line, empty = indent, true
		}
		if !empty {
			line += " "
		}
		line += word
		empty = false
	}
	b.WriteString(line + "\n")
}

// printable replaces characters that could move a terminal's cursor: the
// question holds the analyst's literals.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}
