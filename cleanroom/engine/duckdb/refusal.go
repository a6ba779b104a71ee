package duckdb

import (
	"errors"
	"fmt"
	"strings"

	"parley/agreements"
)

// misfit is a way in which a value does not fit its column. The numbers are
// what the staging table's code columns hold.
type misfit int

const (
	badCast   misfit = 1 // not a value of the declared type
	outside   misfit = 2 // beyond minimum or maximum
	offDomain misfit = 3 // not in the declared domain
	isNull    misfit = 4 // NULL in a required column
)

var misfits = []misfit{badCast, outside, offDomain, isNull}

// explainImport adds to explain the text for misfitting values.
func (e *Engine) explainImport(err error, rules agreements.Rules) error {
	var f failure
	if !errors.As(err, &f) || len(f.Problems) == 0 {
		return e.explain(err, e.opts.Import, whatImport)
	}
	var b strings.Builder
	b.WriteString("importing the dataset: some values do not fit the contract; correct the file or the contract, then import again")
	for _, p := range f.Problems {
		if p.Column < 0 || p.Column >= len(rules.Columns) {
			return errFrame
		}
		c := rules.Columns[p.Column]
		fmt.Fprintf(&b, "\n  column %q: %d %s %s (%s)", c.Name, p.Rows, plural(p.Rows, "row", "rows"),
			p.Kind.words(c), rowNumbers(p))
	}
	return errors.New(b.String())
}

func (m misfit) words(c agreements.Column) string {
	switch m {
	case badCast:
		if c.Type == agreements.Decimal {
			return fmt.Sprintf("not a decimal number of at most %d digits before the point", 18-c.Scale)
		}
		return map[agreements.Type]string{
			agreements.Text: "not text", agreements.Integer: "not a whole number of 64 bits",
			agreements.Date: "not a date such as 2024-01-31", agreements.Boolean: "not true or false",
		}[c.Type]
	case outside:
		switch {
		case c.Min == "":
			return "over the maximum " + c.Max
		case c.Max == "":
			return "under the minimum " + c.Min
		}
		return "outside " + c.Min + " … " + c.Max
	case offDomain:
		return "not in the declared domain"
	}
	return "empty although the contract says required"
}

func rowNumbers(p problem) string {
	var n []string
	for _, r := range p.First {
		n = append(n, fmt.Sprint(r))
	}
	s := plural(p.Rows, "row ", "rows ") + strings.Join(n, ", ")
	if p.Rows > int64(len(p.First)) {
		s += ", …"
	}
	return s
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
