// Package analysis turns an analyst's SQL into a plan, or refuses it.
//
//	Question ──engine parses──▶ tree ──sql.Lower──▶ sql.Query
//	         ──check.Bind(agreement)──▶ check.Query ──plan.Build──▶ plan.Plan
//
// Every owner's node compiles the question for itself, from the same text and
// its own copy of the agreement; nothing runs unless the plan hashes agree.
// The package executes nothing and reaches nothing: parsing is lent to it as
// an interface, because the parser is C++ and hostile text belongs in a child
// process with limits.
//
// Whatever is not allowed by name is refused, with a *Refusal that says where,
// why, and what would be allowed.
package analysis

import (
	"context"
	"errors"
	"fmt"

	"parley/agreements"
	"parley/analysis/check"
	"parley/analysis/plan"
	"parley/analysis/sql"
)

// Parser returns DuckDB's serialised syntax tree of a text, as JSON. A syntax
// error is in the tree. engine.Engine is one.
type Parser interface {
	Parse(ctx context.Context, sql string) ([]byte, error)
}

// Question is what an analyst asks: ad-hoc SQL, or the name of an approved
// analysis with its parameters. Exactly one of SQL and Analysis is set.
type Question struct {
	SQL      string            `json:"sql,omitempty"`
	Analysis string            `json:"analysis,omitempty"`
	Params   map[string]string `json:"params,omitempty"`
}

// Refusal says why a question was not accepted; see package sql.
type Refusal = sql.Refusal

// ColumnUse records a column that the question uses and the clause of the
// agreement that allows it.
type ColumnUse = check.ColumnUse

// Compiled is an accepted question.
type Compiled struct {
	Plan plan.Plan
	// Hash is the SHA-256 of the plan's canonical JSON.
	Hash [32]byte
	// Uses lists every use of a column, in the order of the SQL's clauses.
	Uses []ColumnUse
	// Warnings say in words, for the asker, what is allowed and most likely a
	// mistake, by the agreement and the question alone.
	Warnings []string
	// Asker is the member that asked; Analysis the approved analysis, if any.
	Asker    string
	Analysis string

	parsed *sql.Query
	// Selection is set for a one-owner plan without noise: see plan.Selection.
	Selection *plan.Local
}

// Compile checks a question of one member against an agreement, whose id is
// agreementID. A question that is not allowed gives a *Refusal; any other
// error comes from the parser (a child process that hit its limits).
func Compile(ctx context.Context, p Parser, a *agreements.Agreement, agreementID, asker string, q Question) (*Compiled, error) {
	out, err := compile(ctx, p, a, agreementID, asker, q)
	var refusal *Refusal
	if errors.As(err, &refusal) {
		named := *refusal
		named.Agreement, named.Title = agreementID, a.Title
		return nil, &named
	}
	return out, err
}

func compile(ctx context.Context, p Parser, a *agreements.Agreement, agreementID, asker string, q Question) (*Compiled, error) {
	if err := check.Asker(a, asker); err != nil {
		return nil, err
	}
	c := check.Context{Agreement: a, Asker: asker}
	text, err := question(a, q, &c)
	if err != nil {
		return nil, err
	}
	if err := sql.CheckText(text); err != nil {
		return nil, err
	}
	tree, err := p.Parse(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("parse the question: %w", err)
	}
	parsed, err := sql.Lower(tree, text)
	if err != nil {
		return nil, err
	}
	bound, err := check.Bind(parsed, c)
	if err != nil {
		return nil, err
	}
	out := &Compiled{Plan: plan.Build(bound, agreementID), Uses: bound.Uses, Warnings: bound.Warnings, Asker: asker, Analysis: q.Analysis, parsed: parsed}
	if out.Plan.Kind == plan.OneOwner && out.Plan.DP == nil {
		out.Selection = plan.Selection(bound)
	}
	if n := len(out.Plan.SQL); n > sql.MaxBytes {
		// Names are written out in full, so it can be longer than what was sent.
		return nil, sql.Source{}.Refuse(sql.NoPos, "too-long", "", "Use IN for many values of one column.",
			"The question has %d bytes when written out for its receipt, which holds %d.", n, sql.MaxBytes)
	}
	for _, l := range out.Plan.Locals {
		if len(l.SQL)+len(l.GroupsSQL) > maxLocal {
			return nil, sql.Source{}.Refuse(sql.NoPos, "too-complex", "", "Ask for fewer columns at a time, or round less deeply.",
				"The question makes too long a query for an owner's engine.")
		}
	}
	out.Hash, err = out.Plan.Hash()
	return out, err
}

// maxLocal bounds an owner's query in bytes: what rounds within rounds can be
// printed at far greater length than it was written.
const maxLocal = 2 << 20

// question finds the SQL to compile and binds the parameters.
func question(a *agreements.Agreement, q Question, c *check.Context) (string, error) {
	src := sql.Source{}
	switch {
	case q.SQL != "" && q.Analysis != "":
		return "", src.Refuse(sql.NoPos, "bad-question", "", "", "Give either SQL or the name of an analysis, not both.")
	case q.SQL == "" && q.Analysis == "":
		return "", src.Refuse(sql.NoPos, "bad-question", "", "", "Give SQL or the name of an analysis.")
	case q.SQL != "" && len(q.Params) > 0:
		return "", src.Refuse(sql.NoPos, "ad-hoc-parameter", "", "Write the values in the SQL.",
			"Parameters belong to approved analyses.")
	case q.SQL != "":
		if !a.AdHoc { // refused before hostile text reaches a parser
			return "", src.Refuse(sql.NoPos, "ad-hoc", "adHoc", check.AnalysesHint(a), "The agreement allows approved analyses only.")
		}
		return q.SQL, nil
	}
	c.Analysis = a.Analysis(q.Analysis)
	if c.Analysis == nil {
		return "", src.Refuse(sql.NoPos, "unknown-analysis", "analyses", check.AnalysesHint(a),
			"There is no analysis %s in this agreement.", sql.Name(q.Analysis))
	}
	var err error
	c.Params, err = check.Params(c.Analysis, q.Params)
	return c.Analysis.SQL, err
}
