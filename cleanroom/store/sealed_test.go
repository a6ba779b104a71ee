package store

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"
)

func finished(t *testing.T, s *Store, id string, n int, sealed string) {
	t.Helper()
	ctx := context.Background()
	must(t, s.PutRun(ctx, run(id, 1)))
	must(t, s.UpdateRun(ctx, id, RunUpdate{State: Started}))
	must(t, s.UpdateRun(ctx, id, RunUpdate{State: Success, Finished: at(n), Sealed: []byte(sealed), ReceiptHash: "hash of " + id}))
}

func TestRemoveSealed(t *testing.T) {
	s, path := storeWithAgreement(t)
	ctx := context.Background()
	finished(t, s, "old", 5, "the old sealed answer")
	finished(t, s, "new", 9, "the new sealed answer")
	old, err := s.SealedBefore(ctx, at(9))
	must(t, err)
	if len(old) != 1 || old[0].ID != "old" {
		t.Fatalf("older than the new one: %v", old)
	}
	must(t, s.RemoveSealed(ctx, "old", at(20)))
	wantErr(t, s.RemoveSealed(ctx, "old", at(21)), ErrNotFound)
	wantErr(t, s.RemoveSealed(ctx, "never", at(21)), ErrNotFound)
	must(t, s.Close())
	s = reopen(t, path)
	got, err := s.Run(ctx, "old")
	must(t, err)
	if got.Sealed != nil || !got.Removed.Equal(at(20)) || got.ReceiptHash != "hash of old" || got.State != Success {
		t.Errorf("after the removal: %+v", got)
	}
	if got, err = s.Run(ctx, "new"); err != nil || string(got.Sealed) != "the new sealed answer" || !got.Removed.IsZero() {
		t.Errorf("the other one: %+v, %v", got, err)
	}
	inFile(t, path, "the old sealed answer", false)
	inFile(t, path, "the new sealed answer", true)
}

// inFile looks for text in the state file and its log.
func inFile(t *testing.T, path, text string, want bool) {
	t.Helper()
	files, err := filepath.Glob(path + "*")
	must(t, err)
	found := false
	for _, f := range files {
		b, err := os.ReadFile(f)
		must(t, err)
		found = found || bytes.Contains(b, []byte(text))
	}
	if found != want {
		t.Errorf("%q is in the state file: %v", text, found)
	}
}

// downTo makes a closed state file one of an earlier version, and runs
// statements on it.
func downTo(t *testing.T, path string, version int64, statements ...string) {
	t.Helper()
	dsn, err := prepare(path, "")
	must(t, err)
	db, err := driver.Open(dsn, func(c *sqlite3.Conn) error { return c.EnableChecksums("main") })
	must(t, err)
	db.SetMaxOpenConns(1)
	p, err := migrator(db)
	must(t, err)
	_, err = p.DownTo(context.Background(), version)
	must(t, err)
	for _, q := range statements {
		_, err = db.Exec(q)
		must(t, err)
	}
	must(t, db.Close())
}

// TestClearAnswersAreDropped brings a state file of the version before, which
// held answers in clear, up to date.
func TestClearAnswersAreDropped(t *testing.T) {
	s, path := newStore(t)
	ctx := context.Background()
	must(t, s.Close())
	downTo(t, path, 2,
		`INSERT INTO agreements (id, envelope, state, first_seen, updated) VALUES ('a1', x'00', 'ACTIVE', 1, 1), ('a2', x'00', 'ENDED', 1, 1)`,
		`INSERT INTO runs (id, agreement, asker, question, plan_hash, state, stage, created, finished, error, result, receipt)
			VALUES ('ours', 'a1', 'me', x'00', 'p', 'SUCCESS', '', 1, 2, '', CAST('a clear answer' AS BLOB), CAST('a clear bundle' AS BLOB)),
			('theirs', 'a1', 'they', x'00', 'p', 'SUCCESS', '', 1, 2, '', NULL, CAST('an envelope' AS BLOB))`)
	inFile(t, path, "a clear answer", true)
	s = reopen(t, path)
	for id, want := range map[string]AgreementState{"a1": AgreementActive, "a2": AgreementRevoked} {
		if row, err := s.AgreementRow(ctx, id); err != nil || row.State != want {
			t.Errorf("%s is %s now: %v", id, row.State, err)
		}
	}
	ours, err := s.Run(ctx, "ours")
	must(t, err)
	if ours.Sealed != nil || ours.Receipt != nil || ours.Removed.IsZero() {
		t.Errorf("our old run: %+v", ours)
	}
	theirs, err := s.Run(ctx, "theirs")
	must(t, err)
	if string(theirs.Receipt) != "an envelope" || !theirs.Removed.IsZero() {
		t.Errorf("the other's old run: %+v", theirs)
	}
	must(t, s.Close())
	inFile(t, path, "a clear answer", false)
	inFile(t, path, "a clear bundle", false)
}
