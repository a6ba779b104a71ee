package pdf

import (
	"strings"
	"unicode/utf8"

	"parley/agreements/render"
)

// style is how a run of text is set.
type style struct {
	face      face
	size      float64 // points
	underline bool
}

// millimetres of a line of type of the size.
func (s style) leading() float64 { return s.size * 0.5 }

// run is text in one style.
type run struct {
	text  string
	style style
	x     float64 // from the left edge of the page
}

// line is a line of type.
type line struct {
	runs   []run
	height float64
}

func (p *printer) set(s style) {
	if p.style.face != s.face || p.style.size != s.size || p.f.PageNo() == 0 || p.style.underline != s.underline {
		p.style = s
	}
	f := faces[s.face]
	p.f.SetFont(f.family, f.style, s.size)
}

func (p *printer) width(s style, text string) float64 {
	p.set(s)
	return p.f.GetStringWidth(text)
}

// styled says how a span is set within text of a size.
func styled(s render.Span, base style) style {
	out := base
	switch {
	case s.Code:
		out.face, out.size = mono, base.size*0.86
	case base.face == bold && s.Emphasis, s.Strong && s.Emphasis:
		out.face = boldItalic
	case base.face == bold || s.Strong:
		out.face = bold
	case s.Emphasis:
		out.face = italic
	}
	out.underline = s.Enforced
	return out
}

// word is what may not be broken, of one or more styles.
type word struct {
	runs  []run
	width float64
	space float64 // before it, if it is not first on its line
}

// words splits spans at their spaces. A word too long for the measure is cut.
func (p *printer) words(spans []render.Span, base style, most float64) []word {
	var out []word
	glue := false // the next piece goes on with the last word
	for _, s := range spans {
		st := styled(s, base)
		space := p.width(style{face: base.face, size: base.size}, " ")
		for i, part := range strings.Split(s.Text, " ") {
			if i > 0 {
				glue = false
			}
			for _, bit := range p.cut(st, part, most) {
				w := p.width(st, bit)
				if n := len(out); glue && out[n-1].width+w <= most {
					out[n-1].runs = append(out[n-1].runs, run{text: bit, style: st, x: out[n-1].width})
					out[n-1].width += w
				} else {
					before := space
					if glue {
						before = 0 // a word that had to be cut
					}
					out = append(out, word{runs: []run{{text: bit, style: st}}, width: w, space: before})
				}
				glue = true
			}
		}
	}
	return out
}

// cut breaks a long word into pieces that fit.
func (p *printer) cut(st style, part string, most float64) []string {
	if part == "" {
		return nil
	}
	if p.width(st, part) <= most {
		return []string{part}
	}
	var out []string
	n, size := 0, 0.0
	for i, r := range part {
		w := p.width(st, string(r))
		if size+w > most && i > n {
			out = append(out, part[n:i])
			n, size = i, 0
		}
		size += w
	}
	return append(out, part[n:])
}

// set lines of spans between x and the right margin.
func (p *printer) lines(spans []render.Span, base style, x float64) []line {
	most := pageWidth - right - x
	var out []line
	var now line
	at := 0.0
	for _, w := range p.words(spans, base, most) {
		if len(now.runs) > 0 && at+w.space+w.width > most {
			out = append(out, now)
			now, at = line{}, 0
		}
		if len(now.runs) > 0 {
			p.space(&now, w, at, x)
			at += w.space
		}
		for _, r := range w.runs {
			r.x += x + at
			now.runs = append(now.runs, r)
		}
		at += w.width
	}
	out = append(out, now)
	for i := range out {
		out[i].height = base.leading()
	}
	return out
}

// space goes on with an underline between two underlined words.
func (p *printer) space(now *line, w word, at, x float64) {
	last := now.runs[len(now.runs)-1]
	if last.style.underline && w.runs[0].style == last.style && w.space > 0 {
		now.runs = append(now.runs, run{text: " ", style: last.style, x: x + at})
	}
}

// verbatim sets lines as they are, breaking those that are too long.
func (p *printer) verbatim(k *render.Block, base style, x float64) []line {
	most := pageWidth - right - x
	var out []line
	for _, s := range k.Lines {
		if !k.Code {
			out = append(out, p.lines([]render.Span{s}, base, x)...)
			continue
		}
		st := styled(s, base)
		bits := p.cut(st, s.Text, most)
		if len(bits) == 0 {
			bits = []string{""}
		}
		for _, b := range bits {
			l := line{height: base.leading()}
			if utf8.RuneCountInString(b) > 0 {
				l.runs = []run{{text: b, style: st, x: x}}
			}
			out = append(out, l)
		}
	}
	return out
}
