package cleanroom_test

import (
	"testing"

	"go.uber.org/goleak"

	"parley/cleanroom/engine/duckdb"
)

func TestMain(m *testing.M) {
	duckdb.ChildMain() // the engine's child is this binary, executed again
	goleak.VerifyTestMain(m)
}
