package duckdb

import (
	"bufio"
	"encoding/json"
	"io"

	"parley/agreements"
	"parley/analysis/plan"
)

// request is what the parent writes to a child's stdin, as one JSON document.
// Keys travel here and nowhere else: not in arguments, not in the environment.
type request struct {
	Op     op     `json:"op"`
	Memory int64  `json:"memory"` // bytes of address space beyond the start-up size
	Thread int    `json:"threads"`
	Key    []byte `json:"key,omitempty"`

	SQL    string         `json:"sql,omitempty"` // parse
	Import *importRequest `json:"import,omitempty"`
	Plan   *plan.Local    `json:"plan,omitempty"` // reduce, run
	Oracle *oracleRequest `json:"oracle,omitempty"`

	Normalise *normaliseRequest `json:"normalise,omitempty"`
}

type op string

const (
	opParse   op = "parse"
	opImport  op = "import"
	opUnits   op = "units"
	opReduce  op = "reduce"
	opRun     op = "run"
	opProfile op = "profile"
	opOracle  op = "oracle"

	opNormalise op = "normalise"
)

// importRequest: the source file is the child's file descriptor 3.
type importRequest struct {
	Format      string           `json:"format"`
	Compression string           `json:"compression"`
	Table       string           `json:"table"`
	Rules       agreements.Rules `json:"rules"`
	Target      string           `json:"target"`
	Stage       string           `json:"stage"`
}

type oracleRequest struct {
	Statements []string `json:"statements"`
	Query      string   `json:"query"`
}

// inheritedFile is the path of the file the parent opened for the child. It
// names the very file the parent checked and hashed, whatever its path names
// by now.
const inheritedFile = "/proc/self/fd/3"

func readRequest(r io.Reader) (request, error) {
	var req request
	dec := json.NewDecoder(bufio.NewReader(io.LimitReader(r, maxRequest)))
	err := dec.Decode(&req)
	return req, err
}
