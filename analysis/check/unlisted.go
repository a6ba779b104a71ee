package check

import (
	"fmt"
	"slices"
	"strings"

	"parley/agreements"
)

const (
	maxListed   = 12 // values of a domain that a warning repeats
	maxWarnings = 10 // of one question
)

// unlisted warns of a comparison with a value that the agreement does not list
// for its column: no row has it, since imports refuse such rows, and the answer
// would not say why it is empty. It rests on the agreement and the question
// alone, and so tells nothing about rows.
func (b *binder) unlisted(op string, kids []*Expr) {
	if !slices.Contains([]string{"=", "<>", "in", "not in"}, op) {
		return
	}
	x := kids[0]
	if !x.Plain() || x.Slot != nil || x.Type == agreements.Integer || x.Type == agreements.Decimal || len(x.Column.Domain) == 0 {
		return
	}
	for _, k := range kids[1:] {
		if k.Op != "value" || slices.Contains(x.Column.Domain, k.Value.Text) {
			continue
		}
		w := fmt.Sprintf("No row of %s has %s as %s: the agreement lists %s.", b.out.Tables[x.Table].Dataset.Name,
			inQuotes(k.Value.Text), x.Column.Name, listedValues(x.Column.Domain))
		if len(b.out.Warnings) < maxWarnings && !slices.Contains(b.out.Warnings, w) { // a condition can be bound twice
			b.out.Warnings = append(b.out.Warnings, w)
		}
	}
}

func inQuotes(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// listedValues names the values of a domain, or the first of many.
func listedValues(domain []string) string {
	var names []string
	for _, v := range domain[:min(len(domain), maxListed)] {
		names = append(names, inQuotes(v))
	}
	last := names[len(names)-1]
	if more := len(domain) - maxListed; more > 0 {
		last = fmt.Sprintf("%d more", more)
	} else {
		names = names[:len(names)-1]
	}
	if len(names) == 0 {
		return last
	}
	return strings.Join(names, ", ") + " and " + last
}
