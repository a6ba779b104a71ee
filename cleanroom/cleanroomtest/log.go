package cleanroomtest

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"parley/cleanroom/audit"
)

// Log reads a node's audit log from its files, from an entry on, and returns
// how many entries there are in all.
func (m *Member) Log(t testing.TB, from int) (entries []audit.Entry, total int) {
	t.Helper()
	var all []byte
	err := filepath.WalkDir(filepath.Join(m.Home.AuditDir(), "entries"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all = append(all, b...)
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(all), []byte("\n"))
	if len(bytes.TrimSpace(all)) == 0 {
		lines = nil
	}
	for _, line := range lines[min(from, len(lines)):] {
		var e audit.Entry
		if err := json.Unmarshal(line, &e); err != nil { // field names differ in case alone
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	return entries, len(lines)
}
