package cleanroom_test

import (
	"bytes"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"

	"parley/agreements"
	"parley/cleanroom"
	"parley/cleanroom/audit"
	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/engine/duckdb"
)

// clock is the real time plus an offset that a test moves.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time                { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) forward(by time.Duration)      { c.ahead.Add(int64(by)) }
func (c *clock) use(o *cleanroom.Options)      { o.Now = c.now }
func daysAndHours(d, h int) time.Duration      { return time.Duration(24*d+h) * time.Hour }
func resultDays(n int) func(*cleanroom.Config) { return func(c *cleanroom.Config) { c.ResultDays = n } }

// TestAnswersAreSealedAtRest asks for a name that nothing else of the node
// holds and looks for it in every file of the receiver's home.
func TestAnswersAreSealedAtRest(t *testing.T) {
	t.Parallel()
	const secret = "zanzibar_of_the_answer"
	home, l := newHome(t, "shop")
	shop, stop := serve(t, home, l, nil)
	table{name: "orders", public: true, rows: people("p", secret, 0, 20)}.add(t, shop)
	id := cleanroomtest.Agree(t, 2, shop)
	v := ask(t, shop, id, ownerOnly)
	if !strings.Contains(string(v.Result), secret) {
		t.Fatalf("the answer is %s", v.Result)
	}
	stop()
	err := filepath.WalkDir(string(home), func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(secret)) {
			t.Errorf("%s holds the answer in clear", filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	again, stop := serve(t, home, listen(t), nil)
	defer stop()
	got, err := again.Look(t.Context(), v.ID)
	if err != nil || string(got.Result) != string(v.Result) || !bytes.Equal(got.Receipt, v.Receipt) || got.ReceiptHash != v.ReceiptHash {
		t.Errorf("after a restart: %v, %v", got, err)
	}
}

// TestSwappedAnswersAreRefused exchanges two sealed answers in the state file of
// a node that crashed: each opens, and neither is its run's. One that stopped in
// order does not start on a changed file at all.
func TestSwappedAnswersAreRefused(t *testing.T) {
	t.Parallel()
	home, l := newHome(t, "shop")
	shop, stop := serve(t, home, l, nil)
	smallOrders.add(t, shop)
	id := cleanroomtest.Agree(t, 2, shop)
	a := ask(t, shop, id, ownerOnly)
	b := ask(t, shop, id, `SELECT COUNT(*) AS n FROM orders`)
	stop()
	state(t, home, `UPDATE runs SET sealed = (SELECT sealed FROM runs AS other WHERE other.id = '`+b.ID+`') WHERE id = '`+a.ID+`'`)
	if _, err := cleanroom.Open(t.Context(), cleanroom.Options{Home: home, Keys: keyring(t, home), Now: time.Now,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Engine: duckdb.New(duckdb.Options{})}); !errors.Is(err, cleanroom.ErrChanged) {
		t.Fatalf("after an orderly stop: %v", err)
	}
	crashed(t, home)
	again, stop := serve(t, home, listen(t), nil)
	defer stop()
	if _, err := again.Look(t.Context(), a.ID); !errors.Is(err, cleanroom.ErrSealed) {
		t.Errorf("a run with another's answer: %v", err)
	}
	if v, err := again.Look(t.Context(), b.ID); err != nil || string(v.Result) != string(b.Result) {
		t.Errorf("the other run: %v", err)
	}
}

// crashed makes a stopped node one that did not get to record its stop.
func crashed(t *testing.T, home cleanroom.Home) {
	t.Helper()
	log, err := audit.Open(home.AuditDir(), signing{keyring(t, home)}, cleanroom.AuditOrigin)
	if err == nil {
		_, err = log.Append(t.Context(), audit.Entry{Time: time.Now(), Actor: "test", Action: "node.start", Outcome: audit.OK})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// state changes a node's state file behind its back.
func state(t *testing.T, home cleanroom.Home, query string) {
	t.Helper()
	var db *sql.DB
	db, err := driver.Open("file:"+filepath.Join(string(home), "state.db"), func(c *sqlite3.Conn) error { return c.EnableChecksums("main") })
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec(query)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestResultDays: an answer is there for all its days, then it is gone from
// memory and disk, and the log says when.
func TestResultDays(t *testing.T) {
	t.Parallel()
	var c clock
	home, l := newHome(t, "shop", resultDays(3))
	shop, stop := serve(t, home, l, c.use)
	smallOrders.add(t, shop)
	id := forMonths(t, shop)
	early := ask(t, shop, id, ownerOnly)
	c.forward(daysAndHours(2, 23))
	late := ask(t, shop, id, ownerOnly)
	if v, err := shop.Look(t.Context(), early.ID); err != nil || string(v.Result) != string(early.Result) {
		t.Fatalf("before its days are over: %v, %v", v, err)
	}
	c.forward(daysAndHours(0, 2))
	gone := func(m *cleanroomtest.Member) {
		t.Helper()
		v, err := m.Look(t.Context(), early.ID)
		if err != nil || v.Result != nil || v.Receipt != nil || v.Removed == nil || v.ReceiptHash != early.ReceiptHash || !v.Ended {
			t.Errorf("after its days are over: %+v, %v", v, err)
		}
		if v, err := m.Look(t.Context(), late.ID); err != nil || string(v.Result) != string(late.Result) {
			t.Errorf("the later one: %v, %v", v, err)
		}
	}
	gone(shop)
	c.forward(daysAndHours(2, 0)) // the later one lives on until 22 more hours have passed
	stop()
	again, stop := serve(t, home, listen(t), c.use)
	gone(again)
	stop()
	if n := removals(t, home); n != 1 {
		t.Errorf("the log has %d removals, want 1", n)
	}
	c.forward(daysAndHours(2, 0))
	third, stop := serve(t, home, listen(t), c.use)
	defer stop()
	if n := removals(t, home); n != 2 {
		t.Errorf("the log has %d removals after the second start, want 2", n)
	}
	if v, err := third.Look(t.Context(), late.ID); err != nil || v.Result != nil || v.Removed == nil {
		t.Errorf("swept at the start: %+v, %v", v, err)
	}
}

// forMonths is an agreement that is in force for as long as the test's clock
// goes.
func forMonths(t *testing.T, m *cleanroomtest.Member) string {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	a, err := cleanroom.Draft(cleanroom.DraftOptions{Title: "Months", Purpose: "Testing.", MinGroupSize: 2, AdHoc: true, DP: agreements.NoDP(),
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(daysAndHours(90, 0)), Members: []agreements.Member{m.Card}, Contracts: m.Contracts})
	if err != nil {
		t.Fatal(err)
	}
	e, err := agreements.NewEnvelope(a)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.SignAgreement(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	return cleanroomtest.Give(t, e, m)
}

// removals counts what the audit log says of removed answers.
func removals(t *testing.T, home cleanroom.Home) (n int) {
	t.Helper()
	err := filepath.WalkDir(home.AuditDir(), func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		n += bytes.Count(b, []byte(`"action":"result.remove"`))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
