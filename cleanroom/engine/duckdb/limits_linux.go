package duckdb

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"parley/internal/weak"
)

// parseSeconds is the processor time one query may take to parse. Honest ones
// take milliseconds.
const parseSeconds = 2

// harden gives up what no request needs. It comes before DuckDB starts its
// threads, which inherit it.
func harden() error {
	unix.Umask(0o077)
	// A core file would hold rows and keys in clear.
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}

// limitSelf puts the process under its limits before it touches any input.
// The address space is bounded beyond what the program itself has mapped by
// now, which differs between binaries and says nothing about the work.
func limitSelf(req request) error {
	size, err := addressSpace()
	if err != nil {
		return err
	}
	limits := []struct {
		resource int
		value    uint64
	}{
		{unix.RLIMIT_NOFILE, 64},
		{unix.RLIMIT_AS, size + uint64(req.Memory)},
	}
	if req.Op != opImport && req.Op != opOracle && !weak.Off("R32") {
		// No byte can be written to any file, whatever the engine would do (R32).
		limits = append(limits, struct {
			resource int
			value    uint64
		}{unix.RLIMIT_FSIZE, 0})
	}
	if req.Op == opParse && !weak.Off("R31") {
		// Equal soft and hard limits: the kernel kills without a signal that
		// could be caught. On a busy machine this, and not the deadline, tells
		// a bomb from a question that has to wait for the processor (R31).
		limits = append(limits, struct {
			resource int
			value    uint64
		}{unix.RLIMIT_CPU, parseSeconds})
	}
	for _, l := range limits {
		if err := unix.Setrlimit(l.resource, &unix.Rlimit{Cur: l.value, Max: l.value}); err != nil {
			return err
		}
	}
	return nil
}

func addressSpace() (uint64, error) {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	first, _, _ := bytes.Cut(statm, []byte(" "))
	pages, err := strconv.ParseUint(string(first), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("statm: %w", err)
	}
	return pages * uint64(os.Getpagesize()), nil
}
