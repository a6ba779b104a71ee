package main

import (
	"errors"

	"github.com/spf13/cobra"

	"parley/analysis"
	"parley/cleanroom/api"
)

// refusedError is a refusal together with the SQL it is about.
type refusedError struct {
	error
	refusal *analysis.Refusal
	sql     string
}

func (e *refusedError) Unwrap() error { return e.error }

// refusedJSON keeps the SQL with a refusal, so that the place can be shown. With
// asJSON the refusal goes to standard output as well, as {"refusal": …}.
func refusedJSON(cmd *cobra.Command, sql string, asJSON bool, err error) error {
	var p *api.Problem
	if !errors.As(err, &p) || p.Refusal == nil {
		return err
	}
	if asJSON {
		err = errors.Join(err, printJSON(cmd, map[string]*analysis.Refusal{"refusal": p.Refusal}))
	}
	return &refusedError{err, p.Refusal, sql}
}

// message is an error as people read it.
func message(err error) string {
	var r *refusedError
	if errors.As(err, &r) {
		return r.refusal.Text(r.sql)
	}
	var p *api.Problem
	if errors.As(err, &p) && p.Refusal != nil {
		return p.Refusal.Text("")
	}
	return err.Error()
}
