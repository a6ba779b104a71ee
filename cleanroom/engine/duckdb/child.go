package duckdb

import (
	"bufio"
	"os"
	"runtime/debug"
)

const (
	childArg    = "engine-child"
	childMarker = "PARLEY_ENGINE_CHILD=1"
)

// ChildMain must be called first thing in main, and in the TestMain of every
// package that uses this engine. In an ordinary process it returns at once.
// In a process that this package started as a child (private argument and
// environment marker) it serves one request on stdin and stdout and exits.
func ChildMain() {
	if len(os.Args) != 2 || os.Args[1] != childArg || os.Getenv("PARLEY_ENGINE_CHILD") != "1" {
		return
	}
	os.Exit(serveChild())
}

func serveChild() int {
	// The little that lives in Go's heap does not pay for frequent collection.
	debug.SetGCPercent(400)
	debug.SetTraceback("none") // stderr is captured; keep it free of memory contents
	if harden() != nil {
		return 4
	}
	// The instance is opened before the request arrives, which may take a while
	// (withSnapshot). It has met no input by then.
	d, openErr := openDB()
	req, err := readRequest(os.Stdin)
	if err != nil {
		return 3
	}
	if err := limitSelf(req); err != nil {
		return 4
	}
	out := frameWriter{bufio.NewWriterSize(os.Stdout, 1<<16)}
	var v any
	if err = openErr; err == nil {
		v, err = serve(d, req, out)
	}
	if out.finish(v, err) != nil {
		return 5
	}
	return 0
}

func serve(d *db, req request, out frameWriter) (any, error) {
	// The instance is not closed: a snapshot is detached where it is written,
	// and the process ends here.
	if err := d.bound(req); err != nil {
		return nil, err
	}
	switch req.Op {
	case opParse:
		return nil, serveParse(d, req, out)
	case opImport:
		return serveImport(d, req)
	case opUnits:
		return nil, serveUnits(d, req, out)
	case opReduce:
		return nil, serveReduce(d, req, out)
	case opRun:
		return nil, serveRun(d, req, out)
	case opProfile:
		return serveProfile(d, req)
	case opNormalise:
		return nil, serveNormalise(d, req, out)
	case opOracle:
		return serveOracle(d, req, out)
	}
	return nil, failure{Code: codeInternal}
}
