package agreements

import (
	"slices"
	"strings"

	"parley/agreements/clause"
)

// names are those that wording may not hold: it would not change with the
// field. Words of a name are joined by single spaces.
type names struct {
	members map[string]bool   // as written
	columns map[string]string // in small letters; the value says what it names
	longest int               // words in the longest name
}

func nameWords(name string) string {
	var out []string
	for _, w := range clause.WordsOf([]clause.Span{{Text: name}}) {
		out = append(out, w.Text)
	}
	return strings.Join(out, " ")
}

func namesOf(a *Agreement) *names {
	n := &names{members: map[string]bool{}, columns: map[string]string{}}
	if len(a.Clauses) == 0 {
		return n
	}
	note := func(name string) string {
		key := nameWords(name)
		n.longest = max(n.longest, 1+strings.Count(key, " "))
		return key
	}
	for _, m := range a.Members {
		n.members[note(m.Name)] = true
	}
	for i := range a.Datasets {
		d := &a.Datasets[i]
		n.columns[strings.ToLower(note(d.Name))] = "a dataset"
		n.columns[strings.ToLower(note(d.Rules.Unit.Column))] = "a column"
		for j := range d.Rules.Columns {
			n.columns[strings.ToLower(note(d.Rules.Columns[j].Name))] = "a column"
		}
	}
	for i := range a.Analyses {
		n.columns[strings.ToLower(note(a.Analyses[i].Name))] = "an analysis"
	}
	return n
}

// beside are the words that make a neighbour a name.
var beside = []string{"analysis", "analyses", "dataset", "datasets", "table", "tables", "column", "columns", "field", "fields"}

const quotes = "\"'“”‘’„‚«»‹›"

// in finds names in the wording of an item. A member's name is refused as
// written. Names of datasets, columns and analyses are mostly ordinary words
// ("campaign"), and rendered names look unlike wording, so they are refused
// where they are used as names: in quotation marks, or beside the word for
// what they name.
func (n *names) in(item []clause.Span) []clause.Problem {
	var out []clause.Problem
	words := clause.WordsOf(item)
	for i := range words {
		name := ""
		for j := i; j < len(words) && j < i+n.longest; j++ {
			if name += " " + words[j].Text; j == i {
				name = name[1:]
			}
			if len(name) > 64 { // no name is longer
				break
			}
			first, last := words[i], words[j]
			say := func(what string) {
				out = append(out, clause.Problem{Line: first.Line, Column: first.Column,
					What: quoted(name) + " is the name of " + what + ": put a placeholder, so that the wording changes with the name"})
			}
			if n.members[name] {
				say("a member")
				break
			}
			what, ok := n.columns[strings.ToLower(name)]
			if !ok {
				continue
			}
			inQuotes := first.Before != 0 && last.After != 0 && strings.ContainsRune(quotes, first.Before) && strings.ContainsRune(quotes, last.After)
			near := i > 0 && slices.Contains(beside, strings.ToLower(words[i-1].Text)) ||
				j+1 < len(words) && slices.Contains(beside, strings.ToLower(words[j+1].Text))
			if inQuotes || near {
				say(what)
				break
			}
		}
	}
	return out
}
