package duckdb

import (
	"fmt"

	"parley/agreements"
)

// maxUnit is the longest unit in bytes; longer keys are malformed.
const maxUnit = 1024

func checkUnit(u agreements.Unit) error {
	switch u.Normalisation {
	case agreements.NormExact, agreements.NormEmail, agreements.NormSHA256:
		return nil
	case agreements.NormPhone:
		return checkRegion(u.Region)
	}
	return fmt.Errorf("normalisation %q is unknown", u.Normalisation)
}

// unitSQL returns the expression that turns the raw key k (VARCHAR) into the
// unit (BLOB), NULL when k is malformed. Phone numbers need a library and are
// turned into units by phone.go.
func unitSQL(n agreements.Normalisation, k string) string {
	switch n {
	case agreements.NormEmail:
		m := "lower(trim(" + k + "))"
		return fmt.Sprintf(`CASE WHEN strlen(%[1]s) <= %[2]d AND regexp_full_match(%[1]s, '[^@\x00-\x20\x7f]+@[^@\x00-\x20\x7f]+') THEN encode(%[1]s) END`,
			m, maxUnit)
	case agreements.NormSHA256:
		return fmt.Sprintf(`CASE WHEN strlen(%[1]s) = 64 AND regexp_full_match(%[1]s, '[0-9a-fA-F]{64}') THEN unhex(%[1]s) END`, k)
	}
	return fmt.Sprintf(`CASE WHEN strlen(%[1]s) BETWEEN 1 AND %[2]d THEN encode(%[1]s) END`, k, maxUnit)
}
