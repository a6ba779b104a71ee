package sql

import "fmt"

// Refusal says why a question was not accepted. Its text is for the analyst
// and holds nothing but what the analyst wrote and what the agreement says.
type Refusal struct {
	// Code is a stable word for programs, such as "unknown-column".
	Code string `json:"code"`
	// What was refused, a full sentence.
	What string `json:"what"`
	// Line and Column are 1-based positions in the submitted SQL; 0: unknown.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
	// Clause is the place in the agreement that forbids it, such as
	// `datasets.orders.columns`; empty when the language itself does.
	Clause string `json:"clause,omitempty"`
	// Agreement is the id of the agreement that the question was held to, and
	// Title its title; empty where the question was not held to one.
	Agreement string `json:"agreement,omitempty"`
	Title     string `json:"title,omitempty"`
	// Hint says what would be allowed.
	Hint string `json:"hint,omitempty"`
}

// Error prints the refusal on one line.
func (r *Refusal) Error() string {
	s := r.What
	if r.Line > 0 {
		s = fmt.Sprintf("%d:%d: %s", r.Line, r.Column, s)
	}
	if r.Clause != "" {
		s += " [" + r.Clause + "]"
	}
	if r.Hint != "" {
		s += " " + r.Hint
	}
	return s
}
