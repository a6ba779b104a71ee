// Package render makes an agreement readable: its clauses with every
// placeholder filled in, its signatures, and an annex that says in words what
// the nodes enforce.
//
//	Envelope ──New──▶ Document ──Text──▶ plain text
//	                           ──HTML──▶ one page without script
//	                           ──pdf.Render──▶ PDF
//
// All three show one tree of pieces. Each piece says which field it came from,
// or is wording of this package, which holds no digit and no name. What a field
// says is never read as markup.
package render

import (
	"fmt"
	"strings"
	"time"

	"parley/agreements"
)

// Span is a piece and how it is shown.
type Span struct {
	agreements.Piece
	Emphasis, Strong bool
	// Enforced marks, within clauses, what comes from a field that nodes enforce.
	Enforced bool
}

// Kind of a block.
type Kind int

// Kinds of blocks.
const (
	Heading   Kind = iota
	Paragraph      // Spans
	Item           // of a list: Label is its marker
	Entry          // Label is what a field is called, Spans are what it says
	Verbatim       // Lines of free text or SQL, set apart by a bar
)

// Block is a part of the document, from top to bottom.
type Block struct {
	Kind  Kind
	Level int // of a heading, 2 to 4; of other blocks, how far they are set in
	Label []Span
	Spans []Span
	Lines []Span // one each
	Code  bool   // of Lines: SQL, whose spaces count
	First bool   // of an item or entry: the first of its list
	Leads bool   // of a paragraph: belongs to what follows
	Page  bool   // of a heading: begins a page
}

// Document is a rendered agreement.
type Document struct {
	Title  Span
	ID     string // of the agreement: sha256:…
	Blocks []Block
}

// Origins of pieces that come from no field of the agreement.
const (
	fromID         = "id"
	fromSignatures = "signatures"
	fromNode       = "node"
)

// Options are what the agreement itself does not say. The zero value says
// nothing, and the same agreement then always gives the same document.
type Options struct {
	// State is what the agreement is at the node that renders it, such as
	// "revoked", and Since when it came to be that, by the node's clock.
	State string
	Since time.Time
	// FirstSeen is when the node had the first signature. The format itself has
	// no time of signing.
	FirstSeen time.Time
}

// New renders an agreement. It verifies the signatures that are there; the
// error is agreements.ErrTampered if one does not fit.
func New(e *agreements.Envelope, o Options) (*Document, error) {
	a := e.Agreement()
	id, err := a.ID()
	if err != nil {
		return nil, err
	}
	signers, err := e.Signers()
	if err != nil {
		return nil, err
	}
	b := &builder{a: a, doc: &Document{Title: value(a.Title, "title"), ID: id}}
	b.head(signers)
	if err := b.clauses(); err != nil {
		return nil, err
	}
	b.signatures(signers, o)
	if err := b.annex(); err != nil {
		return nil, err
	}
	return b.doc, nil
}

type builder struct {
	a   *agreements.Agreement
	doc *Document
}

// say is wording of this package.
func say(text string) Span { return Span{Piece: agreements.Piece{Text: text}} }

// value is what a field says, on one line.
func value(text, from string) Span {
	return Span{Piece: agreements.Piece{Text: strings.Join(strings.Fields(text), " "), From: from}}
}

func code(text, from string) Span {
	s := value(text, from)
	s.Code = true
	return s
}

func (b *builder) add(block Block) { b.doc.Blocks = append(b.doc.Blocks, block) }

func (b *builder) heading(level int, spans ...Span) {
	b.add(Block{Kind: Heading, Level: level, Spans: spans})
}

func (b *builder) paragraph(spans ...Span) { b.add(Block{Kind: Paragraph, Spans: spans}) }

// entry words a field by its name in agreements.FieldWords.
func (b *builder) entry(path string, spans ...Span) {
	b.named(agreements.FieldWords(path), spans...)
}

func (b *builder) named(label string, spans ...Span) {
	first := len(b.doc.Blocks) == 0 || b.doc.Blocks[len(b.doc.Blocks)-1].Kind != Entry
	b.add(Block{Kind: Entry, Label: []Span{say(capital(label))}, Spans: spans, First: first})
}

// phrase is what a placeholder gives.
func (b *builder) phrase(path string) []Span {
	pieces, err := b.a.Phrase(path)
	if err != nil {
		return []Span{say(err.Error())} // the agreement has passed Check, so this is a path of ours
	}
	out := make([]Span, len(pieces))
	for i, p := range pieces {
		out[i] = Span{Piece: p}
	}
	return out
}

// verbatim shows free text line by line.
func (b *builder) verbatim(text, from string, isCode bool) {
	block := Block{Kind: Verbatim, Code: isCode}
	for _, line := range strings.Split(strings.Trim(text, "\n"), "\n") {
		block.Lines = append(block.Lines, Span{Piece: agreements.Piece{Text: strings.ReplaceAll(line, "\t", "    "), From: from, Code: isCode}})
	}
	b.add(block)
}

// list joins spans as words of a list are.
func list(n int, item func(i int) Span) []Span {
	var out []Span
	for i := range n {
		switch {
		case i == 0:
		case i == n-1:
			out = append(out, say(" and "))
		default:
			out = append(out, say(", "))
		}
		out = append(out, item(i))
	}
	return out
}

// choice words a flag: both wordings come from it.
func choice(flag bool, from, yes, no string) Span {
	if !flag {
		yes = no
	}
	return value(yes, from)
}

func values(all []string, from string, asCode bool) []Span {
	return list(len(all), func(i int) Span {
		s := value(all[i], fmt.Sprintf("%s[%d]", from, i))
		s.Code = asCode
		return s
	})
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func join(parts ...[]Span) []Span {
	var out []Span
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}
