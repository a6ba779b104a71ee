package pdf

import (
	"strings"

	"parley/agreements/render"
)

var (
	titleStyle = style{face: bold, size: 18}
	headings   = map[int]style{2: {face: bold, size: 13}, 3: {face: bold, size: 10.5}, 4: {face: bold, size: 9.5}}
	bodyStyle  = style{face: regular, size: 10}
	entryStyle = style{face: regular, size: 8.5}
)

const (
	labelWidth = 56.0 // of an entry
	indent     = 6.0  // of a list
)

// chunk is a block set in lines, before it has a place.
type chunk struct {
	lines    []line
	gap      float64 // above it, unless it is first on its page
	leads    bool    // stays with what follows
	whole    bool    // is not broken
	page     bool    // begins a page
	rule     bool    // under a heading
	bar      bool    // beside free text
	bookmark string
	level    int
}

// placed is a line with its place on a page, or a rule or bar.
type placed struct {
	y        float64 // of the top
	line     line
	rule     bool
	bar      bool
	bookmark string
	level    int
}

// chunks sets every block.
func (p *printer) chunks() []chunk {
	out := []chunk{{lines: p.lines([]render.Span{p.doc.Title}, titleStyle, left), leads: true, bookmark: p.doc.Title.Text}}
	for i := range p.doc.Blocks {
		out = append(out, p.chunk(&p.doc.Blocks[i]))
	}
	return out
}

func (p *printer) chunk(k *render.Block) chunk {
	x := left
	switch k.Kind {
	case render.Heading:
		base := headings[k.Level]
		spans := k.Spans
		if len(k.Label) > 0 {
			spans = append(append(append([]render.Span{}, k.Label...), wording(" ")), k.Spans...)
		}
		return chunk{lines: p.lines(spans, base, x), gap: map[int]float64{2: 7, 3: 4.5, 4: 3}[k.Level], leads: true, whole: true,
			page: k.Page, rule: k.Level == 2, bookmark: plain(spans), level: k.Level - 1}
	case render.Item:
		c := chunk{lines: p.lines(k.Spans, bodyStyle, x+indent), gap: 0.8}
		if k.First {
			c.gap = 1.6
		}
		marker := p.lines(k.Label, bodyStyle, x+1.5)
		c.lines[0].runs = append(marker[0].runs, c.lines[0].runs...)
		return c
	case render.Entry:
		return p.entry(k)
	case render.Verbatim:
		return chunk{lines: p.verbatim(k, bodyStyle, x+3.5), gap: 1.6, bar: true}
	}
	return chunk{lines: p.lines(k.Spans, bodyStyle, x), gap: 1.6, leads: k.Leads}
}

// entry sets a field's name beside what it says.
func (p *printer) entry(k *render.Block) chunk {
	says := p.lines(k.Spans, entryStyle, left+labelWidth)
	label := p.narrow(k.Label, entryStyle, labelWidth-3)
	for len(says) < len(label) {
		says = append(says, line{height: entryStyle.leading()})
	}
	for i, l := range label {
		says[i].runs = append(l.runs, says[i].runs...)
	}
	c := chunk{lines: says, gap: 0.6, whole: len(says) <= 6}
	if k.First {
		c.gap = 1.6
	}
	return c
}

// narrow sets lines in a column at the left.
func (p *printer) narrow(spans []render.Span, base style, width float64) []line {
	shift := measure - width
	lines := p.lines(spans, base, left+shift)
	for i := range lines {
		for j := range lines[i].runs {
			lines[i].runs[j].x -= shift
		}
	}
	return lines
}

// paginate gives every line its place. What leads moves to the next page with
// the beginning of what follows; a paragraph leaves no single line behind.
func (p *printer) paginate() {
	all := p.chunks()
	y, limit := top, pageHeight-bottom
	var page []placed
	next := func() {
		p.pages = append(p.pages, page)
		page, y = nil, top
	}
	for i := range all {
		c := &all[i]
		if need := c.gap + together(all[i:]); y > top && (c.page || y+need > limit && need <= limit-top) {
			next()
		}
		if y > top {
			y += c.gap
		}
		for j, l := range c.lines {
			rest := len(c.lines) - j
			if y+l.height > limit || rest == 2 && j >= 2 && y+2*l.height > limit {
				next()
			}
			at := placed{y: y, line: l, bar: c.bar}
			if j == 0 {
				at.bookmark, at.level = c.bookmark, c.level
			}
			at.rule = c.rule && rest == 1
			page = append(page, at)
			y += l.height
		}
		if c.rule {
			y += 1.5
		}
	}
	p.pages = append(p.pages, page)
}

// together is how high the beginning of what follows is that may not be
// broken: a chunk that leads and the first lines of the next.
func together(all []chunk) float64 {
	h := 0.0
	for i := range all {
		c := &all[i]
		if i > 0 {
			h += c.gap
		}
		if c.rule {
			h += 1.5
		}
		n := min(len(c.lines), 2)
		if c.whole || c.leads || len(c.lines) == 3 {
			n = len(c.lines)
		}
		for _, l := range c.lines[:n] {
			h += l.height
		}
		if !c.leads {
			break
		}
	}
	return h
}

func (l placed) draw(p *printer) {
	if l.bookmark != "" {
		p.set(bodyStyle) // a bookmark is encoded as the font in use is
		p.f.Bookmark(l.bookmark, l.level, l.y)
	}
	base := l.y + l.line.height*0.74
	for _, r := range l.line.runs {
		p.set(r.style)
		p.text(r.x, base, r.text)
		if r.style.underline {
			p.f.SetLineWidth(0.15)
			p.f.Line(r.x, base+0.7, r.x+p.f.GetStringWidth(r.text), base+0.7)
		}
	}
	if l.bar {
		p.f.SetLineWidth(0.6)
		p.f.SetDrawColor(118, 118, 118)
		p.f.Line(left+0.5, l.y, left+0.5, l.y+l.line.height)
		p.f.SetDrawColor(0, 0, 0)
	}
	if l.rule {
		p.f.SetLineWidth(0.2)
		p.f.Line(left, l.y+l.line.height+0.4, pageWidth-right, l.y+l.line.height+0.4)
	}
}

func wording(s string) render.Span {
	var out render.Span
	out.Text = s
	return out
}

func plain(spans []render.Span) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.Text)
	}
	return b.String()
}
