package sql

import (
	"math/big"
	"strings"
)

// interval recognises INTERVAL n DAY or WEEK, which the parser writes as
// to_days(CAST(trunc(CAST(n AS DOUBLE)) AS INTEGER)), and returns its days.
// Other units have no fixed number of days.
func (l *lowering) interval(v any, outer int) (days *Literal, ok bool, err error) {
	m, _ := v.(map[string]any)
	name, _ := m["function_name"].(string)
	refused := func() (*Literal, bool, error) {
		return nil, true, l.src.Refuse(locateOr(v, outer), "unsupported-syntax", "", "Write INTERVAL 7 DAY or INTERVAL 1 WEEK; date_trunc rounds to months and years.",
			"This interval is not part of the language.")
	}
	if to, _ := m["cast_type"].(map[string]any); to["id"] == "INTERVAL" {
		return refused()
	}
	if m["type"] != "FUNCTION" || !strings.HasPrefix(name, "to_") {
		return nil, false, nil
	}
	perUnit := map[string]int64{"to_days": 1, "to_weeks": 7}[name]
	lit, err := l.wrapped(v, outer)
	if err != nil || lit == nil || lit.Kind != IntegerLiteral || perUnit == 0 {
		return refused()
	}
	n, _ := new(big.Int).SetString(lit.Text, 10)
	lit.Text = n.Mul(n, big.NewInt(perUnit)).String()
	return lit, true, nil
}

// wrapped opens to_days(CAST(trunc(CAST(n AS DOUBLE)) AS INTEGER)).
func (l *lowering) wrapped(v any, outer int) (*Literal, error) {
	for _, layer := range []struct{ kind, says string }{
		{"FUNCTION", ""}, {"OPERATOR_CAST", "INTEGER"}, {"FUNCTION", "trunc"}, {"OPERATOR_CAST", "DOUBLE"},
	} {
		n, err := l.object(v, outer)
		if err != nil || n.kind != layer.kind {
			return nil, err
		}
		if layer.kind == "FUNCTION" {
			name, kids := n.text("function_name"), n.list("children")
			if len(kids) != 1 || (layer.says != "" && name != layer.says) {
				return nil, nil
			}
			v = kids[0]
		} else {
			to, _ := n.take("cast_type").(map[string]any)
			if to["id"] != layer.says || !only(to, "id") {
				return nil, nil
			}
			v = n.take("child")
		}
		if err := n.finish(); err != nil {
			return nil, err
		}
	}
	n, err := l.object(v, outer)
	if err != nil || n.kind != "VALUE_CONSTANT" {
		return nil, err
	}
	return l.constant(n)
}
