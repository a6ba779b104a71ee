package e2e

import (
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// untilCmd waits until a command prints what it should: what one node does
// reaches the other a moment later.
func untilCmd(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) >= 2, "until REGEXP CMD…")
	want := regexp.MustCompile("(?m)" + args[0])
	var out string
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if out = output(ts, args[1:]...); want.MatchString(out) {
			return
		}
	}
	ts.Fatalf("%s: nothing matches %s within 30 s:\n%s", strings.Join(args[1:], " "), args[0], out)
}

// findCmd sets a variable to the one match of an expression's group in what a
// command prints.
func findCmd(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) >= 3, "find VAR REGEXP CMD…")
	found := regexp.MustCompile("(?m)"+args[1]).FindAllStringSubmatch(output(ts, args[2:]...), -1)
	if len(found) != 1 || len(found[0]) != 2 {
		ts.Fatalf("%s has %d matches of %s", strings.Join(args[2:], " "), len(found), args[1])
	}
	ts.Setenv(args[0], found[0][1])
}

// output is what a command prints; that it failed shows in it.
func output(ts *testscript.TestScript, args ...string) string {
	_ = ts.Exec(args[0], args[1:]...)
	return ts.ReadFile("stdout") + ts.ReadFile("stderr")
}
