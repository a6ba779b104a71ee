package cleanroom

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestReferenceFigures: the figures that estimates rest on are those that
// `make bench` last recorded.
func TestReferenceFigures(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../e2e/bench/latest.json")
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]json.RawMessage
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	var figures map[string]map[string]map[string]float64 // package, benchmark, unit
	if err := json.Unmarshal(file["figures"], &figures); err != nil {
		t.Fatal(err)
	}
	for name, used := range reference {
		var want float64
		if raw, top := file[name]; top {
			if err := json.Unmarshal(raw, &want); err != nil {
				t.Fatal(err)
			}
		} else {
			parts := strings.SplitN(name, ".", 3)
			want = figures["parley/crypto/"+parts[0]][parts[1]][parts[2]]
		}
		if used != want {
			t.Errorf("%s: %v is used, %v was measured; copy the new figure into reference.go", name, used, want)
		}
	}
}
