package render

import (
	_ "embed"
	"html"
	"strings"
)

// style is the page's only other part: no script, no font and no picture is
// fetched, and the page says so to the browser.
//
//go:embed style.css
var style string

// HTML is the document as one page: self-contained, without script, with the
// agreement's id at the foot of every printed page.
func HTML(d *Document) []byte {
	var b strings.Builder
	title := html.EscapeString(d.Title.Text)
	b.WriteString("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n" +
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n" +
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n" +
		"<title>" + title + "</title>\n<style>\n" + strings.ReplaceAll(style, "AGREEMENT-ID", d.ID) + "</style>\n</head>\n<body>\n<main>\n" +
		"<h1>" + bdi(d.Title) + "</h1>\n")
	open := "" // the list that is open
	for i := range d.Blocks {
		k := &d.Blocks[i]
		want := listOf(k)
		if open != "" && (want != open || k.First) {
			b.WriteString("</" + open + ">\n")
			open = ""
		}
		if want != "" && open == "" {
			b.WriteString(map[string]string{"ul": "<ul role=\"list\">\n", "dl": "<dl>\n"}[want]) // a role: without bullets some readers see no list
			open = want
		}
		k.html(&b)
	}
	if open != "" {
		b.WriteString("</" + open + ">\n")
	}
	b.WriteString("</main>\n</body>\n</html>\n")
	return []byte(b.String())
}

// listOf is the HTML list that a block is an item of.
func listOf(k *Block) string {
	switch k.Kind {
	case Item:
		return "ul"
	case Entry:
		return "dl"
	}
	return ""
}

func class(k *Block) string {
	switch {
	case k.Leads:
		return " class=\"leads\""
	case k.Page:
		return " class=\"page\""
	}
	return ""
}

func (k *Block) html(b *strings.Builder) {
	switch k.Kind {
	case Heading:
		tag := map[int]string{2: "h2", 3: "h3", 4: "h4"}[k.Level]
		b.WriteString("<" + tag + class(k) + ">")
		if len(k.Label) > 0 {
			inline(b, k.Label)
			b.WriteByte(' ')
		}
		inline(b, k.Spans)
		b.WriteString("</" + tag + ">\n")
	case Item:
		b.WriteString("<li><span class=\"marker\">")
		inline(b, k.Label)
		b.WriteString("</span> ")
		inline(b, k.Spans)
		b.WriteString("</li>\n")
	case Entry:
		b.WriteString("<dt>")
		inline(b, k.Label)
		b.WriteString("</dt><dd>")
		inline(b, k.Spans)
		b.WriteString("</dd>\n")
	case Verbatim:
		tag := "blockquote"
		if k.Code {
			tag = "pre"
		}
		b.WriteString("<" + tag + ">")
		for i, l := range k.Lines {
			switch {
			case i == 0:
			case k.Code:
				b.WriteByte('\n')
			default:
				b.WriteString("<br/>\n")
			}
			b.WriteString(bdi(l))
		}
		b.WriteString("</" + tag + ">\n")
	default:
		b.WriteString("<p" + class(k) + ">")
		inline(b, k.Spans)
		b.WriteString("</p>\n")
	}
}

func inline(b *strings.Builder, spans []Span) {
	for _, s := range spans {
		text := bdi(s)
		if s.Code {
			text = "<code>" + text + "</code>"
		}
		if s.Enforced {
			text = "<u>" + text + "</u>"
		}
		if s.Emphasis {
			text = "<em>" + text + "</em>"
		}
		if s.Strong {
			text = "<strong>" + text + "</strong>"
		}
		b.WriteString(text)
	}
}

// bdi escapes a piece. What a field says is isolated: letters that run from
// right to left must not move what stands beside them.
func bdi(s Span) string {
	text := html.EscapeString(s.Text)
	if s.From == "" {
		return text
	}
	return "<bdi>" + text + "</bdi>"
}
