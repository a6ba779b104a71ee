// Package e2e tests the built binary as its users meet it: commands in a
// terminal, and nodes in processes of their own that are killed, starved of
// disk space or handed forged documents.
//
// The scripts in testdata/*.txtar are terminal sessions. What they share is
// in script_test.go; what the Go tests share is in node_test.go and
// room_test.go. Tests under the build tag `servers` need root, to mount a
// tmpfs and to lay cables between network namespaces (see servers.sh); those
// under `long` take minutes (see long.sh).
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binary is the path of the parley under test: $PARLEY_BINARY, or one that is
// built once per test run.
var binary string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	if binary = os.Getenv("PARLEY_BINARY"); binary != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "parley-bin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "parley")
	build := exec.Command("go", "build", "-o", binary, "parley/cmd/parley")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build parley: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}
