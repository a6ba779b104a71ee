package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs the terminal sessions of testdata/*.txtar. They have the
// binary on their PATH and these commands beside testscript's own:
//
//	exits N CMD…              run CMD; fail unless it exits with N
//	room [FLAG…]              alpha and beta under a signed agreement, 500
//	                          people; flags go to `agreement new`; sets
//	                          $AGREEMENT, $ALPHA and $BETA (their addresses)
//	data                      write the room's files and contracts alone
//	serve HOME                start a node and wait until it answers
//	halt HOME                 end it by SIGTERM; it must end with exit code 0
//	replace FILE REGEXP TEXT  change every match; there must be one
//	words HOME VAR            the words of the only partner of a node
//	connected HOME            wait until its only partner, which dials out, is there
//	ask HOME                  ask the room's join of the agreement whose id is in the file id
//	until REGEXP CMD…         repeat CMD until it prints what matches, for 30 s at most
//	find VAR REGEXP CMD…      set $VAR to the group of REGEXP in what CMD prints
//	ends-in FILE DURATION     set a draft's notAfter to that long from now
//	totp FILE STEPS           set $CODE to the one-time code of the secret that
//	                          a file has after "Secret: ", so many steps from now
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("PARLEY_UPDATE") != "", // rewrites golden text; read the difference
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", filepath.Dir(binary)+string(os.PathListSeparator)+os.Getenv("PATH"))
			env.Setenv("PARLEY_PASSPHRASE", passphrase)
			env.Setenv("TZ", "UTC")
			env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, "config")) // where sessions are kept
			env.Values[nodesKey{}] = map[string]*node{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "room": roomCmd, "data": dataCmd, "serve": serveCmd, "halt": haltCmd,
			"replace": replaceCmd, "ends-in": endsInCmd, "words": wordsCmd, "connected": connectedCmd, "ask": askCmd, "until": untilCmd, "find": findCmd, "totp": totpCmd,
		},
	})
}

func need(ts *testscript.TestScript, neg, ok bool, usage string) {
	if neg || !ok {
		ts.Fatalf("usage: %s", usage)
	}
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) >= 2, "exits N CMD…")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed):
		got = failed.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func roomCmd(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, true, "room [FLAG…]")
	r, err := openRoom(ts.Getenv("WORK"), 500, args...)
	ts.Check(err)
	ts.Setenv("AGREEMENT", r.agreement)
	ts.Setenv("ALPHA", r.alpha.address)
	ts.Setenv("BETA", r.beta.address)
}

func dataCmd(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) == 0, "data")
	ts.Check(errors.Join(writeData(ts.Getenv("WORK"), 500), writeContracts(ts.Getenv("WORK"))))
}

// nodesOf is what a script has started, by absolute home folder.
func nodesOf(ts *testscript.TestScript) map[string]*node {
	return ts.Value(nodesKey{}).(map[string]*node)
}

type nodesKey struct{}

func serveCmd(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) == 1, "serve HOME")
	n := &node{org: args[0], home: ts.MkAbs(args[0]), dir: ts.Getenv("WORK")}
	ts.Check(n.start())
	nodesOf(ts)[n.home] = n
	ts.Defer(func() { n.end(syscall.SIGKILL) })
}

func haltCmd(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) == 1, "halt HOME")
	n := nodesOf(ts)[ts.MkAbs(args[0])]
	if n == nil {
		ts.Fatalf("%s is not being served", args[0])
	}
	ts.Check(n.end(syscall.SIGTERM))
}

func replaceCmd(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) == 3, "replace FILE REGEXP TEXT")
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	b := []byte(ts.ReadFile(args[0]))
	if !re.Match(b) {
		ts.Fatalf("%s has nothing that matches %s", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), re.ReplaceAll(b, []byte(args[2])), 0o600))
}

func endsInCmd(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) == 2, "ends-in FILE DURATION")
	d, err := time.ParseDuration(args[1])
	ts.Check(err)
	end := time.Now().Add(d).UTC().Truncate(time.Second).Format(time.RFC3339)
	replaceCmd(ts, false, []string{args[0], `notAfter: .*`, "notAfter: " + end})
}

// TestScriptsToTheEnd: testscript's own command stop ends a script there and
// then, as passed, whatever comes after it.
func TestScriptsToTheEnd(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if at := regexp.MustCompile(`(?m)^(stop|skip)\b.*$`).Find(b); at != nil {
			t.Errorf("%s: %q ends the script", f, at)
		}
	}
}
