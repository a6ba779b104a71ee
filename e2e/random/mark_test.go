package random

import (
	"regexp"
	"strings"

	"parley/agreements"
)

// mark is one use of a column by a question: what an owner's rules speak of.
type mark struct {
	field
	use       agreements.Use
	tests     []string // = <> < <= > >= in between like, is null
	functions []string
	denied    bool // by NOT: x <= y may stand for x > y
}

var (
	quoted   = regexp.MustCompile(`'(?:[^']|'')*'`)
	dated    = regexp.MustCompile(`DATE Q|INTERVAL \d+ DAY`)
	testWord = regexp.MustCompile(`IS (?:NOT )?NULL|\bIN \(|\bBETWEEN\b|\bLIKE\b|<>|!=|<=|>=|=|<|>`)
	called   = regexp.MustCompile(`([a-z_]+) ?\(`)
	sign     = regexp.MustCompile(`//|[-+*%]`)
	negative = regexp.MustCompile(`(^|[(,=<>] ?|AND |BETWEEN |THEN |ELSE )-(\d)`)
)

// marksOf reads the tests and functions of an expression that this package
// wrote, with @ for its columns, as uses of fields.
func marksOf(text string, use agreements.Use, fields ...field) []mark {
	text = quoted.ReplaceAllString(text, "Q")
	shifted := strings.Contains(text, "INTERVAL")
	text = dated.ReplaceAllString(text, "Q")
	m := mark{use: use}
	for _, w := range testWord.FindAllString(text, -1) {
		switch {
		case strings.HasPrefix(w, "IS"):
			w = "is null"
		case w == "!=":
			w = "<>"
		}
		m.tests = append(m.tests, strings.ToLower(strings.TrimSuffix(w, " (")))
	}
	m.turn(text)
	for _, f := range called.FindAllStringSubmatch(text, -1) {
		if f[1] == "year" || f[1] == "month" || f[1] == "extract" {
			f[1] = "date_part"
		}
		m.functions = append(m.functions, f[1])
	}
	m.functions = append(m.functions, sign.FindAllString(negative.ReplaceAllString(text, "$1$2"), -1)...)
	if shifted && len(m.functions) == 0 {
		m.functions = append(m.functions, "+")
	}
	if strings.Contains(text, "CASE") {
		m.functions = append(m.functions, "case")
	}
	var out []mark
	for _, f := range fields {
		m.field = f
		out = append(out, m)
	}
	return out
}

var plainTest = regexp.MustCompile(`^@ (?:[<>=!]+ [^@(]*|(?:NOT )?(?:BETWEEN|IN|LIKE) [^@]*|IS (?:NOT )?NULL)$`)
var valueFirst = regexp.MustCompile(`^[^@(]* [<>=!]+ @$`)

// turn gives the order tests of a column that stands inside an expression, or
// on the right: -x < 5 tells what x > -5 does.
func (m *mark) turn(text string) {
	turned := map[string]string{"<": ">", ">": "<", "<=": ">=", ">=": "<="}
	if plainTest.MatchString(text) {
		return
	}
	for i, w := range m.tests {
		switch other, ordered := turned[w]; {
		case !ordered:
		case valueFirst.MatchString(text):
			m.tests[i] = other
		default:
			m.tests = append(m.tests, other)
		}
	}
}
