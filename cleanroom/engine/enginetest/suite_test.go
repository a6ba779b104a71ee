package enginetest

import (
	"os"
	"testing"

	"parley/cleanroom/engine/duckdb"
)

func TestMain(m *testing.M) {
	duckdb.ChildMain()
	os.Exit(m.Run())
}

func TestDuckDB(t *testing.T) { Suite(t, duckdb.New(duckdb.Options{})) }
