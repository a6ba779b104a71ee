package templates

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"parley/agreements"
)

// MaxSize bounds a template, in bytes.
const MaxSize = 512 << 10

const fence = "---"

// heading is "## Title {#id}".
var heading = regexp.MustCompile(`^## +(.*[^ ]) +\{#([^{}]*)\} *$`)

// Parse reads the Markdown form strictly: a YAML head between lines of "---",
// then the clauses. The template is checked; the problems are reported
// together.
func Parse(b []byte) (*Template, error) {
	if len(b) > MaxSize {
		return nil, fmt.Errorf("the template is larger than %d bytes", MaxSize)
	}
	head, body, line, err := split(string(b))
	if err != nil {
		return nil, err
	}
	t := &Template{}
	if err := agreements.ReadYAML("template", "a template", []byte(head), t); err != nil {
		return nil, err
	}
	if t.Clauses, err = clauses(body, line); err != nil {
		return nil, err
	}
	if err := t.Check(); err != nil {
		return nil, err
	}
	return t, nil
}

// split cuts a file into head and body, whose first line it numbers.
func split(s string) (head, body string, line int, err error) {
	s = strings.ReplaceAll(strings.TrimPrefix(s, "\ufeff"), "\r\n", "\n")
	lines := strings.Split(s, "\n")
	if strings.TrimRight(lines[0], " ") != fence {
		return "", "", 0, errors.New("a template begins with a line --- and its YAML head; `parley template export NAME` prints one to start from")
	}
	for i := 1; i < len(lines); i++ {
		if strings.TrimRight(lines[i], " ") == fence {
			return strings.Join(lines[1:i], "\n"), strings.Join(lines[i+1:], "\n"), i + 2, nil
		}
	}
	return "", "", 0, errors.New("the template's YAML head has no end: a line --- is missing")
}

// clauses reads the Markdown part, whose first line has the given number.
func clauses(body string, line int) ([]agreements.Clause, error) {
	var out []agreements.Clause
	var text []string
	end := func() {
		if len(out) > 0 {
			out[len(out)-1].Text = strings.Trim(strings.Join(text, "\n"), "\n")
		}
		text = nil
	}
	for i, l := range strings.Split(body, "\n") {
		l = strings.TrimRight(l, " \t")
		switch m := heading.FindStringSubmatch(l); {
		case m != nil:
			end()
			out = append(out, agreements.Clause{ID: m[2], Title: strings.TrimSpace(m[1])})
		case strings.HasPrefix(l, "#"):
			return nil, fmt.Errorf("line %d: a clause begins with a line such as \"## Purpose {#purpose}\": a title, and an id of small letters and digits joined by -", line+i)
		case len(out) == 0 && l != "":
			return nil, fmt.Errorf("line %d: there is text before the first clause; a clause begins with a line such as \"## Purpose {#purpose}\"", line+i)
		default:
			text = append(text, l)
		}
	}
	end()
	if len(out) == 0 {
		return nil, errors.New("the template has no clause: behind its head stand lines such as \"## Purpose {#purpose}\", each with its text")
	}
	return out, nil
}

// Encode writes the Markdown form, which Parse reads back to the same template.
func (t *Template) Encode() ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(fence + "\n")
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := errors.Join(e.Encode(t), e.Close()); err != nil {
		return nil, fmt.Errorf("encode the template: %w", err)
	}
	out.WriteString(fence + "\n")
	for _, c := range t.Clauses {
		fmt.Fprintf(&out, "\n## %s {#%s}\n\n%s\n", c.Title, c.ID, c.Text)
	}
	return out.Bytes(), nil
}
