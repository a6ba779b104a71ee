package clause

import (
	"regexp"
	"strconv"
	"strings"
)

// line is a line of an item without its indentation and list marker.
type line struct {
	text         string
	line, column int
}

var marker = regexp.MustCompile(`^(-|[0-9]+\.) +`)

// blocks splits a clause into paragraphs and lists. An empty line ends a
// paragraph. A line with a marker begins an item; an indented one goes on with it.
func (p *parser) blocks(text string) {
	var item []line
	form := Paragraph
	inList := false // the last block is a list that may go on
	flush := func() {
		if item == nil {
			return
		}
		spans := p.inline(item)
		item = nil
		if form != Paragraph && inList && p.out[len(p.out)-1].Form == form {
			last := &p.out[len(p.out)-1]
			last.Items = append(last.Items, spans)
			return
		}
		p.out = append(p.out, Block{Form: form, Items: [][]Span{spans}})
		inList = form != Paragraph
	}
	for i, raw := range strings.Split(text, "\n") {
		body := strings.TrimLeft(raw, " ")
		indent := len(raw) - len(body)
		body = strings.TrimRight(body, " ")
		at := line{body, i + 1, indent + 1}
		m := marker.FindString(body + " ")
		switch {
		case body == "":
			flush()
			form = Paragraph
		case m != "" && indent == 0:
			flush()
			if form = Bullets; m[0] != '-' {
				form = Numbers
				p.counted(m, at, inList)
			}
			n := min(len(m), len(body))
			item = []line{{body[n:], i + 1, n + 1}}
		case item != nil && form != Paragraph && indent == 0:
			p.add(i+1, 1, "indent this line to go on with the item, or leave an empty line before it")
			item = append(item, at)
		default:
			if item == nil && indent > 0 && inList {
				p.add(i+1, 1, "an item is one paragraph; begin this line at the margin")
			}
			if item == nil {
				form, inList = Paragraph, false
			}
			item = append(item, at)
		}
	}
	flush()
	if len(p.out) == 0 {
		p.add(1, 1, "the clause is empty")
	}
}

// counted holds a number's marker to its place, so that the number shown is
// the number written.
func (p *parser) counted(m string, at line, inList bool) {
	want := 1
	if inList && p.out[len(p.out)-1].Form == Numbers {
		want = len(p.out[len(p.out)-1].Items) + 1
	}
	if m = strings.TrimRight(m, " "); m != strconv.Itoa(want)+"." {
		p.add(at.line, 1, "write %d. here: the items of a list are counted from 1", want)
	}
}
