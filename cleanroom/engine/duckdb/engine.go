package duckdb

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"parley/analysis/plan"
	"parley/cleanroom/engine"
	"parley/internal/weak"
)

// MaxSQL is the longest query text Parse takes, in bytes.
const MaxSQL = 64 << 10

// Options configure an Engine. The zero value is ready for use.
type Options struct {
	// Executable is the program to run as the child; it must call ChildMain.
	// Default: the running program, even if its file was replaced meanwhile.
	Executable string
	// Parse, Run and Import bound the three kinds of work; zero fields take
	// defaults: Parse 1.25 GB and 10 s, of which 2 s of processor time; Run 2 GiB and 10 min; Import 4 GiB and
	// 30 min; Threads the engine's choice of 1, 2 and 2.
	Parse, Run, Import engine.Limits
	// Parsers is how many queries are parsed at once, default 4; more wait.
	Parsers int
	// Rand names temporary files and keys the import's staging file. Default
	// crypto/rand.
	Rand io.Reader
}

// Engine implements engine.Engine by DuckDB in child processes. It holds no
// state and is safe for concurrent use.
type Engine struct {
	opts    Options
	parsers chan struct{}
}

var _ engine.Engine = (*Engine)(nil)

// New returns an engine.
func New(opts Options) *Engine {
	opts.Parse = withDefaults(opts.Parse, engine.Limits{Memory: 1250 << 20, Deadline: 10 * time.Second, Threads: 1})
	opts.Run = withDefaults(opts.Run, engine.Limits{Memory: 2 << 30, Deadline: 10 * time.Minute, Threads: 2})
	opts.Import = withDefaults(opts.Import, engine.Limits{Memory: 4 << 30, Deadline: 30 * time.Minute, Threads: 2})
	if opts.Parsers <= 0 {
		opts.Parsers = 4
	}
	if opts.Rand == nil {
		opts.Rand = rand.Reader
	}
	return &Engine{opts: opts, parsers: make(chan struct{}, opts.Parsers)}
}

func withDefaults(l, def engine.Limits) engine.Limits {
	if l.Memory <= 0 {
		l.Memory = def.Memory
	}
	if l.Deadline <= 0 {
		l.Deadline = def.Deadline
	}
	if l.Threads <= 0 {
		l.Threads = def.Threads
	}
	return l
}

// maxTree bounds a serialised syntax tree; 64 KB of SQL gives some 10 MB, and
// package sql reads 4.
const maxTree = 16 << 20

// Parse implements engine.Engine.
func (e *Engine) Parse(ctx context.Context, sql string) ([]byte, error) {
	if len(sql) > MaxSQL {
		return nil, fmt.Errorf("the query has %d bytes; at most %d are read", len(sql), MaxSQL)
	}
	if strings.ContainsRune(sql, 0) {
		return nil, fmt.Errorf("the query contains a NUL byte")
	}
	select {
	case e.parsers <- struct{}{}:
		defer func() { <-e.parsers }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	var tree bytes.Buffer
	_, err := e.call(ctx, e.opts.Parse, nil, request{Op: opParse, SQL: sql}, func(frame []byte) error {
		if tree.Len()+len(frame) > maxTree {
			return fmt.Errorf("parsing the query: %w: its syntax tree is over %d bytes", engine.ErrLimit, maxTree)
		}
		tree.Write(frame)
		return nil
	})
	if err != nil {
		return nil, e.explain(err, e.opts.Parse, whatParse)
	}
	return tree.Bytes(), nil
}

// Units implements engine.Engine.
func (e *Engine) Units(ctx context.Context, s engine.Snapshot, fn func(unit []byte) error) error {
	return e.onSnapshot(ctx, s, request{Op: opUnits}, whatUnits, func(frame []byte) error {
		for len(frame) > 0 {
			unit, rest, err := cutBytes(frame)
			if err != nil {
				return err
			}
			if err := fn(unit); err != nil {
				return err
			}
			frame = rest
		}
		return nil
	})
}

// Reduce implements engine.Engine. Nothing is ever spilled to disk, where it
// would lie in clear; the plan is run over a range of the snapshot's rows at a
// time, so only very many or very long groups can come near the memory limit,
// which is engine.ErrLimit.
func (e *Engine) Reduce(ctx context.Context, s engine.Snapshot, l plan.Local, fn func(*engine.Batch) error) error {
	in := newBatchReader(l)
	return e.onSnapshot(ctx, s, request{Op: opReduce, Plan: &l}, whatRun, func(frame []byte) error {
		b, err := in.read(frame)
		if err != nil {
			return err
		}
		return fn(b)
	})
}

// Run implements engine.Engine. A plan whose answer, or whose work, does not
// fit into the memory limit fails with engine.ErrLimit.
func (e *Engine) Run(ctx context.Context, s engine.Snapshot, l plan.Local, fn func(engine.Row) error) error {
	rows := rowReader{shape: shapeOf(l)}
	return e.onSnapshot(ctx, s, request{Op: opRun, Plan: &l}, whatRun, func(frame []byte) error {
		return rows.each(frame, fn)
	})
}

// Profile implements engine.Engine.
func (e *Engine) Profile(ctx context.Context, s engine.Snapshot) (*engine.Profile, error) {
	done, err := e.withSnapshot(ctx, s, request{Op: opProfile}, whatProfile, nil)
	if err != nil {
		return nil, err
	}
	p := new(engine.Profile)
	if err := json.Unmarshal(done, p); err != nil {
		return nil, errFrame
	}
	return p, nil
}

func (e *Engine) onSnapshot(ctx context.Context, s engine.Snapshot, req request, what string, fn func([]byte) error) error {
	_, err := e.withSnapshot(ctx, s, req, what, fn)
	return err
}

// withSnapshot checks the snapshot's hash and runs req in a child that
// inherits the very file that was hashed. The child starts while the file is
// being hashed, and gets the request, and with it the key, only afterwards.
func (e *Engine) withSnapshot(ctx context.Context, s engine.Snapshot, req request, what string, fn func([]byte) error) ([]byte, error) {
	f, err := openRegular(s.Path)
	if err != nil {
		return nil, fmt.Errorf("opening the snapshot: %w", err)
	}
	defer f.Close()
	verified := make(chan struct{})
	var unverified error
	go func() {
		defer close(verified)
		unverified = verify(ctx, f, s.Version)
	}()
	req.Key = s.Key[:]
	done, err := e.callWhen(ctx, e.opts.Run, []*os.File{f}, req, fn, func() error {
		<-verified
		return unverified
	})
	if <-verified; unverified != nil {
		return nil, unverified
	}
	if err != nil {
		return nil, e.explain(err, e.opts.Run, what)
	}
	return done, nil
}

// verify checks that f is the snapshot of that version.
func verify(ctx context.Context, f *os.File, version string) error {
	got, err := hashFile(ctx, f)
	if err != nil {
		return fmt.Errorf("hashing the snapshot: %w", err)
	}
	if got != version && !weak.Off("R59") {
		return fmt.Errorf("the snapshot was changed: its version is not the one recorded at its import; import the dataset again")
	}
	return nil
}
