package main

import (
	"context"
	"testing"
)

// usageText is what a command line is refused with before it does anything.
func usageText(t *testing.T, args ...string) string {
	t.Helper()
	c := root()
	c.SetArgs(args)
	sub, err := c.ExecuteContextC(context.Background())
	if err == nil {
		t.Fatalf("%q is done", args)
	}
	return usageError(sub, err).Error()
}

// TestUsageSaysWhatToWrite: what is missing is named with what it is for, and a
// question that stands alone is told where it belongs.
func TestUsageSaysWhatToWrite(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"template", "list"}, "--home is missing: DIR of the node, made by \"parley init\", or its socket for people\nRun `parley template list --help` for usage"},
		{[]string{"agreement", "suspend", "abcdef", "--home", "x"}, "--reason is missing: why, in one line that the other members read (--reason TEXT)\nRun `parley agreement suspend --help` for usage"},
		{[]string{"run", "overlap", "--home", "x", "--agreement", "y"}, `"overlap" is no flag; an approved analysis stands behind --analysis: parley run --analysis overlap`},
		{[]string{"explain", "SELECT 1", "--home", "x", "--agreement", "y"}, "a question in SQL stands behind --sql: parley explain --sql 'SELECT …'"},
		{[]string{"agreement", "accept", "--home", "x"}, "accepts 1 arg(s), received 0\nIt is written: parley agreement accept ID --home DIR"},
		{[]string{"start"}, "unknown command \"start\" for \"parley\"\n\nDid you mean this?\n\tserve\n"},
	} {
		if got := usageText(t, c.args...); got != c.want {
			t.Errorf("%q:\n%s", c.args, got)
		}
	}
}

func TestShellWord(t *testing.T) {
	for in, want := range map[string]string{"/home/a": "/home/a", "a b": "'a b'", "": "''", "it's": `'it'\''s'`, "$HOME": "'$HOME'"} {
		if got := shellWord(in); got != want {
			t.Errorf("%q: %s", in, got)
		}
	}
}
