package sql

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// lowering carries the text while a tree is walked.
type lowering struct {
	src      Source
	released bool    // in HAVING, where aggregates are operands
	inside   *inside // in a subquery, where aggregates and windows are operands
	views    views
	credited *credited // in a question of linear attribution
	depth    int       // subqueries opened so far
}

// CheckText refuses text that is not worth parsing: too long, not UTF-8, or
// holding NUL. Call it before the text reaches a parser.
func CheckText(text string) error {
	src := Source{Text: text}
	switch {
	case len(text) > MaxBytes:
		return src.Refuse(NoPos, "too-long", "", "", "The SQL has %d bytes; at most %d are read.", len(text), MaxBytes)
	case !utf8.ValidString(text):
		return src.Refuse(NoPos, "bad-text", "", "", "The SQL is not valid UTF-8.")
	case strings.ContainsRune(text, 0):
		return src.Refuse(strings.IndexByte(text, 0), "bad-text", "", "", "The SQL holds a NUL character.")
	case strings.TrimSpace(text) == "":
		return src.Refuse(NoPos, "empty", "", "", "The SQL is empty.")
	}
	return nil
}

// Lower reads DuckDB's serialised tree of text. Errors are *Refusal. The tree
// may be anything at all: it is data from a process that read hostile text.
func Lower(tree []byte, text string) (*Query, error) {
	if err := CheckText(text); err != nil {
		return nil, err
	}
	l := &lowering{src: Source{Text: text}}
	if len(tree) > maxTree {
		return nil, l.src.Refuse(NoPos, "too-complex", "", "", "The question is too complex.")
	}
	dec := json.NewDecoder(bytes.NewReader(tree))
	dec.UseNumber()
	var root any
	if err := dec.Decode(&root); err != nil {
		return nil, l.src.Refuse(NoPos, "bad-tree", "", "", "The parser's answer is not a syntax tree.")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, l.src.Refuse(NoPos, "bad-tree", "", "", "The parser's answer is not a syntax tree.")
	}
	return l.root(root)
}

func (l *lowering) root(v any) (*Query, error) {
	n, err := l.object(v, NoPos)
	if err != nil {
		return nil, err
	}
	if n.flag("error") {
		return nil, l.syntax(n)
	}
	statements := n.list("statements")
	if len(statements) > 1 {
		return nil, l.src.Refuse(locate(statements[1], 0), "several-statements", "", "Ask one question at a time.",
			"Several statements were given.")
	}
	if len(statements) != 1 {
		return nil, l.src.Refuse(NoPos, "empty", "", "", "There is no statement.")
	}
	statement, err := l.object(statements[0], NoPos)
	if err != nil {
		return nil, err
	}
	body := statement.take("node")
	statement.take("named_param_map") // says the same as the PARAMETER nodes
	if err := statement.finish(); err != nil {
		return nil, err
	}
	if err := n.finish(); err != nil {
		return nil, err
	}
	return l.selectOf(body)
}

// syntax explains a tree that says the text did not parse.
func (l *lowering) syntax(n *node) error {
	message := n.text("error_message")
	switch {
	case strings.HasPrefix(message, "Only SELECT statements"):
		return l.src.Refuse(l.firstWord(), "not-select", "", "Write one SELECT.", "Only SELECT is part of the language.")
	case strings.HasPrefix(message, "Max expression depth"):
		return l.src.Refuse(NoPos, "too-complex", "", "", "Conditions are nested too deeply.")
	}
	pos := NoPos
	if i, err := strconv.Atoi(n.text("position")); err == nil && i >= 0 {
		pos = i
	}
	return l.src.Refuse(pos, "syntax", "", "", "The SQL does not parse: %s.", plainMessage(message))
}

// plainMessage keeps a parser's message but for what it quotes, unless that is
// a bare word: a literal may hold somebody's id, and refusals are logged.
func plainMessage(message string) string {
	message, _, _ = strings.Cut(message, "\n")
	if before, near, ok := strings.Cut(message, " at or near "); ok && !quotedWord(near) {
		message = before
	}
	return strings.TrimRight(strings.Trim(Name(message), "`"), "!.")
}

func quotedWord(s string) bool {
	return len(s) > 2 && s[0] == '"' && s[len(s)-1] == '"' && strings.Trim(s[1:len(s)-1], bareWord) == ""
}

const bareWord = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"

// firstWord is the offset of the first character that is not blank.
func (l *lowering) firstWord() int {
	return len(l.src.Text) - len(strings.TrimLeft(l.src.Text, " \t\r\n;"))
}

// unsupported refuses a node type by its plain name.
func (l *lowering) unsupported(kind string, pos int) error {
	if name, ok := nodeNames[kind]; ok {
		return l.src.Refuse(pos, "unsupported-syntax", "", name[1], "%s not part of the language.", name[0])
	}
	return l.src.Refuse(pos, "unsupported-syntax", "", "", "%s is not part of the language.", Name(kind))
}
