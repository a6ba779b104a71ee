package render

import (
	"slices"
	"strings"
	"testing"

	"parley/agreements"
)

// FuzzRender: whatever a clause, a term and a purpose say, an agreement that
// passes its check renders; the page has none but known elements, the wording
// of every clause holds no digit outside citations, and no value is read.
func FuzzRender(f *testing.F) {
	for _, v := range hostileValues {
		f.Add("A clause. {{terms.legalBasis}}", v, "{{terms.retention}}{{minGroupSize}}")
	}
	f.Add("- *a*\n\n1. {{datasets.columns}}", "x", "y")
	f.Add("{{members[terms.legalBasis].address}} [[Article 5]]", "agency", "client")
	base := parsed(f)
	known := []string{"html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "h4", "p", "ul", "li", "dl", "dt", "dd", "blockquote", "br",
		"pre", "span", "code", "u", "em", "strong", "bdi"}
	f.Fuzz(func(t *testing.T, text, term, purpose string) {
		a := *base
		a.Clauses = []agreements.Clause{{ID: "controllers", Title: "Controllers", Text: text}, a.Clauses[1]}
		a.Terms = []agreements.Term{a.Terms[1], {Name: "legalBasis", Type: agreements.TermText, Value: term}}
		a.Purpose = purpose
		if a.Check() != nil {
			return
		}
		e, err := agreements.NewEnvelope(&a)
		if err != nil {
			return // too large to sign
		}
		d, err := New(e, Options{})
		must(t, err)
		said, elements, _ := page(t, HTML(d))
		for _, e := range elements {
			if !slices.Contains(known, e) {
				t.Fatalf("element %s", e)
			}
		}
		var want strings.Builder
		for _, s := range spans(d) {
			want.WriteString(s.Text)
			if s.From == "clauses[0].text" && !s.Emphasis && len(s.Text) > 0 && strings.ContainsAny(s.Text, "0123456789") && !item(d, s) {
				t.Fatalf("wording holds a digit: %q", s.Text)
			}
			if s.From == "terms[1].value" && s.Text != strings.Join(strings.Fields(term), " ") {
				t.Fatalf("the term %q is shown as %q", term, s.Text)
			}
		}
		if squeeze(said) != squeeze(want.String()) {
			t.Fatalf("the page does not say the document")
		}
		headingLines(t, Text(d), text)
	})
}

// item reports whether the span is the number of a list's item.
func item(d *Document, s Span) bool {
	for _, k := range d.Blocks {
		if k.Kind == Item && len(k.Label) == 1 && k.Label[0] == s {
			return true
		}
	}
	return false
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }
