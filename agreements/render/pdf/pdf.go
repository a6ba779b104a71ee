// Package pdf sets a rendered agreement in type. The same document always
// gives the same bytes, every page carries the agreement's id and "page n of
// m", and no heading is torn from what it heads.
//
// The PDF has bookmarks but no tags for screen readers: the HTML is for them.
// The import of fpdf and of the Go fonts stays here.
package pdf

import (
	"bytes"
	"fmt"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"parley/agreements/render"
)

// A4, in millimetres.
const (
	pageWidth, pageHeight = 210.0, 297.0
	left, right           = 21.0, 21.0
	top, bottom           = 22.0, 20.0
	measure               = pageWidth - left - right
)

// maxPages bounds a document. An agreement of 1 MiB has fewer.
const maxPages = 5000

// Render sets the document. It refuses, with ErrLetters, one that holds a
// letter which the fonts do not have: a page that leaves one out would say
// something else.
func Render(d *render.Document) ([]byte, error) {
	if err := letters(d); err != nil {
		return nil, err
	}
	p := newPrinter(d)
	p.paginate()
	if len(p.pages) > maxPages {
		return nil, fmt.Errorf("the agreement would take more than %d pages; render it as HTML", maxPages)
	}
	for i, page := range p.pages {
		p.page(i, page)
	}
	var out bytes.Buffer
	if err := p.f.Output(&out); err != nil {
		return nil, fmt.Errorf("set the agreement as PDF: %w", err)
	}
	return out.Bytes(), nil
}

// printer measures, then draws.
type printer struct {
	f     *fpdf.Fpdf
	doc   *render.Document
	pages [][]placed
	style style
	drawn func(text string) // for tests
}

func newPrinter(d *render.Document) *printer {
	f := fpdf.New("P", "mm", "A4", "")
	// Nothing of the clock, and maps in order: the same document, the same bytes.
	f.SetCatalogSort(true)
	f.SetCreationDate(time.Unix(0, 0).UTC())
	f.SetModificationDate(time.Unix(0, 0).UTC())
	f.SetProducer("Parley", true)
	f.SetTitle(d.Title.Text, true)
	f.SetSubject(d.ID, true)
	f.SetLang("en")
	f.SetAutoPageBreak(false, 0)
	f.SetMargins(left, top, right)
	for _, s := range faces {
		f.AddUTF8FontFromBytes(s.family, s.style, s.ttf)
	}
	return &printer{f: f, doc: d}
}

// page draws one page: what was placed on it, its head and its foot.
func (p *printer) page(i int, lines []placed) {
	p.f.AddPage()
	for _, l := range lines {
		l.draw(p)
	}
	p.set(style{face: mono, size: 6.5})
	p.text(left, pageHeight-13, p.doc.ID)
	p.set(style{face: regular, size: 8})
	n := fmt.Sprintf("page %d of %d", i+1, len(p.pages))
	p.text(pageWidth-right-p.f.GetStringWidth(n), pageHeight-13, n)
	if i > 0 {
		title := p.doc.Title.Text
		for p.f.GetStringWidth(title) > measure {
			r := []rune(title)
			title = string(r[:len(r)*9/10]) + "…"
		}
		p.text(left, 14, title)
	}
}

func (p *printer) text(x, y float64, s string) {
	if p.drawn != nil {
		p.drawn(s)
	}
	p.f.Text(x, y, s)
}
