// Package clause reads the wording of an agreement's clauses: a small kind of
// Markdown with placeholders for what the rest of the agreement says.
//
//	The parties keep answers for {{terms.retention}} and no group below
//	{{minGroupSize}} is released, as [[Article 5 GDPR]] asks.
//
//	1. numbered and
//	2. bulleted lists, *emphasis* and **strong emphasis**
//
// Wording that could say a number is refused, so that every number a reader
// sees was put there from a field. AGREEMENT.md, "Clauses", has the rules.
// The package knows nothing of agreements and opens nothing.
package clause

import "fmt"

// Kind of a span.
type Kind int

// Kinds of spans.
const (
	Words       Kind = iota // wording
	Placeholder             // Text is the path between {{ and }}
	Citation                // Text is what stands between [[ and ]]
)

// Span is a run of wording, or a placeholder or citation, with its place.
type Span struct {
	Kind             Kind
	Text             string
	Emphasis, Strong bool
	Line, Column     int // from 1; columns count characters
}

// Form of a block.
type Form int

// Forms of blocks.
const (
	Paragraph Form = iota // one item
	Bullets
	Numbers // counted from 1
)

// Block is a paragraph or a list.
type Block struct {
	Form  Form
	Items [][]Span
}

// Problem is one thing that is wrong with a clause, and where.
type Problem struct {
	Line, Column int
	What         string
}

func (p Problem) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", p.Line, p.Column, p.What)
}

// maxProblems bounds the list that Parse returns.
const maxProblems = 20

// MaxPath bounds the path of a placeholder, in bytes.
const MaxPath = 200

// Parse reads a clause. The blocks are complete only if there are no problems.
func Parse(text string) ([]Block, []Problem) {
	p := &parser{}
	p.blocks(text)
	for _, b := range p.out {
		for _, item := range b.Items {
			p.numbers(item)
		}
	}
	return p.out, p.problems
}

// Title checks a clause's title: wording alone, under the same rules.
func Title(text string) []Problem {
	p := &parser{}
	spans := p.inline([]line{{text: text, line: 1, column: 1}})
	for _, s := range spans {
		if s.Kind != Words || s.Emphasis || s.Strong {
			p.add(s.Line, s.Column, "a title is plain wording: no placeholder, citation or emphasis")
		}
	}
	p.numbers(spans)
	return p.problems
}

type parser struct {
	out      []Block
	problems []Problem
}

func (p *parser) add(line, column int, format string, args ...any) {
	if len(p.problems) < maxProblems {
		p.problems = append(p.problems, Problem{line, column, fmt.Sprintf(format, args...)})
	}
}
