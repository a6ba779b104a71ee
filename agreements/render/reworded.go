package render

import (
	"fmt"
	"strings"

	"parley/agreements"
	"parley/agreements/clause"
)

// Reworded is a paragraph or item of a clause whose wording is the same in two
// agreements and which reads otherwise, because a field that it quotes differs.
type Reworded struct {
	ID       string // of the clause
	Number   int    // of the clause in the later agreement
	Title    string
	From, To string // the paragraph, filled in
}

// Rewordings lists what two agreements that pass Check say differently in the
// same words, for people who compare them: a change of minGroupSize shows as
// the sentences that quote it. What was worded anew is agreements.Diff's.
func Rewordings(from, to *agreements.Agreement) ([]Reworded, error) {
	var out []Reworded
	for i := range to.Clauses {
		now := &to.Clauses[i]
		for j := range from.Clauses {
			was := &from.Clauses[j]
			if was.ID != now.ID || was.Text != now.Text {
				continue
			}
			before, err := paragraphs(from, was)
			if err != nil {
				return nil, err
			}
			after, err := paragraphs(to, now)
			if err != nil {
				return nil, err
			}
			for k := range min(len(before), len(after)) {
				if before[k] != after[k] {
					out = append(out, Reworded{ID: now.ID, Number: i + 1, Title: now.Title, From: before[k], To: after[k]})
				}
			}
		}
	}
	return out, nil
}

// paragraphs are a clause's paragraphs and items, filled in.
func paragraphs(a *agreements.Agreement, c *agreements.Clause) ([]string, error) {
	b := &builder{a: a}
	var out []string
	blocks, problems := clause.Parse(c.Text)
	if len(problems) > 0 {
		return nil, fmt.Errorf("clause %s: %w", c.ID, problems[0])
	}
	for _, block := range blocks {
		for _, item := range block.Items {
			spans, err := b.filled(item, "")
			if err != nil {
				return nil, err
			}
			out = append(out, strings.Join(wordsOf(spans), " "))
		}
	}
	return out, nil
}

// RewordedText shows them for people; "" if there is none.
func RewordedText(all []Reworded) string {
	if len(all) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\nSo these sentences read otherwise, in the same words:\n")
	last := ""
	for _, r := range all {
		if r.ID != last {
			fmt.Fprintf(&b, "%d. %s\n", r.Number, r.Title)
			last = r.ID
		}
		wrap(&b, "  - ", "    ", strings.Fields(r.From))
		wrap(&b, "  + ", "    ", strings.Fields(r.To))
	}
	return b.String()
}
