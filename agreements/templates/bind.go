package templates

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// role is {audience}, a table, or {audience.age_band}, a column of one.
var role = regexp.MustCompile(`\{([a-z_][a-z0-9_]*)(?:\.([a-z_][a-z0-9_]*))?\}`)

// rolesIn lists the roles in an analysis's SQL, each once, in their order:
// "audience", "audience.age_band". A brace that is part of none is an error.
func rolesIn(sql string) ([]string, error) {
	rest := role.ReplaceAllString(sql, "")
	if strings.ContainsAny(rest, "{}") {
		return nil, fmt.Errorf("a brace that is no role: write {table} or {table.column}")
	}
	var out []string
	for _, m := range role.FindAllStringSubmatch(sql, -1) {
		name := m[1]
		if m[2] != "" {
			name += "." + m[2]
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out, nil
}

// bound puts real names for the roles. names has one for every role.
func bound(sql string, names map[string]string) string {
	return role.ReplaceAllStringFunc(sql, func(m string) string { return identifier(names[m[1:len(m)-1]]) })
}

var simpleName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// identifier writes a name as SQL. What a parser could take for a word of its
// own is put in quotes.
func identifier(name string) string {
	if simpleName.MatchString(name) && !slices.Contains(reserved, name) {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// reserved are DuckDB's reserved words (duckdb_keywords(), category reserved)
// and the type names that it takes for the start of something else.
var reserved = strings.Fields(`all analyse analyze and any array as asc asymmetric both case cast check collate column constraint
	create default deferrable desc describe distinct do else end except false fetch for foreign from group having in initially
	intersect into lambda lateral leading limit not null offset on only or order pivot pivot_longer pivot_wider placing primary
	qualify references returning select show some summarize symmetric table then to trailing true union unique unpivot using
	variadic when where window with anti asof at authorization binary by collation concurrently cross exists freeze full generated
	glob ilike inner is isnull join left like map natural notnull outer overlaps positional right rows semi similar struct
	tablesample try_cast unpack values verbose`)

// pattern matches every binding of an analysis's SQL, the same name for the
// same role throughout: regexp has no back references, so the caller compares.
func pattern(sql string) (*regexp.Regexp, []string) {
	var b strings.Builder
	var roles []string
	last := 0
	b.WriteString("^")
	for _, m := range role.FindAllStringIndex(sql, -1) {
		b.WriteString(regexp.QuoteMeta(sql[last:m[0]]))
		b.WriteString(`([a-z_][a-z0-9_]*|"(?:[^"]|"")*")`)
		roles = append(roles, sql[m[0]+1:m[1]-1])
		last = m[1]
	}
	b.WriteString(regexp.QuoteMeta(sql[last:]) + "$")
	return regexp.MustCompile(b.String()), roles
}

// isBinding reports whether text is the analysis's SQL with names put for its
// roles, and nothing else changed.
func isBinding(sql, text string) bool {
	re, roles := pattern(strings.TrimSpace(sql))
	m := re.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return false
	}
	names := map[string]string{}
	for i, r := range roles {
		if have, ok := names[r]; ok && have != m[i+1] {
			return false
		}
		names[r] = m[i+1]
	}
	return true
}
