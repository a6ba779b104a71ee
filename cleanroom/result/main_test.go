package result

import (
	"os"
	"testing"

	"parley/cleanroom/engine/duckdb"
)

func TestMain(m *testing.M) {
	duckdb.ChildMain()
	os.Exit(m.Run())
}
