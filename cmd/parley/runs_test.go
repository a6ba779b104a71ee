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

// A question that waits for approval cannot be shown as another one: neither by
// turning its letters round nor by a terminal's commands.
func TestWaitingText(t *testing.T) {
	text := waitingText([]store.Approval{{ID: "aa", Asker: "Shop", Question: []byte("{\"sql\":\"SELECT 1 /* \u202e 2 \u009b31m */\"}")}})
	if !strings.HasSuffix(text, "{\"sql\":\"SELECT 1 /* � 2 �31m */\"}\n") {
		t.Errorf("%q", text)
	}
}

func TestBoth(t *testing.T) {
	for want, names := range map[string][]string{"": nil, "A": {"A"}, "A and B": {"A", "B"}, "A, B and C": {"A", "B", "C"}} {
		if got := both(names); got != want {
			t.Errorf("%v: %q, want %q", names, got, want)
		}
	}
}
