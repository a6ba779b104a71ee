package main

import (
	"strings"
	"testing"

	"parley/cleanroom"
	"parley/cleanroom/store"
)

// Runs can be told apart by what was asked, and a long error does not widen the
// table.
func TestRunsText(t *testing.T) {
	long := "SELECT a.interest,\n  COUNT(DISTINCT a.email) AS people FROM audience a JOIN orders o ON a.email = o.mail"
	text := runsText([]cleanroom.View{
		{ID: "aa", State: store.Success, Asker: "Shop", Question: []byte(`{"sql":"SELECT 1\u001b[31m"}`)},
		{ID: "bb", State: store.Failed, Asker: "Shop", Question: []byte(`{"analysis":"overlap"}`), Error: "the budget is spent"},
		{ID: "cc", State: store.Success, Asker: "Shop", Question: []byte(`{"sql":"` + strings.ReplaceAll(long, "\n", "\\n") + `"}`)},
	})
	lines := strings.Split(text, "\n")
	for i, want := range []string{"QUESTION", "SELECT 1�[31m", "overlap", "  the budget is spent", "SELECT a.interest, COUNT(DISTINCT a.email) AS people FROM …", ""} {
		if i >= len(lines) || !strings.HasSuffix(lines[i], want) {
			t.Fatalf("line %d does not end in %q:\n%s", i, want, text)
		}
	}
	if at := strings.Index(lines[0], "QUESTION"); strings.Index(lines[2], "overlap") != at {
		t.Errorf("not aligned:\n%s", text)
	}
}

// A question that waits for approval is shown as an owner can read it, and
// cannot be shown as another one: neither by turning its letters round, nor by a
// terminal's commands, nor by what stands after a comment or very far behind.
func TestWaitingText(t *testing.T) {
	for question, want := range map[string]string{
		`{"sql":"SELECT 1 /* \u202e 2 \u009b31m */"}`:                                      "SELECT 1 /* � 2 �31m */",
		`{"sql":"SELECT COUNT(*) AS n\n  FROM\tvisits\r\n"}`:                               "SELECT COUNT(*) AS n FROM visits",
		`{"sql":"SELECT COUNT(*) -- WHERE FALSE\nFROM visits"}`:                            "SELECT COUNT(*) -- WHERE FALSE ↵ FROM visits",
		`{"sql":"SELECT 'a  b'"}`:                                                          "SELECT 'a  b'",
		`{"analysis":"overlap"}`:                                                           "overlap",
		`{"analysis":"sales","params":{"until":"2026-01-31","campaign":"spr\u202eing\""}}`: `sales (campaign = "spr\u202eing\"", until = "2026-01-31")`,
		`{"sql":"` + strings.Repeat("x", 1599) + `y"}`:                                     strings.Repeat("x", 600) + " … [cut: the first 600 of 1,600 characters; --json shows all]",
		`{"sql":7}`: `{"sql":7}`,
	} {
		text := waitingText([]store.Approval{{ID: "aa", Asker: "Shop", Question: []byte(question)}})
		if !strings.HasSuffix(text, "  "+want+"\n") || strings.Count(text, "\n") != 2 {
			t.Errorf("%s\ngot  %q\nwant %q", question, text, want)
		}
	}
}

func TestBoth(t *testing.T) {
	for want, names := range map[string][]string{"": nil, "A": {"A"}, "A and B": {"A", "B"}, "A, B and C": {"A", "B", "C"}} {
		if got := both(names); got != want {
			t.Errorf("%v: %q, want %q", names, got, want)
		}
	}
}
