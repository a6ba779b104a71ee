package duckdb

import (
	"errors"
	"fmt"

	"parley/internal/weak"
)

// bound sets what limits the work inside DuckDB. memory_limit lies under the
// address-space limit so that DuckDB usually reports "out of memory" itself;
// the rest is for its code, thread stacks and allocators.
func (d *db) bound(req request) error {
	return d.execAll(
		fmt.Sprintf("SET memory_limit = '%dB'", req.Memory/100*70),
		fmt.Sprintf("SET threads = %d", max(1, req.Thread)),
		"SET max_expression_depth = 1000",
		"SET enable_external_file_cache = false",
		"SET enable_progress_bar = false",
		"SET TimeZone = 'UTC'",
	)
}

// lockSteps is the order that works: everything that is to be read is
// attached before the first step, and nothing can be undone after the last.
var lockSteps = []string{
	"SET enable_external_access = false",
	"SET disabled_filesystems = 'LocalFileSystem'",
	"SET lock_configuration = true",
}

// lockDown closes DuckDB and then tries the lock's doors. It fails unless
// every one is shut (R30): a setting read back can lie, behaviour cannot.
func (d *db) lockDown() error {
	if weak.Off("R26") {
		return nil
	}
	for _, step := range lockSteps {
		if d.exec(step) != nil {
			return failure{Code: codeLockdown}
		}
	}
	return d.probe()
}

// A probe is a statement that must be refused for the given reason.
type probe struct {
	sql  string
	want code
}

// The file probes name a file that is sure to exist, so that only the lock
// can be what stops them. LOAD is stopped by enable_external_access, the
// files by disabled_filesystems, SET by lock_configuration.
var probes = []probe{
	{"LOAD httpfs", codeForbidden},
	{"SELECT count(*) FROM read_blob('/proc/self/status')", codeNoFiles},
	{"SELECT count(*) FROM read_text('/proc/self/status')", codeNoFiles},
	{"SELECT count(*) FROM read_csv('/proc/self/status', columns = {'a': 'VARCHAR'}, auto_detect = false)", codeNoFiles},
	{"SELECT count(*) FROM glob('/proc/self/stat*')", codeNoFiles},
	{"COPY (SELECT 1) TO '/dev/null' (FORMAT csv)", codeNoFiles},
	{"ATTACH '/proc/self/status' AS parley_probe (READ_ONLY)", codeNoFiles},
	{"INSTALL httpfs", codeNoFiles},
	{"SET threads = 1", codeLocked},
	{"SET enable_external_access = true", codeLocked},
	{"RESET disabled_filesystems", codeLocked},
	{"SET lock_configuration = false", codeLocked},
}

func (d *db) probe() error {
	if weak.Off("R30") {
		return nil
	}
	for _, p := range probes {
		var got failure
		if err := d.exec(p.sql); !errors.As(err, &got) || got.Code != p.want {
			return failure{Code: codeLockdown}
		}
	}
	return nil
}
