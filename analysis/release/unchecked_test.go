package release_test

import (
	"slices"
	"testing"

	"parley/analysis/release"
)

// What could not be checked stands on the answer in every form.
func TestUnchecked(t *testing.T) {
	table := &release.Table{MinGroupSize: 50, Unchecked: []string{"orders"}}
	const want = `Not checked against earlier questions: the owner of "orders" could not compare this one with all of them.`
	if !slices.Contains(table.Notes(), want) {
		t.Errorf("%q", table.Notes())
	}
	d, err := table.Document()
	if err != nil || !slices.Contains(d.Notes, want) || !slices.Equal(d.Unchecked, table.Unchecked) {
		t.Errorf("%+v %v", d, err)
	}
}
