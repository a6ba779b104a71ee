package sql

import (
	"fmt"
	"strings"
	"unicode"
)

// Text prints the refusal for a person: what was refused, where, by which rule
// of which agreement, and what would be allowed. question is the SQL that was
// sent, of which the line is shown; it may be empty.
func (r *Refusal) Text(question string) string {
	var b strings.Builder
	b.WriteString(r.What + "\n")
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-10s %s\n", name, fmt.Sprintf(format, args...))
	}
	if r.Line > 0 {
		line("where", "line %d, column %d", r.Line, r.Column)
		r.excerpt(&b, question)
	}
	switch {
	case r.Clause != "" && r.Agreement != "":
		line("rule", "%s", r.Clause)
		line("agreement", "%s (%s)", Name(r.Title), ShortID(r.Agreement))
	case r.Clause != "":
		line("rule", "%s", r.Clause)
	default:
		line("rule", "the language, whatever the agreement")
	}
	if r.Hint != "" {
		line("hint", "%s", r.Hint)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// excerpt shows what stands around the place, with a mark below it.
func (r *Refusal) excerpt(b *strings.Builder, question string) {
	lines := strings.Split(question, "\n")
	if question == "" || r.Line > len(lines) {
		return
	}
	const before, after = 40, 30
	text := []rune(strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) || bidi(c) || c == '\u00a0' {
			return ' '
		}
		return c
	}, lines[r.Line-1]))
	at := min(r.Column-1, len(text))
	from, to := max(0, at-before), min(len(text), at+after)
	fmt.Fprintf(b, "    %s\n    %s^\n", string(text[from:to]), strings.Repeat(" ", at-from))
}

// ShortID abbreviates a "sha256:…" id.
func ShortID(id string) string {
	id = strings.TrimPrefix(id, "sha256:")
	return id[:min(12, len(id))]
}
