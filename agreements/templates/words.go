package templates

import (
	"strings"
	"unicode"
)

// Run is a piece of a text that was compared with another.
type Run struct {
	Text string `json:"text"`
	// Sign is "-" for what was taken out, "+" for what was put in, "" for what
	// is in both.
	Sign string `json:"sign,omitempty"`
}

// maxCells bounds the table of the comparison; longer texts are shown as
// replaced as a whole.
const maxCells = 16 << 20

// Words compares two texts word by word and returns the longest common
// sequence with what was taken out and put in between.
func Words(old, new string) []Run {
	a, b := tokens(old), tokens(new)
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var out runs
	out.add("", a[:head]...)
	middle(&out, a[head:len(a)-tail], b[head:len(b)-tail])
	out.add("", a[len(a)-tail:]...)
	return out
}

// middle is the textbook comparison by a table of longest common sequences.
func middle(out *runs, a, b []string) {
	if (len(a)+1)*(len(b)+1) > maxCells {
		out.add("-", a...)
		out.add("+", b...)
		return
	}
	width := len(b) + 1
	longest := make([]int32, (len(a)+1)*width) // of a[i:] and b[j:]
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				longest[i*width+j] = longest[(i+1)*width+j+1] + 1
			} else {
				longest[i*width+j] = max(longest[(i+1)*width+j], longest[i*width+j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out.add("", a[i])
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || longest[(i+1)*width+j] >= longest[i*width+j+1]):
			out.add("-", a[i])
			i++
		default:
			out.add("+", b[j])
			j++
		}
	}
}

// tokens are words with the space behind them.
func tokens(s string) []string {
	var out []string
	start, space := 0, false
	for i, r := range s {
		if unicode.IsSpace(r) {
			space = true
		} else if space {
			out = append(out, s[start:i])
			start, space = i, false
		}
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}

type runs []Run

func (r *runs) add(sign string, tokens ...string) {
	text := strings.Join(tokens, "")
	if text == "" {
		return
	}
	if n := len(*r); n > 0 && (*r)[n-1].Sign == sign {
		(*r)[n-1].Text += text
		return
	}
	*r = append(*r, Run{text, sign})
}

// around shows changed words with a few of those before and after them:
// [-taken out-] {+put in+}.
func around(all []Run) string {
	const near = 8 // words
	var b strings.Builder
	for i, r := range all {
		if r.Sign != "" {
			body := strings.TrimRightFunc(r.Text, unicode.IsSpace)
			marks := map[string][2]string{"-": {"[-", "-]"}, "+": {"{+", "+}"}}[r.Sign]
			b.WriteString(" " + marks[0] + body + marks[1] + r.Text[len(body):])
			continue
		}
		words := tokens(r.Text)
		first, last := i == 0, i == len(all)-1
		switch {
		case first && len(words) > near:
			b.WriteString("… " + strings.Join(words[len(words)-near:], ""))
		case last && len(words) > near:
			b.WriteString(strings.Join(words[:near], "") + "…")
		case len(words) > 2*near:
			b.WriteString(strings.Join(words[:near], "") + "… " + strings.Join(words[len(words)-near:], ""))
		default:
			b.WriteString(r.Text)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
