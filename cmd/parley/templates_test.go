package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/agreements"
	"parley/agreements/templates"
	"parley/analysis"
	"parley/cleanroom/catalog"
	"parley/cleanroom/cleanroomtest"
	"parley/cmd/parley/rooms"
)

// overRooms says which built-in room's contracts each shipped template is
// filled in with, and what is called otherwise there.
var overRooms = map[string]struct {
	room            string
	tables, columns map[string]string
}{
	"audience-overlap":      {room: "media"},
	"retail-media":          {room: "media"},
	"publisher-attribution": {room: "media"},
	"campaign-measurement":  {room: "media"},
	"credit-signals":        {room: "lending"},
	"health-cohort":         {room: "health"},
}

// fillOver fills a shipped template with stand-ins for members over the
// contracts of a room.
func fillOver(t *testing.T, s *templates.Template) *agreements.Agreement {
	t.Helper()
	c, ok := overRooms[s.Name]
	if !ok {
		t.Fatalf("no room for %s", s.Name)
	}
	dir := t.TempDir()
	file, err := rooms.Unpack(c.room, dir, "")
	if err != nil {
		t.Fatal(err)
	}
	r, err := readRoom(file)
	if err != nil {
		t.Fatal(err)
	}
	sample, err := s.Sample(nil)
	if err != nil {
		t.Fatal(err)
	}
	f := templates.Filling{NotBefore: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), Tables: c.tables, Columns: c.columns, Values: map[string]string{}}
	for i, m := range r.Members {
		card := sample.Members[i]
		card.Name = m.Name
		f.Members = append(f.Members, card)
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
			f.Datasets = append(f.Datasets, agreements.Dataset{Name: contract.Name(), Owner: m.Name, ContractHash: contract.Hash(), Rules: rules})
		}
	}
	for _, b := range s.Blanks {
		if b.Default == "" {
			f.Values[b.Name] = b.Example
		}
	}
	a, err := s.Fill(f)
	if err != nil {
		t.Fatalf("%s: %v", s.Name, err)
	}
	return a
}

// TestTemplatesOverRooms: every shipped template makes an agreement of a
// room's contracts that differs from it in nothing, and each of its analyses
// compiles over them.
func TestTemplatesOverRooms(t *testing.T) {
	for _, s := range templates.Shipped() {
		t.Run(s.Name, func(t *testing.T) {
			a := fillOver(t, s)
			if d := s.Differences(a); len(d) > 0 {
				t.Errorf("it differs: %v", d)
			}
			id, err := a.ID()
			if err != nil {
				t.Fatal(err)
			}
			if len(a.Analyses) == 0 {
				t.Error("no analysis")
			}
			for i := range a.Analyses {
				q := analysis.Question{Analysis: a.Analyses[i].Name, Params: templates.SampleParameters(&a.Analyses[i])}
				if _, err := analysis.Compile(context.Background(), cleanroomtest.Engine(), a, id, a.Receivers[0], q); err != nil {
					t.Errorf("%s: %v\n%s", a.Analyses[i].Name, err, a.Analyses[i].SQL)
				}
			}
		})
	}
}

// TestFilledTemplateReads is the text of an agreement made from a template, as
// people get to read it before they sign.
func TestFilledTemplateReads(t *testing.T) {
	for _, s := range templates.Shipped() {
		if s.Name != "health-cohort" {
			continue
		}
		e, err := agreements.NewEnvelope(fillOver(t, s))
		if err != nil {
			t.Fatal(err)
		}
		b, err := rendered(e, nil, renderers["text"])
		if err != nil {
			t.Fatal(err)
		}
		// The clauses alone: head and annex are package render's.
		_, got, _ := strings.Cut(string(b), "\n1. ")
		got, _, _ = strings.Cut("1. "+got, "\nSignatures\n---")
		file := filepath.Join("testdata", "health-cohort.txt")
		if os.Getenv("PARLEY_UPDATE") != "" {
			if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("PARLEY_UPDATE=1 writes it anew:\n%v", templates.Words(string(want), got))
		}
		for _, part := range []string{"{{", "}}", "[["} {
			if strings.Contains(got, part) {
				t.Errorf("the text has %q left", part)
			}
		}
	}
}
