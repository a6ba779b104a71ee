package render

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const width = 88 // characters of a line of plain text

// Text is the document for a terminal. Free text is drawn behind a bar and
// everything but headings is set in, so that no value can pass for a heading.
func Text(d *Document) string {
	var b strings.Builder
	title := shown(d.Title)
	b.WriteString(title + "\n" + strings.Repeat("=", utf8.RuneCountInString(title)) + "\n\n")
	for i, block := range d.Blocks {
		if i > 0 && apart(&d.Blocks[i-1], &block) {
			b.WriteByte('\n')
		}
		block.text(&b)
	}
	return b.String()
}

// apart reports whether an empty line stands between two blocks.
func apart(before, after *Block) bool {
	switch {
	case before.Kind == Heading && before.Level > 2:
		return false
	case before.Kind == Entry && after.Kind == Entry:
		return false
	case before.Kind == Item && after.Kind == Item && !after.First:
		return false
	}
	return true
}

func (k *Block) text(b *strings.Builder) {
	switch k.Kind {
	case Heading:
		indent := map[int]string{2: "", 3: "", 4: "  "}[k.Level]
		words := wordsOf(append(append([]Span{}, k.Label...), append([]Span{say(" ")}, k.Spans...)...))
		line := indent + strings.Join(words, " ")
		b.WriteString(strings.TrimRight(line, " ") + "\n")
		if k.Level == 2 {
			b.WriteString(strings.Repeat("-", utf8.RuneCountInString(line)) + "\n")
		}
	case Verbatim:
		for _, l := range k.Lines {
			b.WriteString(strings.TrimRight("  | "+shown(l), " ") + "\n")
		}
	case Entry:
		label := strings.Join(wordsOf(k.Label), " ") + ": "
		wrap(b, "    "+label, "      ", wordsOf(k.Spans))
	case Item:
		marker := strings.Join(wordsOf(k.Label), "")
		indent := strings.Repeat("  ", k.Level) + "  "
		wrap(b, indent+marker+" ", indent+strings.Repeat(" ", utf8.RuneCountInString(marker)+1), wordsOf(k.Spans))
	default:
		wrap(b, strings.Repeat("  ", k.Level)+"  ", strings.Repeat("  ", k.Level)+"  ", wordsOf(k.Spans))
	}
}

// wordsOf splits spans into words. In clauses what comes from a field that
// nodes enforce is _underlined_; wording cannot hold the mark.
func wordsOf(spans []Span) []string {
	var b strings.Builder
	marked := false
	for _, s := range spans {
		if s.Enforced != marked {
			b.WriteByte('_')
			marked = !marked
		}
		b.WriteString(shown(s))
	}
	if marked {
		b.WriteByte('_')
	}
	return strings.FieldsFunc(b.String(), func(r rune) bool { return r == ' ' })
}

// shown isolates text that runs from right to left, so that it cannot move
// what stands beside it.
func shown(s Span) string {
	if strings.ContainsFunc(s.Text, fromRight) {
		return "\u2068" + s.Text + "\u2069"
	}
	return s.Text
}

// fromRight reports a letter of a script that is written from right to left.
func fromRight(r rune) bool {
	return unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Samaritan, unicode.Mandaic, unicode.Adlam) ||
		r >= 0x0800 && r <= 0x08FF || r >= 0x10800 && r <= 0x10FFF || r >= 0x1E800 && r <= 0x1EFFF
}

// wrap writes words in lines of at most width characters; a longer word has a
// line of its own.
func wrap(b *strings.Builder, first, rest string, words []string) {
	line, n, empty := first, utf8.RuneCountInString(first), true
	for _, w := range words {
		size := utf8.RuneCountInString(w)
		if !empty && n+1+size > width {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line, n, empty = rest, utf8.RuneCountInString(rest), true
		}
		if !empty {
			line += " "
			n++
		}
		line += w
		n += size
		empty = false
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}
