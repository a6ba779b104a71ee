package pdf

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"parley/agreements"
	"parley/agreements/render"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// document renders the example of AGREEMENT.md with texts replaced.
func document(t testing.TB, pairs ...string) *render.Document {
	t.Helper()
	b, err := os.ReadFile("../../AGREEMENT.md")
	must(t, err)
	_, rest, _ := strings.Cut(string(b), "```yaml\n")
	text, _, _ := strings.Cut(rest, "```\n")
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the example does not hold %q", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	a, err := agreements.ParseDraft([]byte(text))
	must(t, err)
	e, err := agreements.NewEnvelope(a)
	must(t, err)
	d, err := render.New(e, render.Options{})
	must(t, err)
	return d
}

// printed lays a document out and returns what each page says.
func printed(t testing.TB, d *render.Document) (pages []string, p *printer) {
	t.Helper()
	p = newPrinter(d)
	p.paginate()
	for i, lines := range p.pages {
		var b strings.Builder
		p.drawn = func(s string) { b.WriteString(s) }
		p.page(i, lines)
		pages = append(pages, b.String())
	}
	must(t, p.f.Error())
	return pages, p
}

func squeezed(s string) string { return strings.ReplaceAll(s, " ", "") }

// long is an agreement of many pages.
func long(t testing.TB) *render.Document {
	clause := "    text: |\n      " + strings.Repeat("Each member answers for what it does. ", 40) + "\n\n      - here {{minGroupSize}}\n      - there\n"
	var all strings.Builder
	for i := range 40 {
		all.WriteString("  - id: more-" + string(rune('a'+i%26)) + strings.Repeat("a", i/26) + "\n    title: More\n" + clause)
	}
	return document(t, "terms:\n", all.String()+"terms:\n")
}

// TestPDFSaysTheDocument: the pages say every piece in its order, and on each
// page its number and the id, and nothing else.
func TestPDFSaysTheDocument(t *testing.T) {
	for _, d := range []*render.Document{document(t), long(t)} {
		pages, _ := printed(t, d)
		var got, want strings.Builder
		for i, s := range pages {
			foot := d.ID + "page" + " " + itoa(i+1) + " of " + itoa(len(pages))
			if i > 0 {
				foot += d.Title.Text
			}
			body, ok := strings.CutSuffix(s, foot)
			if !ok {
				t.Errorf("page %d does not end with %q", i+1, foot)
			}
			got.WriteString(body)
		}
		want.WriteString(d.Title.Text)
		for _, k := range d.Blocks {
			for _, spans := range [][]render.Span{k.Label, k.Spans, k.Lines} {
				for _, s := range spans {
					want.WriteString(s.Text)
				}
			}
		}
		g, w := sorted(squeezed(got.String())), sorted(squeezed(want.String()))
		if g != w {
			t.Errorf("the pages do not say the document")
		}
	}
}

// sorted letters: labels stand beside the first line of what they head.
func sorted(s string) string {
	count := map[rune]int{}
	for _, r := range s {
		count[r]++
	}
	var b strings.Builder
	for r := range rune(0x10000) {
		if count[r] > 0 {
			b.WriteString(string(r) + itoa(count[r]) + " ")
		}
	}
	return b.String()
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

// TestThreePages: the example is the three pages that it was looked at as.
func TestThreePages(t *testing.T) {
	if pages, _ := printed(t, document(t)); len(pages) != 3 {
		t.Errorf("%d pages", len(pages))
	}
}

// No heading is the last thing on a page, nothing leaves the margins, and no
// paragraph leaves a single line on either side of a page's end.
func TestPageBreaks(t *testing.T) {
	for shift := range 12 { // moves every later break by a line
		d := long(t)
		for range shift {
			d.Blocks = append([]render.Block{{Kind: render.Paragraph, Spans: d.Blocks[1].Spans}}, d.Blocks...)
		}
		_, p := printed(t, d)
		if len(p.pages) < 10 {
			t.Fatalf("%d pages", len(p.pages))
		}
		for i, page := range p.pages {
			if last := page[len(page)-1]; last.bookmark != "" {
				t.Errorf("page %d ends with the heading %q", i+1, last.bookmark)
			}
			for _, l := range page {
				if l.y < top || l.y+l.line.height > pageHeight-bottom+0.01 {
					t.Errorf("page %d: a line at %.1f", i+1, l.y)
				}
				for _, r := range l.line.runs {
					if end := r.x + p.width(r.style, r.text); r.x < left-0.01 || end > pageWidth-right+0.01 {
						t.Errorf("page %d: %q ends at %.1f", i+1, r.text, end)
					}
				}
			}
		}
	}
}

// TestSameBytes: nothing of the clock, of chance, or of the order of a map.
func TestSameBytes(t *testing.T) {
	want, err := Render(document(t))
	must(t, err)
	for range 10 {
		got, err := Render(document(t))
		must(t, err)
		if !bytes.Equal(got, want) {
			t.Fatal("the same agreement gives other bytes")
		}
	}
	if !bytes.HasPrefix(want, []byte("%PDF-1.")) || bytes.Contains(want, []byte("/JS")) || bytes.Contains(want, []byte("/URI")) {
		t.Error("not a plain PDF")
	}
}

// A letter that cannot be printed is refused, wherever it stands.
func TestLetters(t *testing.T) {
	_, err := Render(document(t, "legitimate interests", "正当な利益"))
	if want := "a PDF of this agreement cannot be made: the built-in fonts have no '正' (U+6B63), which stands in terms[0].value; render it as HTML, and print that"; !errors.Is(err, ErrLetters) || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	for _, v := range []string{"😀", "שלום", "\U0001D7D3"} {
		if _, err := Render(document(t, "title: Sales", "title: "+v)); !errors.Is(err, ErrLetters) {
			t.Errorf("%s: %v", v, err)
		}
	}
	if _, err := Render(document(t, "legitimate interests", `"законные интересы, έννομο συμφέρον, Überschreitung „ß“ – €"`)); err != nil {
		t.Error(err)
	}
}

// Long words are cut to the measure and lose no letter.
func TestLongWords(t *testing.T) {
	for _, v := range []string{strings.Repeat("W", 3999), strings.Repeat("i", 3999), strings.Repeat("a b ", 999) + "c"} {
		d := document(t, "legitimate interests", v, "Measure how many", v[:3000])
		pages, p := printed(t, d)
		if !strings.Contains(squeezed(strings.Join(pages, "")), squeezed(v)[:20]) {
			t.Errorf("%.10s… is not printed", v)
		}
		for _, page := range p.pages {
			for _, l := range page {
				for _, r := range l.line.runs {
					if end := r.x + p.width(r.style, r.text); end > pageWidth-right+0.01 {
						t.Errorf("%.10q ends at %.1f", r.text, end)
					}
				}
			}
		}
	}
}
