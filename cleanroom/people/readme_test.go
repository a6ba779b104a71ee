package people

import (
	"os"
	"strings"
	"testing"
)

// TestReadme: the table of the README is the one that is enforced.
func TestReadme(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), MatrixMarkdown()) {
		t.Errorf("README.md should have this table:\n%s", MatrixMarkdown())
	}
}
