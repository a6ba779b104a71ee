package release

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Notes says in words what the numbers rest on; every rendering carries them.
func (t *Table) Notes() []string {
	notes := []string{t.Withheld.sentence(t.MinGroupSize)}
	if t.hasNull() {
		notes = append(notes, fmt.Sprintf("NULL: there is no value, or fewer than %d people or things are behind it.", t.MinGroupSize))
	}
	if t.PublicData {
		notes = append(notes, "All rows used are public data by their contracts; the lower limit for public data applies.")
	}
	for _, d := range t.Unchecked {
		notes = append(notes, fmt.Sprintf("Not checked against earlier questions: the owner of %q could not compare this one with all of them.", d))
	}
	if t.Noise == "" {
		return append(notes, "Threshold only, not differentially private.")
	}
	return append(notes,
		fmt.Sprintf("Differentially private: %s.", t.Noise),
		"With 95 % the number without noise is within ±.",
		"Before that, what one person or thing adds was cut to the owners' bounds, rows and sums each by their own: with several rows each, counts of rows and sums can be too low and averages wrong. ± says nothing of that.",
		"A group is withheld as well when its noisy count is small.")
}

func (t *Table) hasNull() bool {
	for _, r := range t.Rows {
		for _, v := range r {
			if v.Null {
				return true
			}
		}
	}
	return false
}

func (w Withheld) sentence(k int) string {
	many, empty := fmt.Sprintf("%d groups", w.Count), "; empty groups may be among them"
	switch w.Count {
	case 0:
		empty = ""
	case 1:
		many, empty = "1 group", "; it may be empty"
	}
	switch w.Is {
	case Exactly:
		return fmt.Sprintf("Withheld: %s (minimum group size %d)%s.", many, k, empty)
	case AtMost:
		return fmt.Sprintf("Withheld: at most %s (minimum group size %d); some of them may not exist.", many, k)
	}
	return fmt.Sprintf("Groups of fewer than %d people or things are withheld; how many there are is not stated.", k)
}

// Text writes the table in aligned columns, followed by its notes.
func (t *Table) Text(w io.Writer) error {
	cells := [][]string{{}}
	for _, c := range t.Columns {
		cells[0] = append(cells[0], printable(c.Name))
	}
	digits := t.digits()
	for _, r := range t.Rows {
		line := make([]string, 0, len(r))
		for i, v := range r {
			if v.Null {
				line = append(line, "NULL")
				continue
			}
			line = append(line, printable(v.rounded(digits[i]).shown()))
		}
		cells = append(cells, line)
	}
	var b strings.Builder
	widths := t.widths(cells)
	for i, line := range cells {
		t.line(&b, line, widths)
		if i == 0 {
			t.line(&b, rules(widths), widths)
		}
	}
	for _, note := range t.Notes() {
		b.WriteString(note + "\n")
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return nil
}

// shown is a value as text with its interval.
func (v Value) shown() string {
	if v.PlusMinus == "" {
		return v.Text
	}
	return v.Text + " ± " + v.PlusMinus
}

func (t *Table) widths(cells [][]string) []int {
	widths := make([]int, len(t.Columns))
	for _, line := range cells {
		for i, s := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(s))
		}
	}
	return widths
}

func rules(widths []int) []string {
	out := make([]string, 0, len(widths))
	for _, w := range widths {
		out = append(out, strings.Repeat("-", w))
	}
	return out
}

// line writes one row; numbers stand to the right.
func (t *Table) line(b *strings.Builder, cells []string, widths []int) {
	var row strings.Builder
	for i, s := range cells {
		if i > 0 {
			row.WriteString("  ")
		}
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(s))
		if numeric(t.Columns[i].Type) {
			s, pad = pad, s
		}
		row.WriteString(s + pad)
	}
	b.WriteString(strings.TrimRight(row.String(), " ") + "\n")
}

// printable keeps group labels from moving a terminal's cursor or reordering
// the line.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}
