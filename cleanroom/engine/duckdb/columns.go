package duckdb

import (
	"fmt"
	"strings"

	"parley/agreements"
)

// sqlType is the type a column has in a snapshot.
func sqlType(c agreements.Column) (string, bool) {
	switch c.Type {
	case agreements.Text:
		return "VARCHAR", true
	case agreements.Integer:
		return "BIGINT", true
	case agreements.Decimal:
		return fmt.Sprintf("DECIMAL(18,%d)", c.Scale), c.Scale >= 0 && c.Scale <= 6
	case agreements.Date:
		return "DATE", true
	case agreements.Boolean:
		return "BOOLEAN", true
	}
	return "", false
}

// castSQL converts a source expression to the column's type, NULL where it
// cannot. DuckDB's own TRY_CAST would turn 1.5 and '1_000' into whole numbers
// and accept infinite dates; those are refused. Decimals round half away from
// zero, as they are written; a timestamp's time of day is dropped.
func castSQL(c agreements.Column, src, srcType string) string {
	typ, _ := sqlType(c)
	cast := fmt.Sprintf("TRY_CAST(%s AS %s)", src, typ)
	isText := srcType == "VARCHAR"
	switch c.Type {
	case agreements.Integer:
		switch {
		case isText:
			return fmt.Sprintf("CASE WHEN regexp_full_match(%s, ' *[+-]?[0-9]+ *') THEN %s END", src, cast)
		case srcType == "FLOAT" || srcType == "DOUBLE" || strings.HasPrefix(srcType, "DECIMAL"):
			return fmt.Sprintf("CASE WHEN %[1]s = trunc(%[1]s) THEN %[2]s END", src, cast)
		}
	case agreements.Decimal:
		switch {
		case isText:
			return fmt.Sprintf("CASE WHEN regexp_full_match(%s, ' *[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]{1,2})? *') THEN %s END", src, decimalSQL(src, typ))
		case srcType == "FLOAT" || srcType == "DOUBLE":
			// The shortest decimal that reads back as this number is what its
			// owner wrote. A direct cast rounds the binary number, which of 1.005
			// makes 1.00.
			return decimalSQL("CAST("+src+" AS VARCHAR)", typ)
		}
	case agreements.Date:
		return fmt.Sprintf("CASE WHEN isfinite(%[1]s) THEN %[1]s END", cast)
	}
	return cast
}

// decimalSQL converts text to typ. An exponent needs the way by a type with
// room for every digit, which is slow: at once, DuckDB makes 0.001 of '5e-05'
// as DECIMAL(18,3).
func decimalSQL(text, typ string) string {
	return fmt.Sprintf("CASE WHEN contains(%[1]s, 'e') OR contains(%[1]s, 'E') THEN TRY_CAST(TRY_CAST(%[1]s AS DECIMAL(38,20)) AS %[2]s) ELSE TRY_CAST(%[1]s AS %[2]s) END",
		text, typ)
}

// misfitSQL is 0 where the value fits and a misfit's number where it does not.
// src is the raw value, val the converted one.
func misfitSQL(c agreements.Column, src, val string) string {
	var b strings.Builder
	null := isNull
	if c.Nullable {
		null = 0
	}
	fmt.Fprintf(&b, "CASE WHEN %s IS NULL THEN %d WHEN %s IS NULL THEN %d", src, null, val, badCast)
	typ, _ := sqlType(c)
	if c.Min != "" {
		fmt.Fprintf(&b, " WHEN %s < CAST(%s AS %s) THEN %d", val, text(c.Min), typ, outside)
	}
	if c.Max != "" {
		fmt.Fprintf(&b, " WHEN %s > CAST(%s AS %s) THEN %d", val, text(c.Max), typ, outside)
	}
	if len(c.Domain) > 0 {
		var list []string
		for _, v := range c.Domain {
			list = append(list, text(v))
		}
		fmt.Fprintf(&b, " WHEN CAST(%s AS VARCHAR) NOT IN (%s) THEN %d", val, strings.Join(list, ", "), offDomain)
	}
	b.WriteString(" ELSE 0 END")
	return b.String()
}
