// Package random holds the random query test: small random datasets of two
// members, random questions of the language, and plain DuckDB as the judge.
//
//	seed ──▶ world: two members' files, contracts, k, who overlaps with whom
//	     ──▶ questions, as SQL text
//	          │                                   │
//	   two real nodes over mTLS           plain DuckDB on the same files,
//	   (parse, plan, align, garble)       keys normalised by rules written here
//	          │                                   │  c ≥ k, n − c ≥ k, NULL below k
//	          └──────────── equal? ───────────────┘
//
// The judge knows the rules, not the plan: it runs the very text that the
// analyst asked, with the counts the rules need added to its select list.
// Nothing of it is shared with the product but DuckDB itself.
//
// The law (law_test.go) decides from the question's own tree and the owners'
// terms whether it may be asked at all; a node that answers what the law
// forbids has failed. A lawful question may be refused for the reasons in
// explained_test.go alone. Every other question is asked again with a trick of
// the red-team list (trick_test.go), which must be refused.
//
// Joins on time and LEFT JOIN have guards that are stricter than what they
// stand for: there, what is released must be right and allowed, and what was
// kept back is counted.
//
// Not made yet: SUM(v / n) over a counted join, typed parameters and lists of
// them, noise.
//
// A run is reproduced by its seed: PARLEY_SEED=… go test ./e2e/random, and
// one world of it by -run TestRandomQueries/world-07.
package random
