package clause

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// unused are characters that other kinds of Markdown and HTML give a meaning.
// Here they have none, and a reader elsewhere could see something else.
const unused = "`<>\\|#_~^"

var pathPattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]*(\[[^\[\]{}]*\][A-Za-z0-9_.-]*)?$`)

// scanner walks the lines of one item. Between lines it gives one space.
type scanner struct {
	*parser
	lines            []line
	spans            []Span
	words            strings.Builder
	wordsAt          [2]int
	emphasis, strong *[2]int // where an open mark stands
}

func (p *parser) inline(lines []line) []Span {
	s := &scanner{parser: p, lines: lines}
	for i, l := range lines {
		if i > 0 {
			s.flush() // a span's place is that of its line
			s.write(" ", l.line, l.column-1)
		}
		s.line(l)
	}
	s.flush()
	for _, open := range []*[2]int{s.emphasis, s.strong} {
		if open != nil {
			p.add(open[0], open[1], "this * has no second one in its paragraph or item")
		}
	}
	if len(s.spans) == 0 {
		p.add(lines[0].line, lines[0].column, "the item is empty")
	}
	return s.spans
}

func (s *scanner) line(l line) {
	rest, column := l.text, l.column
	step := func(n int) {
		column += utf8.RuneCountInString(rest[:n])
		rest = rest[n:]
	}
	for rest != "" {
		switch r, size := utf8.DecodeRuneInString(rest); {
		case strings.HasPrefix(rest, "{{"):
			step(s.enclosed(Placeholder, rest, "}}", l.line, column))
		case strings.HasPrefix(rest, "[["):
			step(s.enclosed(Citation, rest, "]]", l.line, column))
		case r == '*':
			n := 1
			if strings.HasPrefix(rest, "**") {
				n = 2
			}
			s.mark(n, l.line, column)
			step(n)
		case strings.ContainsRune("{}[]", r):
			s.add(l.line, column, "%q stands alone: a placeholder is {{path}}, a citation [[Article …]]", r)
			step(size)
		case strings.ContainsRune(unused, r):
			s.add(l.line, column, "%q is not used in clauses", r)
			step(size)
		case unicode.IsControl(r) || r == utf8.RuneError:
			s.add(l.line, column, "a character that cannot be shown")
			step(size)
		default:
			s.write(rest[:size], l.line, column)
			step(size)
		}
	}
}

func (s *scanner) write(text string, line, column int) {
	if s.words.Len() == 0 {
		s.wordsAt = [2]int{line, column}
	}
	s.words.WriteString(text)
}

func (s *scanner) flush() {
	if s.words.Len() > 0 {
		s.span(Words, s.words.String(), s.wordsAt[0], s.wordsAt[1])
		s.words.Reset()
	}
}

func (s *scanner) span(k Kind, text string, line, column int) {
	s.spans = append(s.spans, Span{Kind: k, Text: text, Emphasis: s.emphasis != nil, Strong: s.strong != nil, Line: line, Column: column})
}

// mark turns emphasis (n is 1) or strong emphasis (2) on or off.
func (s *scanner) mark(n, line, column int) {
	s.flush()
	open := &s.emphasis
	if n == 2 {
		open = &s.strong
	}
	if *open != nil {
		*open = nil
	} else {
		*open = &[2]int{line, column}
	}
}

// enclosed reads a placeholder or citation and returns its length.
func (s *scanner) enclosed(k Kind, rest, end string, line, column int) int {
	s.flush()
	n := strings.Index(rest, end)
	if n < 0 {
		s.add(line, column, "%s has no %s on its line", rest[:2], end)
		return len(rest)
	}
	text := rest[2:n]
	switch {
	case k == Placeholder && (len(text) > MaxPath || !pathPattern.MatchString(text)):
		s.add(line, column, "between {{ and }} stands one path, such as minGroupSize or terms.retention, without spaces around it")
		return n + 2
	case k == Citation:
		if why := citation(text); why != "" {
			s.add(line, column, "%s", why)
		}
	}
	s.span(k, text, line, column)
	return n + 2
}
