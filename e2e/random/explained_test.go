package random

import "parley/analysis/sql"

// A lawful question may be refused for these reasons alone. Each is a limit
// that the documentation states; the counts are printed with the coverage.
var reasons = []struct {
	code, why string
	when      func(q *question) bool
}{}

// explained reports whether the refusal of a lawful question is accounted for.
func explained(q *question, r *sql.Refusal) bool {
	for _, x := range reasons {
		if x.code == r.Code && x.when(q) {
			return true
		}
	}
	return false
}
