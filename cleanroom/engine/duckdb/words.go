package duckdb

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// What a child was doing, for error texts.
const (
	whatParse   = "parsing the query"
	whatUnits   = "reading the units"
	whatRun     = "running the local plan"
	whatProfile = "profiling the dataset"
	whatImport  = "importing the dataset"
	whatOracle  = "running plain DuckDB"

	whatNormalise = "normalising the test vector"
)

// words are the only texts a child's failure can become.
func (f failure) words() string {
	switch f.Code {
	case codePlan:
		return "DuckDB does not accept the statement"
	case codeShape:
		return "the answer's columns are not those the plan promises"
	case codeValue:
		return "a value does not fit the type it was converted to, or a sum exceeds 64 bits"
	case codeOpen:
		return "the snapshot cannot be opened with this key, or is damaged"
	case codeLockdown:
		return "DuckDB could not be locked down, so nothing was run"
	case codeFile:
		return "the file cannot be read in the format the contract names"
	case codeTarget:
		return "no file can be written in the snapshot's folder"
	case codeDisk:
		return "the disk is full"
	case codeForbidden, codeNoFiles, codeLocked:
		return "the statement does something an engine never allows"
	case codeTable:
		return "the DuckDB file has no such table, or it is not a plain table of that file"
	case codeColumn:
		return fmt.Sprintf("the file has no column %q, which the contract names", f.Column)
	case codeKeyType:
		return fmt.Sprintf("the join key %q has a type that cannot be one: use text, whole numbers, dates or UUIDs", f.Column)
	case codeRows:
		return "no row has a usable join key; check the contract's joinKey column and its normalisation"
	case codeUnitRows:
		return fmt.Sprintf("one unit has %d rows, more than the contract's maxRowsPerUnit allows; "+
			"set maxRowsPerUnit to at least %d, or remove repeated rows", f.Need, f.Need)
	case codeCSV:
		if f.Line > 0 {
			return fmt.Sprintf("the file is not well-formed CSV at line %d", f.Line)
		}
		return "the file is not well-formed CSV with a header line"
	}
	return "DuckDB failed"
}

// tail keeps the last bytes of a child's stderr. They are searched for words
// and never shown: they may hold anything.
type tail struct{ buf []byte }

const tailSize = 16 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - tailSize; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(p), nil
}

func (t *tail) hint() string {
	s := string(t.buf)
	switch {
	case strings.Contains(s, "out of memory"), strings.Contains(s, "bad_alloc"), strings.Contains(s, "cannot allocate"):
		return ", out of memory"
	case strings.Contains(s, "SIGSEGV"), strings.Contains(s, "stack"):
		return ", most likely out of stack"
	}
	return ""
}

func isEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, os.ErrClosed)
}
