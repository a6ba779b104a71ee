package main

import (
	"fmt"
	"regexp"
	"strings"

	"parley/agreements"
)

// oracleSQL is the SQL by which plain DuckDB, over the tables of the room, gives
// the answer that an analysis must have: the analysis's own words, and of its
// groups those behind which there are enough units.
func (r *room) oracleSQL(analysis string, params map[string]string) (string, error) {
	check, known := r.Checks[analysis]
	a := r.analysis(analysis)
	if !known || a == nil {
		return "", fmt.Errorf("the room has no check of the analysis %q", analysis)
	}
	answer, err := literal(a, a.SQL, params)
	if err == nil && check.Values != "" {
		answer = "WITH answer AS (" + answer + ") " + check.Values
	}
	if err != nil || check.Units == "" {
		return answer, err
	}
	units, err := literal(a, check.Units, params)
	return fmt.Sprintf("SELECT answer.* FROM (%s) AS answer NATURAL JOIN (%s) AS behind WHERE behind.units >= %d ORDER BY ALL",
		answer, units, r.Agreement.MinGroupSize), err
}

// mustWithhold is how many groups the answer must say were withheld.
func (r *room) mustWithhold(analysis string, released int) int {
	return max(r.Checks[analysis].Cells-released, 0)
}

func (r *room) analysis(name string) *agreements.Analysis {
	for i := range r.Agreement.Analyses {
		if r.Agreement.Analyses[i].Name == name {
			return &r.Agreement.Analyses[i]
		}
	}
	return nil
}

var parameter = regexp.MustCompile(`\$[a-z_][a-z0-9_]*`)

// literal writes the parameters' values into SQL. That is for files of a room
// alone: a node binds them.
func literal(a *agreements.Analysis, sql string, params map[string]string) (out string, err error) {
	out = parameter.ReplaceAllStringFunc(sql, func(name string) string {
		for _, p := range a.Parameters {
			if "$"+p.Name != name {
				continue
			}
			value, ok := params[p.Name]
			if !ok {
				value = p.Default
			}
			if p.Type != agreements.List {
				return quoted(p.Type, value)
			}
			items, listErr := agreements.ListItems(value)
			if listErr != nil {
				err = fmt.Errorf("%s: %w", name, listErr)
			}
			for i := range items {
				items[i] = quoted(p.Of, items[i])
			}
			return strings.Join(items, ", ")
		}
		err = fmt.Errorf("%s is no parameter of %s", name, a.Name)
		return name
	})
	return out, err
}

// quoted writes a value of a type in SQL.
func quoted(t agreements.Type, value string) string {
	text := "'" + strings.ReplaceAll(value, "'", "''") + "'"
	switch t {
	case agreements.Integer, agreements.Decimal, agreements.Boolean:
		return value
	case agreements.Date:
		return "DATE " + text
	}
	return text
}
