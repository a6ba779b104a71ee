// Package sql turns DuckDB's serialised syntax tree of one SELECT into the
// small syntax tree of the analyst's language.
//
// It is an allowlist twice over: a node type that is not named here is
// refused, and so is a field of a known node that holds anything but its
// default, whether or not this package has ever heard of it. A later DuckDB
// that adds a clause therefore adds a refusal, never a hole.
//
//	text ──engine (child process)──▶ JSON tree ──Lower──▶ Query
//
// The tree knows nothing of agreements; package check compares it with one.
// Analysts' text never reaches an engine: local plans are printed anew.
package sql

// MaxBytes is the longest SQL text that is looked at.
const MaxBytes = 64 << 10

// Limits on the shape of a question. They are far above what people write and
// keep the work of every later step small.
const (
	maxTree   = 4 << 20 // bytes of the serialised tree; decoded, it takes 30 times that
	maxDepth  = 64      // nesting of conditions and expressions
	maxItems  = 64      // columns of the answer, GROUP BY and ORDER BY keys
	maxInList = 1000    // values of one IN
	maxViews  = 16      // subqueries of one question
	maxTables = 8       // tables of FROM
	maxArms   = 64      // WHEN … THEN … of one CASE
	maxLimit  = 1 << 31 // LIMIT
)
