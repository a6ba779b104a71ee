package main

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"parley/agreements"
	"parley/analysis/release"
	"parley/cleanroom"
	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/engine/duckdb"
	"parley/cmd/parley/rooms"
)

func TestMain(m *testing.M) {
	duckdb.ChildMain()
	os.Exit(m.Run())
}

// rowsASide is what the analyses are judged on.
const rowsASide = 50_000

// twelve are the analyses that must be there, by room. The one of three members
// is refused, with its reason.
var twelve = map[string][]string{
	"media": {"overlap", "segments", "reach_and_frequency", "lift", "closed_loop",
		"lookalike_affinity", "capped_audience"},
	"lending": {"credit_rates"},
	"health":  {"cohort_averages"},
	"reach":   {"deduplicated_reach"},
}

// threeMembers is why the analysis of three is refused.
const threeMembers = `2:14: Unions across owners do not exist in this version. Ask about each dataset by itself, or about two that are joined. The reach of two together is the sum of both, less those who are in both.`

// TestTheTwelve asks every shipped analysis of two real nodes over files of at
// least 50,000 rows a side and compares with plain DuckDB, which runs the same
// SQL: every value, and how many groups are withheld.
func TestTheTwelve(t *testing.T) {
	for name, analyses := range twelve {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, members, id := openRoom(t, name, rowsASide)
			for _, a := range analyses {
				if r.analysis(a) == nil {
					t.Errorf("the room has no analysis %s", a)
				}
			}
			for _, a := range r.Agreement.Analyses {
				t.Run(a.Name, func(t *testing.T) { askRoom(t, r, members, id, a.Name) })
			}
		})
	}
}

// openRoom starts the members of a built-in room as nodes of this process and
// has them agree.
func openRoom(t *testing.T, name string, rows int) (*room, map[string]*cleanroomtest.Member, string) {
	t.Helper()
	dir := t.TempDir()
	file, err := rooms.Unpack(name, dir, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := rooms.Generate(name, dir, rows); err != nil {
		t.Fatal(err)
	}
	r, err := readRoom(file)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Second)
	ra := r.Agreement
	o := cleanroom.DraftOptions{Title: r.Title, Purpose: ra.Purpose, Clauses: ra.Clauses, Terms: ra.Terms, MinGroupSize: ra.MinGroupSize, AdHoc: ra.AdHoc,
		DP: ra.DP, Receivers: ra.Receivers, Analyses: ra.Analyses, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	members := map[string]*cleanroomtest.Member{}
	var all []*cleanroomtest.Member
	for _, m := range r.Members {
		node := cleanroomtest.Start(t, m.Name)
		for _, c := range m.Contracts {
			contract, err := c.read(r.dir)
			if err != nil {
				t.Fatal(err)
			}
			if d := node.Add(t, string(contract), dir); d.Rows < int64(rows) {
				t.Errorf("%s of %s has %d rows, want at least %d", d.Name, m.Name, d.Rows, rows)
			}
		}
		members[m.Name], all = node, append(all, node)
		o.Members, o.Contracts = append(o.Members, node.Card), append(o.Contracts, node.Contracts...)
	}
	a, err := cleanroom.Draft(o)
	if err != nil {
		t.Fatal(err)
	}
	e, err := agreements.NewEnvelope(a)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if err := m.SignAgreement(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	return r, members, cleanroomtest.Give(t, e, all...)
}

func askRoom(t *testing.T, r *room, members map[string]*cleanroomtest.Member, id, analysis string) {
	asker := members[r.Ask.Member]
	run, err := asker.Submit(t.Context(), cleanroom.Question{Agreement: id, Analysis: analysis})
	if analysis == "deduplicated_reach" {
		if err == nil || err.Error() != threeMembers {
			t.Errorf("got %v, want %s", err, threeMembers)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	v, err := asker.Finish(t.Context(), run.ID)
	if err != nil || !cleanroomtest.Succeeded(v) {
		t.Fatalf("%v, %s", err, v.Error)
	}
	table := &release.Table{}
	if err := json.Unmarshal(v.Result, table); err != nil {
		t.Fatal(err)
	}
	if len(table.Rows) == 0 {
		t.Error("an answer without rows compares with nothing")
	}
	if err := r.judge(t.Context(), analysis, nil, table); err != nil {
		t.Errorf("%v\n%v", err, table.Rows)
	}
	t.Logf("covered: %d rows, withheld %d, in %.1f s", len(table.Rows), table.Withheld.Count, time.Since(began).Seconds())
}

// TestShippedAnalyses: what `parley analyses show` prints is an entry of an
// agreement's analyses, and every one has a description and a check.
func TestShippedAnalyses(t *testing.T) {
	all, err := shippedAnalyses()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range all {
		names = append(names, a.Name)
		text, err := asEntry(a)
		if err != nil {
			t.Fatal(err)
		}
		var back []agreements.Analysis
		if err := yaml.Unmarshal(text, &back); err != nil || len(back) != 1 || back[0].SQL != a.SQL || len(back[0].Parameters) != len(a.Parameters) {
			t.Errorf("%s: %v\n%s", a.Name, err, text)
		}
		if a.Description == "" {
			t.Errorf("%s has no description", a.Name)
		}
	}
	for room, analyses := range twelve {
		for _, a := range analyses {
			if !slices.Contains(names, a) {
				t.Errorf("%s of %s is not shipped", a, room)
			}
		}
	}
}
