package duckdb

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/marcboeker/go-duckdb/mapping"
)

// code is a class of failure. DuckDB's own messages never leave the child:
// those of CAST, overflow and error() echo row values (R08, R65).
type code string

const (
	codeInternal  code = "internal"
	codeMemory    code = "memory"
	codePlan      code = "plan"
	codeShape     code = "shape"
	codeValue     code = "value"
	codeOpen      code = "open"
	codeLockdown  code = "lockdown"
	codeFile      code = "file"
	codeCSV       code = "csv"
	codeTable     code = "table"
	codeColumn    code = "column"
	codeKeyType   code = "key type"
	codeRows      code = "rows"
	codeUnitRows  code = "unit rows"
	codeDisk      code = "disk"
	codeTarget    code = "target"
	codeForbidden code = "forbidden"
	codeNoFiles   code = "file system off"
	codeLocked    code = "configuration locked"
)

// failure is what a child reports. It is made of fixed codes, names out of
// the contract and counts, so it cannot hold a value.
type failure struct {
	Code     code      `json:"code"`
	Line     int64     `json:"line,omitempty"`
	Column   string    `json:"column,omitempty"`
	Need     int64     `json:"need,omitempty"`
	Problems []problem `json:"problems,omitempty"`
}

func (f failure) Error() string { return string(f.Code) }

// problem is one kind of misfit in one column of an import.
type problem struct {
	Column int     `json:"column"` // index into Rules.Columns
	Kind   misfit  `json:"kind"`
	Rows   int64   `json:"rows"`
	First  []int64 `json:"first"` // numbers of the first such rows, from 1
}

// classify maps DuckDB's error class to a code.
func classify(t mapping.ErrorType, message string) error {
	if strings.Contains(message, "No space left on device") {
		return failure{Code: codeDisk}
	}
	switch t {
	case mapping.ErrorTypeOutOfMemory:
		return failure{Code: codeMemory}
	case mapping.ErrorTypeConversion, mapping.ErrorTypeOutOfRange, mapping.ErrorTypeDivideByZero,
		mapping.ErrorTypeDecimal, mapping.ErrorTypeMismatchType:
		return failure{Code: codeValue}
	case mapping.ErrorTypeParser, mapping.ErrorTypeSyntax, mapping.ErrorTypeBinder, mapping.ErrorTypeCatalog:
		return failure{Code: codePlan}
	case mapping.ErrorTypePermission:
		return forbidden(message)
	case mapping.ErrorTypeErrorIO:
		return failure{Code: codeFile}
	case mapping.ErrorTypeInvalidInput:
		return classifyInput(message)
	}
	if strings.HasPrefix(message, "Out of Memory") || strings.Contains(message, "bad_alloc") {
		return failure{Code: codeMemory}
	}
	return failure{Code: codeInternal}
}

var csvLine = regexp.MustCompile(`^Invalid Input Error: CSV Error on Line: ([0-9]{1,18})\n`)

// classifyInput keeps the line number of a CSV error and nothing else of it.
func classifyInput(message string) error {
	if m := csvLine.FindStringSubmatch(message); m != nil {
		n, _ := strconv.ParseInt(m[1], 10, 64)
		return failure{Code: codeCSV, Line: n}
	}
	if strings.HasSuffix(message, "the configuration has been locked") {
		return failure{Code: codeLocked}
	}
	if strings.Contains(message, "sniffing file") || strings.Contains(message, "CSV") {
		return failure{Code: codeCSV}
	}
	return failure{Code: codeInternal}
}

// prepareFailure classifies by the fixed words DuckDB's messages begin with.
func prepareFailure(message string) error {
	for _, c := range []struct {
		prefix string
		code   code
	}{
		{"Out of Memory", codeMemory}, {"Conversion Error", codeValue},
		{"Parser Error", codePlan}, {"Binder Error", codePlan}, {"Catalog Error", codePlan},
		{"IO Error", codeFile},
	} {
		if strings.HasPrefix(message, c.prefix) {
			return failure{Code: c.code}
		}
	}
	switch {
	case strings.HasPrefix(message, "Invalid Input Error"):
		return classifyInput(message)
	case strings.HasPrefix(message, "Permission Error"):
		return forbidden(message)
	}
	return failure{Code: codeInternal}
}

// forbidden tells the lock's two walls apart, so that each can be probed.
func forbidden(message string) error {
	if strings.HasPrefix(message, "Permission Error: File system LocalFileSystem has been disabled") {
		return failure{Code: codeNoFiles}
	}
	return failure{Code: codeForbidden}
}
