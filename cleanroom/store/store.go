// Package store holds a node's state in one SQLite file: the agreements it
// knows, the datasets it offers, the runs it took part in and the alignments
// it may reuse, the charges on budgets (see package ledger) and the history of
// selections (see package history). The audit log is not here.
//
// What a caller may rely on:
//
//   - A method that returns nil has been synced to disk (WAL, synchronous=FULL).
//   - A method that returns an error has changed nothing or everything, never
//     a part. After an I/O error which of the two is unknown, so the store
//     refuses all further work until it is opened again.
//   - One process has the file; a second Open fails with ErrInUse.
//   - Methods are safe for concurrent use. They queue for one connection.
//
// Pages carry checksums, so a flipped bit in the file is an error, not a
// value. The file holds dataset keys only in wrapped form. The package reads
// no clock: times come in as parameters and are kept to the nanosecond, UTC.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"
	"github.com/pressly/goose/v3"
)

// Errors to test for with errors.Is.
var (
	ErrNotFound   = errors.New("not found")
	ErrExists     = errors.New("already there")
	ErrInUse      = errors.New("the state file is in use by another process")
	ErrTransition = errors.New("a run cannot go from this state to that one")
	ErrClosed     = errors.New("the store met an I/O error and must be opened again")
)

// StoppedText is the error of runs that were under way when the node stopped.
const StoppedText = "the node stopped during the run"

//go:embed migrations/*.sql
var migrations embed.FS

// Store is the open state file of one node.
type Store struct {
	db *sql.DB
	// broken is set by the first I/O or corruption error and never cleared:
	// after a failed fsync the kernel may report success for lost pages.
	broken atomic.Bool
	found  [32]byte // see Found
}

// Open opens or creates the state file at path (mode 0600), brings its schema
// up to date and ends the runs that a stopped node left behind at time now.
func Open(ctx context.Context, path string, now time.Time) (*Store, error) {
	return open(ctx, path, "", now)
}

// open takes the name of a registered SQLite VFS, "" for the system's own.
func open(ctx context.Context, path, vfs string, now time.Time) (*Store, error) {
	dsn, err := prepare(path, vfs)
	if err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	db, err := driver.Open(dsn, func(c *sqlite3.Conn) error { return c.EnableChecksums("main") })
	if err != nil {
		return nil, fmt.Errorf("open state: %w", explain(err))
	}
	// One connection is the single writer; closing it would drop the lock.
	db.SetMaxOpenConns(1)
	s := &Store{db: db}
	if err := s.start(ctx, now); err != nil {
		return nil, errors.Join(fmt.Errorf("open state: %w", explain(err)), db.Close())
	}
	return s, nil
}

// prepare creates the file with its final mode, since SQLite would make it
// readable to others (modeof gives the write-ahead log the same mode), and
// returns the data source name.
func prepare(path, vfs string) (string, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	f, err := os.OpenFile(full, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", err
	}
	if err := f.Close(); err != nil {
		return "", err
	}
	q := url.Values{"_txlock": {"immediate"}, "modeof": {full}, "_pragma": {
		"busy_timeout(2000)",
		"locking_mode(exclusive)",
		"journal_mode(wal)",
		// Every commit is copied into the checksummed file at once: a flipped
		// bit in a long write-ahead log would silently undo commits.
		"wal_autocheckpoint(1)",
		"synchronous(full)",
		"foreign_keys(on)",
		"secure_delete(on)",
		"trusted_schema(off)",
	}}
	if vfs != "" {
		q.Set("vfs", vfs)
	}
	u := url.URL{Scheme: "file", Path: full, RawQuery: q.Encode()}
	return u.String(), nil
}

func (s *Store) start(ctx context.Context, now time.Time) error {
	if err := s.quickCheck(ctx); err != nil {
		return err
	}
	found, err := s.Digest(ctx)
	if err != nil {
		return err
	}
	s.found = found
	p, err := migrator(s.db)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return err
	}
	return s.tx(ctx, func(tx *sql.Tx) error { return endStoppedRuns(ctx, tx, now) })
}

func migrator(db *sql.DB) (*goose.Provider, error) {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, db, sub, goose.WithDisableGlobalRegistry(true), goose.WithVerbose(false))
}

// quickCheck reads every page, so that damage stops the node at its start and
// not in the middle of a run. Its findings name pages and tables, no values.
func (s *Store) quickCheck(ctx context.Context) error {
	var finding string
	if err := s.db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&finding); err != nil {
		return err
	}
	if finding != "ok" {
		return fmt.Errorf("the state file is damaged: %s", finding)
	}
	return nil
}

// Close writes the log back into the file and releases it.
func (s *Store) Close() error { return s.db.Close() }
