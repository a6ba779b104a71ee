package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// problem is one thing wrong with a contract.
type problem struct {
	line int    // in the file, from 1; 0 if unknown
	at   string // JSON pointer
	text string
}

type problems []problem

// maxProblems is how many problems are listed. A file can hold very many, and
// whoever mends the first of them sees the others.
const maxProblems = 50

// err lists the problems in the order of the file, one a line, or is nil.
func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	slices.SortStableFunc(p, func(a, b problem) int { return a.line - b.line })
	var lines []string
	for _, x := range p {
		if len(lines) == maxProblems {
			lines = append(lines, "and more; mend these first")
			break
		}
		line := x.path() + ": " + x.text
		if x.line > 0 {
			line = fmt.Sprintf("line %d, %s", x.line, line)
		}
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return errors.New("the contract cannot be used:\n  " + strings.Join(lines, "\n  "))
}

// path writes a pointer as people do: schema[0].properties[2].name.
func (p problem) path() string {
	if p.at == "" {
		return "the document"
	}
	var b strings.Builder
	for i, part := range strings.Split(p.at[1:], "/") {
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		switch {
		case part != "" && strings.Trim(part, "0123456789") == "":
			fmt.Fprintf(&b, "[%s]", part)
		case i == 0:
			b.WriteString(part)
		default:
			b.WriteString("." + part)
		}
	}
	return b.String()
}
