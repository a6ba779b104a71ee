package audit

import (
	"os"
	"strings"
	"testing"
)

// The example in AUDIT.md is what the code writes.
func TestSpecExample(t *testing.T) {
	d := newMemory()
	l := openLog(t, d)
	fill(t, l, 2)
	spec, err := os.ReadFile("AUDIT.md")
	must(t, err)
	for _, name := range []string{"entries/000", "checkpoint"} {
		if !strings.Contains(string(spec), d.text(name)) {
			t.Errorf("AUDIT.md does not show %s as\n%s", name, d.text(name))
		}
	}
	for _, k := range DetailKeys() {
		if !strings.Contains(string(spec), "| "+k.Key+" | "+k.Shape+" | "+k.Doc+" |\n") {
			t.Errorf("AUDIT.md lacks: | %s | %s | %s |", k.Key, k.Shape, k.Doc)
		}
	}
}
