package align

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// The worked example of ALIGN.md shows the bytes of the first vector.
func TestWorkedExample(t *testing.T) {
	doc, err := os.ReadFile("ALIGN.md")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(vectorFile)
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	squeezed := strings.Join(strings.Fields(string(doc)), "")
	for step, b := range all[0].Messages {
		if !strings.Contains(squeezed, b) {
			t.Errorf("message %q of the example is not in ALIGN.md", step)
		}
	}
	if !strings.Contains(squeezed, all[0].Transcript) {
		t.Error("the transcript hash of the example is not in ALIGN.md")
	}
}
