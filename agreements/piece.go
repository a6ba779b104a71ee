package agreements

import (
	"strings"
	"time"
)

// Piece is a run of rendered text, and where it comes from. Wording of the
// program's own comes from nowhere, and holds no digit and no name. So whoever
// reads a number in a rendered agreement reads a field of it.
type Piece struct {
	Text string
	// From is the JSON path of the field, such as datasets[1].rules.minGroupSize,
	// or of the object or list that the text was made from.
	From string
	// Code marks names of tables, columns and the like, keys and hashes. They are
	// shown unlike wording.
	Code bool
}

// phrase collects pieces.
type phrase []Piece

func (f *phrase) say(fixed string)        { *f = append(*f, Piece{Text: fixed}) }
func (f *phrase) value(text, from string) { *f = append(*f, Piece{Text: oneLine(text), From: from}) }
func (f *phrase) code(text, from string) {
	*f = append(*f, Piece{Text: oneLine(text), From: from, Code: true})
}

// quote sets free text apart from wording.
func (f *phrase) quote(text, from string) {
	f.say("“")
	f.value(text, from)
	f.say("”")
}

// join words a list: "a", "a and b", "a, b and c".
func (f *phrase) join(n int, item func(i int)) {
	for i := range n {
		switch {
		case i == 0:
		case i == n-1:
			f.say(" and ")
		default:
			f.say(", ")
		}
		item(i)
	}
}

// oneLine joins the lines of a value and takes runs of spaces for one, so that
// a value cannot lay itself out like a clause of its own.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// day words a moment to the minute.
func day(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 MST") }
