package analysis_test

import (
	"slices"
	"testing"

	"parley/agreements"
	"parley/analysis/sql"
)

// TestFunctionNames: what an agreement can list is what the language has. A
// function that no rule could name would be out of its owner's control.
func TestFunctionNames(t *testing.T) {
	rules := agreements.Functions()
	slices.Sort(rules)
	if have := sql.FunctionNames(); !slices.Equal(rules, have) {
		t.Errorf("agreements list\n%v\nthe language has\n%v", rules, have)
	}
}
