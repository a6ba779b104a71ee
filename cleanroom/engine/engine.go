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
	// Units calls fn with every distinct unit of a snapshot in the order of
	// their ordinals: the first has ordinal 0. The slice is reused between calls.
	Units(ctx context.Context, s Snapshot, fn func(unit []byte) error) error
	// Reduce executes a joint plan on a snapshot and calls fn with what its
	// rows add up to, batch by batch. The batch is reused between calls.
	// Errors name no value.
	Reduce(ctx context.Context, s Snapshot, l plan.Local, fn func(*Batch) error) error
	// Run executes a one-owner plan on a snapshot and calls fn for each row of
	// the answer. The row is reused between calls. Errors name no value.
	Run(ctx context.Context, s Snapshot, l plan.Local, fn func(Row) error) error
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

// Batch is a part of what a joint plan's rows add up to: columns of one
// length, one entry for each (unit, group), sorted by unit. No (unit, group)
// comes twice in one answer.
type Batch struct {
	// NewGroups are the groups that no batch before had, numbered on from
	// those before: the first group of an answer is 0. One text per group
	// column each. A plan's GroupsSQL makes all its groups known before the
	// first entry.
	NewGroups [][]Text
	Units     []uint32 // ordinals, see Engine.Units
	Groups    []uint32 // numbers of groups
	// Ints are the columns rows, then sum and count per measure. The sum of
	// no value is 0, as its count is.
	Ints [][]int64
}

// Row is one row of a one-owner plan's answer; see plan.Local.
type Row struct {
	Groups []Text  // one per group column
	Ints   []Int64 // units, rows, then sum, count, units per measure
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
