// Package engine is the interface to whatever holds an owner's rows. An
// engine parses SQL, imports files into encrypted snapshots and runs local
// plans; it is trusted with rows and with nothing else. Implementations run
// untrusted work in a child process with limits (see engine/duckdb).
package engine

import (
	"context"
	"errors"
	"time"

	"parley/agreements"
	"parley/analysis/plan"
)

// Limits bound one piece of work in the child process.
type Limits struct {
	Memory   int64         // bytes of address space beyond the process's own start-up size
	Deadline time.Duration // wall time, after which the child is killed
	Threads  int
}

// ErrLimit is returned (wrapped) when a child was ended by its limits.
var ErrLimit = errors.New("ended by the engine's limits")

// Engine is one owner's engine. All methods are safe for concurrent use and
// stop when ctx ends, killing their child process.
type Engine interface {
	// Parse returns DuckDB's serialised syntax tree of sql (JSON). A syntax
	// error is in the tree, not an error here. Errors hold no data values.
	Parse(ctx context.Context, sql string) ([]byte, error)
	// Normalise returns the unit that an import would make of each raw join
	// key, empty for a malformed one. It exists so that two nodes can compare
	// what their engines do with a fixed test vector.
	Normalise(ctx context.Context, u agreements.Unit, raw []string) ([][]byte, error)
	// Import reads a source file into a new encrypted snapshot.
	Import(ctx context.Context, in Import) (*Imported, error)
	// Units calls fn with every distinct unit of a snapshot, in no order that
	// depends on anything but the engine. The slice is reused between calls.
	Units(ctx context.Context, s Snapshot, fn func(unit []byte) error) error
	// Run executes a local plan on a snapshot and calls fn for each row of
	// the answer. The row is reused between calls. Errors name no value.
	Run(ctx context.Context, s Snapshot, l plan.Local, kind plan.Kind, fn func(Row) error) error
	// Profile summarises a snapshot for its owner only.
	Profile(ctx context.Context, s Snapshot) (*Profile, error)
}

// Snapshot names an encrypted snapshot and the key that opens it.
type Snapshot struct {
	Path string
	Key  [32]byte
	// Version is "sha256:" + hex of the encrypted file; it is checked before
	// the file is used.
	Version string
}

// Import describes one import.
type Import struct {
	Source string // path of the owner's file
	Format string // csv, parquet, json, duckdb
	Table  string // table inside a duckdb file
	Rules  agreements.Rules
	Target string // path of the snapshot to create
	Key    [32]byte
}

// Imported reports what an import did.
type Imported struct {
	Version      string // content hash of the snapshot
	Rows         int64  // rows kept
	Units        int64  // distinct units
	DroppedUnits int64  // rows left out because the join key was NULL or malformed
	MaxRows      int64  // most rows of one unit
}

// Row is one row of a local plan's answer; see plan.Local for the columns.
type Row struct {
	Unit   []byte  // Join only
	Groups []Text  // one per group column
	Ints   []Int64 // Join: rows, then sum,count per measure. OneOwner: units, rows, then sum,count,units per measure
}

// Text is a nullable text value.
type Text struct {
	Null  bool
	Value string
}

// Int64 is a nullable integer.
type Int64 struct {
	Null  bool
	Value int64
}

// Profile is an owner's own view of a dataset.
type Profile struct {
	Rows    int64           `json:"rows"`
	Units   int64           `json:"units"`
	Columns []ColumnProfile `json:"columns"`
}

// ColumnProfile is one column's figures. Min and Max are data values: they
// are shown to the owner and never leave the node.
type ColumnProfile struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Nulls    int64  `json:"nulls"`
	Distinct int64  `json:"distinct"`
	Min      string `json:"min,omitempty"`
	Max      string `json:"max,omitempty"`
}
