package plan

import (
	"strconv"
	"strings"

	"parley/agreements"
	"parley/analysis/check"
)

// quote writes an identifier; names come from the agreement, never from the
// analyst, except for aliases in the receipt's text.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// readable quotes a name only where it must be, for people.
func readable(name string) string {
	for i, r := range name {
		if r != '_' && (r < 'a' || r > 'z') && (i == 0 || r < '0' || r > '9') {
			return quote(name)
		}
	}
	if name == "" || keywords[name] {
		return quote(name)
	}
	return name
}

// text writes a text literal.
func text(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// sqlType is the engine's type for a value.
func sqlType(v check.Value) string {
	switch v.Type {
	case agreements.Integer:
		return "BIGINT"
	case agreements.Decimal:
		return "DECIMAL(18, " + strconv.Itoa(v.Scale) + ")"
	case agreements.Date:
		return "DATE"
	case agreements.Boolean:
		return "BOOLEAN"
	}
	return "VARCHAR"
}

// literal writes a value as the analyst would.
func literal(v check.Value) string {
	switch v.Type {
	case agreements.Integer, agreements.Decimal:
		return v.Text
	case agreements.Date:
		return "DATE " + text(v.Text)
	case agreements.Boolean:
		return strings.ToUpper(v.Text)
	}
	return text(v.Text)
}
