// Package templates holds the forms from which agreements are made: clauses in
// plain language with typed blanks, the policy those clauses quote, and the
// analyses that may be asked.
//
//	Markdown ──Parse──▶ Template ──Fill(members, datasets, values)──▶ agreements.Agreement
//	                       │
//	                       ├─Hash─▶ what people approve, see Decide and VerifyDecision
//	                       ├─Text─▶ what people read: clauses, blanks, what each rule means
//	                       └─Differences(agreement)─▶ where an agreement departs from it
//
// A file is Markdown with a YAML head; see shipped/ for six that come with the
// program. Table and column names of an analysis are roles in braces, bound to
// real ones when the template is filled in.
//
// The package imports agreements only, opens nothing and reads no clock.
package templates
