package main

import (
	"slices"
	"strings"
	"testing"

	"parley/agreements"
	"parley/analysis"
	"parley/cleanroom/catalog"
	"parley/cleanroom/cleanroomtest"
	"parley/cmd/parley/rooms"
)

// TestSQLHelp: everything that `parley help sql` shows may be asked.
func TestSQLHelp(t *testing.T) {
	t.Parallel()
	a := unsigned(t, "media")
	n := 0
	for _, block := range strings.Split(sqlHelp, "\n\n") {
		if !strings.HasPrefix(block, "    ") {
			continue
		}
		n++
		_, err := analysis.Compile(t.Context(), cleanroomtest.Engine(), a, "sha256:00", "Publisher", analysis.Question{SQL: block})
		if err != nil {
			t.Errorf("%v:\n%s", err, block)
		}
	}
	if n < 8 {
		t.Errorf("%d statements found", n)
	}
	for _, line := range strings.Split(sqlHelp, "\n") {
		if len([]rune(line)) > 110 {
			t.Errorf("too long for a terminal: %s", line)
		}
	}
}

// unsigned is the agreement of a built-in room, without keys: enough to ask
// whether a question may be asked.
func unsigned(t *testing.T, room string) *agreements.Agreement {
	t.Helper()
	dir := t.TempDir()
	file, err := rooms.Unpack(room, dir, "")
	if err != nil {
		t.Fatal(err)
	}
	r, err := readRoom(file)
	if err != nil {
		t.Fatal(err)
	}
	a := &agreements.Agreement{Format: agreements.Format, Title: r.Title, Purpose: r.Agreement.Purpose, DP: agreements.NoDP(),
		MinGroupSize: r.Agreement.MinGroupSize, AdHoc: true, Receivers: slices.Clone(r.Agreement.Receivers), Analyses: r.Agreement.Analyses}
	for _, m := range r.Members {
		a.Members = append(a.Members, agreements.Member{Name: m.Name})
		for _, c := range m.Contracts {
			b, err := c.read(r.dir)
			if err != nil {
				t.Fatal(err)
			}
			contract, err := catalog.Load(b)
			if err != nil {
				t.Fatal(err)
			}
			rules, err := contract.Rules()
			if err != nil {
				t.Fatal(err)
			}
			a.Datasets = append(a.Datasets, agreements.Dataset{Name: contract.Name(), Owner: m.Name, ContractHash: contract.Hash(), Rules: rules})
		}
	}
	return a
}
