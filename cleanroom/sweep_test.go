package cleanroom

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"parley/cleanroom/store"
)

// What an interrupted import left is removed at the start, and no dataset's
// snapshot, also when the home is named otherwise than at its import.
func TestSweepKeepsSnapshotsOfAHomeNamedOtherwise(t *testing.T) {
	dir := t.TempDir()
	there, here := filepath.Join(dir, "home"), Home("home")
	t.Chdir(dir)
	if err := os.MkdirAll(here.path("snapshots"), 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), here.path("state.db"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, name := range []string{"kept", "left"} {
		if err := os.WriteFile(here.path("snapshots", name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := store.Dataset{Name: "orders", Version: "v1", Contract: []byte("c"), ContractHash: "ch", Rules: []byte("{}"), WrappedKey: []byte("k"),
		SnapshotPath: filepath.Join(there, "snapshots", "kept"), ImportedAt: time.Now()}
	if err := s.PutDataset(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	n := &Node{home: here, store: s, life: t.Context()}
	n.sweepSnapshots()
	files, err := os.ReadDir(here.path("snapshots"))
	if err != nil || len(files) != 1 || files[0].Name() != "kept" {
		t.Errorf("%v %v", files, err)
	}
}
