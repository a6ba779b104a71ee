package e2e

import (
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// partnerOf is the only partner of a node.
func partnerOf(ts *testscript.TestScript, home string) (p struct {
	Words       []string `json:"words"`
	Connections int      `json:"connections"`
}) {
	c := exec.Command(binary, "partner", "list", "--json", "--home", ts.MkAbs(home))
	c.Env = append(c.Environ(), "PARLEY_PASSPHRASE="+passphrase)
	out, err := c.Output()
	ts.Check(err)
	list := []*struct {
		Words       []string `json:"words"`
		Connections int      `json:"connections"`
	}{}
	if err := json.Unmarshal(out, &list); err != nil || len(list) != 1 {
		ts.Fatalf("partners of %s: %s (%v)", home, out, err)
	}
	p.Words, p.Connections = list[0].Words, list[0].Connections
	return p
}

func wordsCmd(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) == 2, "words HOME VAR")
	ts.Setenv(args[1], strings.Join(partnerOf(ts, args[0]).Words, "-"))
}

func connectedCmd(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) == 1, "connected HOME")
	for end := time.Now().Add(30 * time.Second); partnerOf(ts, args[0]).Connections == 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			ts.Check(errors.New("the partner did not connect within 30 s"))
		}
	}
}

func askCmd(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, len(args) == 1, "ask HOME")
	ts.Check(ts.Exec("parley", "run", "-q", "--home", args[0], "--agreement", strings.TrimSpace(ts.ReadFile("id")), "--sql", joinSQL))
}
