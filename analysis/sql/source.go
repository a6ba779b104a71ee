package sql

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Source is the submitted text; it turns byte offsets into lines and columns.
type Source struct{ Text string }

// LineColumn returns the 1-based line and column (in characters) of a byte
// offset, or zeros when the offset is unknown or outside the text.
func (s Source) LineColumn(pos int) (line, column int) {
	if pos < 0 || pos > len(s.Text) {
		return 0, 0
	}
	before := s.Text[:pos]
	start := strings.LastIndexByte(before, '\n') + 1
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[start:]) + 1
}

// Refuse makes a refusal at a byte offset.
func (s Source) Refuse(pos int, code, clause, hint, format string, args ...any) *Refusal {
	line, column := s.LineColumn(pos)
	return &Refusal{
		Code: code, What: fmt.Sprintf(format, args...),
		Line: line, Column: column, Clause: clause, Hint: hint,
	}
}

// Name quotes a word of the analyst for a refusal's text: printable, short,
// and in backquotes.
func Name(s string) string {
	const longest = 64
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '`' || r == utf8.RuneError || (r >= 0x80 && r < 0xa0) || bidi(r) {
			return '?'
		}
		return r
	}, s)
	if utf8.RuneCountInString(clean) > longest {
		clean = string([]rune(clean)[:longest]) + "…"
	}
	return "`" + clean + "`"
}

// bidi reports characters that reorder or hide their neighbours on a screen.
func bidi(r rune) bool {
	return (r >= 0x200b && r <= 0x200f) || (r >= 0x2028 && r <= 0x202e) || (r >= 0x2060 && r <= 0x206f) || r == 0xfeff
}
