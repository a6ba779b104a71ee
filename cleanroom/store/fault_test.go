package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ncruces/go-sqlite3/vfs"
)

// workload is a list of changes, each of which must happen whole or not.
var workload = []func(context.Context, *Store) error{
	func(ctx context.Context, s *Store) error {
		return s.PutAgreement(ctx, "a1", []byte(strings.Repeat("e", 9000)), AgreementPending, at(1))
	},
	func(ctx context.Context, s *Store) error { return s.PutDataset(ctx, dataset("v1", 1)) },
	func(ctx context.Context, s *Store) error { return s.PutRun(ctx, run("r1", 1)) },
	func(ctx context.Context, s *Store) error {
		return s.UpdateRun(ctx, "r1", RunUpdate{State: Started, Stage: "align"})
	},
	func(ctx context.Context, s *Store) error {
		_, err := s.PutAlignment(ctx, alignment("v1", "x1"))
		return err
	},
	func(ctx context.Context, s *Store) error { return s.PutAlignmentJob(ctx, job("v1", "j1")) },
	func(ctx context.Context, s *Store) error { return s.PutDataset(ctx, dataset("v2", 2)) },
	func(ctx context.Context, s *Store) error {
		return s.UpdateRun(ctx, "r1", RunUpdate{State: Success, Finished: at(4), Sealed: []byte("age"), ReceiptHash: "h", Receipt: []byte("r")})
	},
	func(ctx context.Context, s *Store) error {
		_, err := s.DeleteAlignmentsFor(ctx, "orders", "v1")
		return err
	},
}

// dump opens the file as a node that starts would, and prints all of it.
func dump(t *testing.T, path string) string {
	t.Helper()
	out, err := tryDump(path)
	must(t, err)
	return out
}

func tryDump(path string) (string, error) {
	ctx := context.Background()
	// Without real syncs, which are slow: no crash follows here.
	s, err := openFaulty(ctx, path, &faultyVFS{})
	if err != nil {
		return "", err
	}
	defer s.Close()
	a, err1 := s.Agreements(ctx)
	d, err2 := s.DatasetHistory(ctx, "orders")
	r, err3 := s.Runs(ctx, 100, "")
	x, err4 := s.Alignment(ctx, alignment("v1", "").AlignmentKey)
	j, err5 := s.AlignmentJobs(ctx)
	for _, err := range []error{err1, err2, err3, err4, err5} {
		if err != nil && !errors.Is(err, ErrNotFound) {
			return "", err
		}
	}
	return fmt.Sprintf("%v\n%v\n%v\n%v\n%v", a, d, r, x, j), nil
}

// Every write, sync and truncation of the workload fails once in each way:
// as an error the process survives, or as the last thing before a crash that
// keeps, loses or tears what had not been synced. Whatever was acknowledged
// is there afterwards, and nothing is there in part.
func TestFaultAtEveryWrite(t *testing.T) {
	dir := t.TempDir()
	base := filepath.Join(dir, "base.db")
	s := reopen(t, base)
	must(t, s.Close())
	fresh, err := os.ReadFile(base)
	must(t, err)

	states := []string{dump(t, base)}
	for n := range workload {
		states = append(states, cleanState(t, fresh, filepath.Join(dir, "clean.db"), n+1))
	}
	for _, how := range []fault{failEIO, failENOSPC, crashKeep, crashLose, crashTear} {
		t.Run(how.String(), func(t *testing.T) {
			t.Parallel()
			points := 0
			for n := int64(1); tryFault(t, fresh, states, how, n); n++ {
				points++
			}
			if points < 100 {
				t.Fatalf("only %d places to fail, the fault injector is not in the way", points)
			}
		})
	}
}

// The same while the file is being created: no half-made schema.
func TestFaultWhileCreating(t *testing.T) {
	states := []string{dump(t, filepath.Join(t.TempDir(), "base.db"))}
	for n := range workload {
		states = append(states, cleanState(t, nil, filepath.Join(t.TempDir(), "clean.db"), n+1))
	}
	// The migrator waits and tries again when it meets an error, which makes
	// each of these slow, so only a few are tried.
	for i, how := range []fault{crashKeep, crashLose, crashTear} {
		t.Run(how.String(), func(t *testing.T) {
			t.Parallel()
			for n := int64(1 + 6*i); n < 60; n += 30 {
				tryFault(t, nil, states, how, n)
			}
		})
	}
}

// tryFault runs the workload on a copy of fresh with a fault at write n and
// checks what is found afterwards. It reports whether that write was reached.
func tryFault(t *testing.T, fresh []byte, states []string, how fault, n int64) bool {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	must(t, os.WriteFile(path, fresh, 0o600))
	done, hit := runFaulty(t, path, how, n)
	if hit {
		got := dump(t, path)
		if got != states[done] && (done == len(workload) || got != states[done+1]) {
			t.Fatalf("write %d after %d changes: reopened as\n%s\nwant\n%s", n, done, got, states[done])
		}
	}
	return hit
}

func cleanState(t *testing.T, fresh []byte, path string, n int) string {
	t.Helper()
	must(t, os.WriteFile(path, fresh, 0o600))
	s, err := openFaulty(context.Background(), path, &faultyVFS{})
	must(t, err)
	for _, change := range workload[:n] {
		must(t, change(context.Background(), s))
	}
	must(t, s.Close())
	return dump(t, path)
}

var vfsNumber atomic.Int64

// openFaulty opens the file through f, which stays registered under a name of
// its own: a connection may look it up again.
func openFaulty(ctx context.Context, path string, f *faultyVFS) (*Store, error) {
	name := fmt.Sprintf("faulty%d", vfsNumber.Add(1))
	vfs.Register(name, f)
	return open(ctx, path, name, at(1000))
}

// runFaulty runs the workload until the n-th write fails and returns how many
// changes were acknowledged, and whether that write was reached.
func runFaulty(t *testing.T, path string, how fault, n int64) (done int, hit bool) {
	t.Helper()
	f := &faultyVFS{how: how, left: n}
	ctx := context.Background()
	s, err := openFaulty(ctx, path, f)
	if err == nil {
		for _, change := range workload {
			if err = change(ctx, s); err != nil {
				break
			}
			done++
		}
		if f.hit && err != nil && how == failEIO {
			// Fail closed: no later change may be acknowledged.
			for _, change := range workload {
				if change(ctx, s) == nil {
					t.Fatalf("write %d: a change was accepted after an I/O error", n)
				}
			}
		}
		s.Close()
	}
	if err != nil && !f.hit {
		t.Fatal(err)
	}
	f.crash()
	return done, f.hit
}
