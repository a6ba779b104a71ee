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
// A run is reproduced by its seed: PARLEY_SEED=… go test ./e2e/random, and
// one world of it by -run TestRandomQueries/world-07.
package random
