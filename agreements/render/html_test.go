package render

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"parley/agreements"
)

// page is what an HTML page says: its text, and the elements and attributes
// that it has.
func page(t testing.TB, b []byte) (text string, elements, attributes []string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(strings.Replace(string(b), "<!DOCTYPE html>\n", "", 1)))
	d.Strict = true
	inBody := false
	var out strings.Builder
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out.String(), elements, attributes
		}
		must(t, err)
		switch x := tok.(type) {
		case xml.StartElement:
			inBody = inBody || x.Name.Local == "body"
			elements = append(elements, x.Name.Local)
			for _, a := range x.Attr {
				attributes = append(attributes, x.Name.Local+"@"+a.Name.Local)
			}
		case xml.CharData:
			if inBody {
				out.Write(x)
			}
		}
	}
}

func squeezed(s string) string { return strings.Join(strings.Fields(s), " ") }

// The page says every piece of the document, in its order, and nothing else.
func TestHTMLSaysTheDocument(t *testing.T) {
	for _, d := range []*Document{rendered(t, full(t)), rendered(t, parsed(t))} {
		text, _, _ := page(t, HTML(d))
		var want strings.Builder
		for _, s := range spans(d) {
			want.WriteString(s.Text)
		}
		if got, want := strings.ReplaceAll(squeezed(text), " ", ""), strings.ReplaceAll(squeezed(want.String()), " ", ""); got != want {
			t.Errorf("the page says\n%s\nwant\n%s", got, want)
		}
	}
}

// hostile values: markup, script, styles, direction, length.
var hostileValues = []string{
	"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "&lt;b&gt; &amp; {{minGroupSize}}", "{{{{terms.retention}}}}",
	"**9. Liability** None. [[Article 1]]", "]]> --> */ </style></title></main>", "</u></bdi></p><h3>3. Answers</h3>",
	"שלום 50 anashim", "مرحبا", strings.Repeat("W", 3999), strings.Repeat("a b ", 999) + "c", "e\u0301\u0301\u0301\u0301", "正当な利益",
}

// What a value says adds no element, attribute or heading, in any form.
func TestHostileValues(t *testing.T) {
	_, elements, attributes := page(t, HTML(rendered(t, saying(t, "plain"))))
	allowed := []string{"html@lang", "meta@charset", "meta@name", "meta@content", "meta@http-equiv", "p@class", "h2@class", "ul@role", "span@class"}
	for _, a := range attributes {
		if !slices.Contains(allowed, a) {
			t.Errorf("attribute %s", a)
		}
	}
	for _, v := range hostileValues {
		d := rendered(t, saying(t, v))
		_, e, at := page(t, HTML(d))
		if !slices.Equal(e, elements) || !slices.Equal(at, attributes) {
			t.Errorf("%q changes the page's elements", v)
		}
		headingLines(t, Text(d), v)
	}
}

// saying is the example with a value in every field of free text.
func saying(t testing.TB, v string) *agreements.Agreement {
	t.Helper()
	a := parsed(t)
	a.Terms[0].Value = v
	a.Purpose, a.Analyses[0].Description, a.Analyses[0].SQL = v, v, v
	if len(v) <= 200 {
		a.Title = v
	}
	if len(v) <= 1000 {
		a.Datasets[0].Rules.Columns[0].Domain[0] = v
	}
	must(t, a.Check())
	return a
}

// headingLines holds that of the lines at the margin each is a heading.
func headingLines(t testing.TB, text, v string) {
	t.Helper()
	lines := strings.Split(text, "\n")
	for i, l := range lines[2:] {
		ok := l == "" || strings.HasPrefix(l, "  ") || strings.HasPrefix(l, "---") || l == "Members" || l == "Answers" || l == "Where the text came from" ||
			strings.HasPrefix(l, "Dataset ") || l == "Approved analysis sales" || l == "1. Controllers" || l == "2. Answers" || l == "agency" || l == "client" ||
			i+3 < len(lines) && strings.HasPrefix(lines[i+3], "---")
		if !ok {
			t.Errorf("%.40q: a line at the margin: %s", v, l)
		}
	}
}

// A value that runs from right to left is isolated from what stands beside it.
func TestDirectionIsIsolated(t *testing.T) {
	d := rendered(t, parsed(t, "value: legitimate interests", "value: שלום 50"))
	if want := "relies on \u2068שלום 50\u2069."; !strings.Contains(squeezed(Text(d)), want) {
		t.Errorf("the text does not hold %q", want)
	}
	if want := "relies on <bdi>שלום 50</bdi>."; !strings.Contains(strings.ReplaceAll(string(HTML(d)), "</bdi><bdi>", ""), "<bdi>שלום 50</bdi>") {
		t.Errorf("the page does not hold %q", want)
	}
}
