package cleanroom_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/agreements"
	"parley/analysis/plan"
	"parley/cleanroom"
	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/engine"
	"parley/cleanroom/engine/duckdb"
	"parley/cleanroom/ledger"
	"parley/cleanroom/store"
)

// agree makes an agreement over the members' data whose rules change alters.
func agree(t testing.TB, k int, change func(*agreements.Agreement), members ...*cleanroomtest.Member) string {
	t.Helper()
	a := cleanroomtest.Draft(t, k, members...).Agreement()
	change(a)
	e, err := agreements.NewEnvelope(a)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range members {
		if err := m.SignAgreement(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	return cleanroomtest.Give(t, e, members...)
}

// counting counts the engine's passes over data.
type counting struct {
	engine.Engine
	passes atomic.Int64
}

func (c *counting) Run(ctx context.Context, s engine.Snapshot, l plan.Local, fn func(engine.Row) error) error {
	c.passes.Add(1)
	return c.Engine.Run(ctx, s, l, fn)
}

func (c *counting) Reduce(ctx context.Context, s engine.Snapshot, l plan.Local, fn func(*engine.Batch) error) error {
	c.passes.Add(1)
	return c.Engine.Reduce(ctx, s, l, fn)
}

func count(o *cleanroom.Options) *counting {
	c := &counting{Engine: duckdb.New(duckdb.Options{})}
	o.Engine = c
	return c
}

// R10, R11: a question that was asked, in whatever words, is answered from the
// store: the same answer and receipt, no data touched, nothing charged. New
// data, another asker or another agreement is another question.
func TestAskedAgain(t *testing.T) {
	t.Parallel()
	var engines [2]*counting
	agency := start(t, "agency", func(o *cleanroom.Options) { engines[0] = count(o) })
	shop := start(t, "shop", func(o *cleanroom.Options) { engines[1] = count(o) })
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	id := cleanroomtest.Agree(t, 2, agency, shop)
	passes := func() int64 { return engines[0].passes.Load() + engines[1].passes.Load() }
	for _, c := range []struct {
		asker *cleanroomtest.Member
		sqls  []string
	}{
		{shop, []string{ownerOnly, "select grp , count( distinct email ) people from orders group by 1"}},
		{agency, []string{ownerOnly, strings.ToLower(ownerOnly), "WITH o AS (SELECT * FROM orders) " + strings.Replace(ownerOnly, "orders", "o", 1)}},
		{agency, []string{bySegment, strings.ReplaceAll(strings.ReplaceAll(bySegment, "orders.", "b."), "JOIN orders", "JOIN orders b")}},
	} {
		first := submit(t, c.asker, cleanroom.Question{Agreement: id, SQL: c.sqls[0]})
		if first.State != store.Success {
			t.Fatalf("%s: %s", c.sqls[0], first.Error)
		}
		before := passes()
		for i := range 12 {
			sql := c.sqls[i%len(c.sqls)]
			v := submit(t, c.asker, cleanroom.Question{Agreement: id, SQL: sql})
			if v.State != store.Success || v.StoredFrom != first.ID || string(v.Result) != string(first.Result) || string(v.Receipt) != string(first.Receipt) {
				t.Fatalf("%s: %s %q, stored from %q", sql, v.State, v.Error, v.StoredFrom)
			}
			if again, err := c.asker.Look(t.Context(), v.ID); err != nil || string(again.Result) != string(first.Result) {
				t.Errorf("looked at later: %v", err)
			}
		}
		if n := passes(); n != before {
			t.Errorf("%s: the engines read data %d times for repeats", c.sqls[0], n-before)
		}
	}
	charged := func(m *cleanroomtest.Member) int {
		all, err := m.Spendings(t.Context(), "")
		if err != nil || len(all) != 1 {
			t.Fatal(len(all), err)
		}
		n := 0
		for _, l := range all[0].Lines {
			n += l.Runs
		}
		return n
	}
	if a, s := charged(agency), charged(shop); a != 1 || s != 3 {
		t.Errorf("charged are %d and %d runs, want 1 and 3", a, s)
	}
	// Another asker's answer is its own.
	if v := submit(t, shop, cleanroom.Question{Agreement: id, SQL: bySegment}); v.StoredFrom != "" || v.State != store.Success {
		t.Errorf("shop was given agency's answer: %q %s", v.StoredFrom, v.Error)
	}
	// New data of the partner's, which only the partner knows.
	more := smallOrders
	more.rows = append(append([]string{}, smallOrders.rows...), people("z", "new", 0, 5)...)
	more.add(t, shop)
	for _, sql := range []string{ownerOnly, bySegment} {
		if v := submit(t, agency, cleanroom.Question{Agreement: id, SQL: sql}); v.StoredFrom != "" || v.State != store.Success {
			t.Errorf("%s over new data: %q %s", sql, v.StoredFrom, v.Error)
		}
	}
	if v := submit(t, agency, cleanroom.Question{Agreement: id, SQL: bySegment, Fresh: true}); v.StoredFrom != "" || v.State != store.Success {
		t.Errorf("fresh: %q %s", v.StoredFrom, v.Error)
	}
}

// The comparison with earlier questions reads what a question selects once: a
// fresh answer to the same question takes the pass of the answer alone.
func TestSelectionIsSketchedOnce(t *testing.T) {
	t.Parallel()
	var c *counting
	shop := start(t, "shop", func(o *cleanroom.Options) { c = count(o) })
	table{name: "orders", rows: marked("p", 1200, waves()...)}.add(t, shop)
	id := cleanroomtest.Agree(t, 10, shop)
	for i, want := range []int64{2, 1, 1} {
		before := c.passes.Load()
		if v := submit(t, shop, cleanroom.Question{Agreement: id, SQL: "SELECT grp, SUM(amount) AS s FROM orders WHERE wave >= 0 GROUP BY grp", Fresh: true}); v.State != store.Success {
			t.Fatal(v.Error)
		}
		if n := c.passes.Load() - before; n != want {
			t.Errorf("run %d makes %d passes, want %d", i, n, want)
		}
	}
}

const dayLimit = `the owner of "orders" allows 2 runs on it a day (UTC), and that many were made today, under all agreements together`

// Runs a day are counted at the owner over all agreements (R14) and askers,
// failed ones included (R13); repeats are free; a clock set back frees none
// (R53), and the next day does.
func TestRunsPerDay(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	clock := func(o *cleanroom.Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	}
	agency, shop := start(t, "agency", clock), start(t, "shop", clock)
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	twice := func(a *agreements.Agreement) {
		a.Dataset("orders").Rules.RunsPerDay = 2
		a.Validity.NotAfter = a.Validity.NotAfter.Add(72 * time.Hour)
		a.Validity.NotBefore = a.Validity.NotBefore.Add(-72 * time.Hour)
	}
	id := agree(t, 2, twice, agency, shop)
	other := agree(t, 2, func(a *agreements.Agreement) { twice(a); a.Title = "Another" }, agency, shop)
	sql := func(n int) string { return fmt.Sprintf("SELECT COUNT(*) AS n FROM orders WHERE wave > -%d", n) }
	ok := func(m *cleanroomtest.Member, id, sql string) {
		t.Helper()
		if v := submit(t, m, cleanroom.Question{Agreement: id, SQL: sql}); v.State != store.Success {
			t.Errorf("%s: %s", sql, v.Error)
		}
	}
	refused := func(m *cleanroomtest.Member, id, sql, want string) {
		t.Helper()
		if v := submit(t, m, cleanroom.Question{Agreement: id, SQL: sql}); v.State != store.Failed || !strings.Contains(v.Error, want) || v.Code != "refused" {
			t.Errorf("%s: %s %q (%s)", sql, v.State, v.Error, v.Code)
		}
	}
	const there = "ask the other node: the other owner's limits on its data (runs a day, or the privacy budget) allow no more such runs for now; its log says which limit"
	ok(agency, id, sql(1))
	ok(shop, other, sql(2))
	refused(agency, id, sql(3), there)
	refused(shop, id, sql(3), dayLimit)
	refused(shop, id, sql(3), "(rule: datasets.orders.rules.runsPerDay)")
	refused(agency, id, bySegment, there)
	ok(agency, id, sql(1)) // given again
	if all, err := shop.Spendings(t.Context(), "orders"); err != nil || len(all[0].Budgets) != 2 || *all[0].Budgets[0].More != 0 {
		t.Errorf("%+v %v", all, err)
	}
	ahead.Store(-int64(25 * time.Hour))
	if _, err := shop.Submit(t.Context(), cleanroom.Question{Agreement: id, SQL: sql(4)}); !errors.Is(err, cleanroom.ErrClock) {
		t.Errorf("on the day before: %v", err)
	}
	ahead.Store(int64(24 * time.Hour))
	ok(shop, id, sql(4))
}

// A run pays before it touches data, and is not paid back when it fails (R13).
func TestFailedRunsStayCharged(t *testing.T) {
	t.Parallel()
	broken := errors.New("the engine broke")
	shop := start(t, "shop", func(o *cleanroom.Options) { o.Engine = failing{o.Engine, broken} })
	smallOrders.add(t, shop)
	id := cleanroomtest.Agree(t, 2, shop)
	if v := submit(t, shop, cleanroom.Question{Agreement: id, SQL: ownerOnly}); v.State != store.Failed {
		t.Fatalf("%s", v.State)
	}
	all, err := shop.Spendings(t.Context(), "orders")
	if err != nil || len(all[0].Lines) != 1 || all[0].Lines[0].Runs != 1 {
		t.Errorf("%+v %v", all[0], err)
	}
}

type failing struct {
	engine.Engine
	err error
}

func (f failing) Run(context.Context, engine.Snapshot, plan.Local, func(engine.Row) error) error {
	return f.err
}

// R12: of 100 runs at once on a budget for one, exactly one is answered.
func TestHundredOnABudgetForOne(t *testing.T) {
	t.Parallel()
	many := func(c *cleanroom.Config) { c.MaxRuns = 200 }
	shop := start(t, "shop", nil, many)
	smallOrders.add(t, shop)
	id := agree(t, 2, func(a *agreements.Agreement) { a.Dataset("orders").Rules.RunsPerDay = 1 }, shop)
	var answered, refused atomic.Int64
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			v := submit(t, shop, cleanroom.Question{Agreement: id, SQL: fmt.Sprintf("SELECT COUNT(*) AS n FROM orders WHERE wave > -%d", i)})
			switch {
			case v.State == store.Success:
				answered.Add(1)
			case strings.Contains(v.Error, "allows 1 runs on it a day"):
				refused.Add(1)
			}
		})
	}
	all.Wait()
	if answered.Load() != 1 || refused.Load() != 99 {
		t.Errorf("%d answered, %d refused", answered.Load(), refused.Load())
	}
}

// R56, in part: a state file put back alone lacks charges that the audit log
// names, and the node does not start.
func TestOlderLedger(t *testing.T) {
	t.Parallel()
	home, l := newHome(t, "shop")
	shop, stop := serve(t, home, l, nil)
	smallOrders.add(t, shop)
	id := cleanroomtest.Agree(t, 2, shop)
	ask(t, shop, id, ownerOnly)
	stop()
	state := filepath.Join(string(home), "state.db")
	old, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	shop, stop = serve(t, home, listen(t), nil)
	ask(t, shop, id, "SELECT COUNT(*) AS n FROM orders")
	stop()
	newer, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	put := func(b []byte) error {
		t.Helper()
		for _, suffix := range []string{"-wal", "-shm"} {
			os.Remove(state + suffix)
		}
		if err := os.WriteFile(state, b, 0o600); err != nil {
			t.Fatal(err)
		}
		n, err := cleanroom.Open(t.Context(), cleanroom.Options{Home: home, Keys: keyring(t, home), Now: time.Now,
			Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Engine: duckdb.New(duckdb.Options{})})
		if err == nil {
			err = n.Close()
		}
		return err
	}
	if err := put(old); !errors.Is(err, ledger.ErrOlder) {
		t.Errorf("an older state.db: %v", err)
	}
	if err := put(newer); err != nil {
		t.Errorf("the newer one put back: %v", err)
	}
}
