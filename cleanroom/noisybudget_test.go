package cleanroom_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"parley/agreements"
	"parley/cleanroom"
	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/store"
)

// forRuns is a demand whose budget holds n runs.
func forRuns(n int) *agreements.DP {
	return &agreements.DP{Epsilon: "1", Delta: "0.00001", BudgetEpsilon: strconv.Itoa(n), BudgetDelta: fmt.Sprintf("0.%05d", n)}
}

const (
	budgetHere  = `the privacy budget of "%s" is spent: of epsilon `
	budgetThere = "the other owner's limits on its data (runs a day, or the privacy budget) allow no more such runs for now"
)

func chargedRuns(t *testing.T, m *cleanroomtest.Member, dataset string) (runs int, epsilon string) {
	t.Helper()
	all, err := m.Spendings(t.Context(), dataset)
	if err != nil || len(all) != 1 {
		t.Fatal(len(all), err)
	}
	for _, l := range all[0].Lines {
		runs, epsilon = runs+l.Runs, l.Epsilon
	}
	return runs, epsilon
}

// atOnce asks n different questions, so many of them at the same time, in turn
// by each of the members, and counts those that are answered. The others must
// be refused for the budget.
func atOnce(t *testing.T, n, sameTime int, agreement, sql string, refusals []string, members ...*cleanroomtest.Member) int64 {
	t.Helper()
	var answered atomic.Int64
	var all sync.WaitGroup
	room := make(chan struct{}, sameTime)
	for i := range n {
		all.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			v := submit(t, members[i%len(members)], cleanroom.Question{Agreement: agreement, SQL: fmt.Sprintf(sql, i)})
			if v.State == store.Success {
				answered.Add(1)
				return
			}
			for _, r := range refusals {
				if strings.Contains(v.Error, r) && v.Code == "refused" {
					return
				}
			}
			t.Errorf("%s %q (%s)", v.State, v.Error, v.Code)
		})
	}
	all.Wait()
	return answered.Load()
}

// R12: of 100 noisy runs at once on a budget of epsilon for one, exactly one is
// answered, and nothing is charged for the others.
func TestHundredOnAnEpsilonForOne(t *testing.T) {
	t.Parallel()
	shop := start(t, "shop", nil, func(c *cleanroom.Config) { c.MaxRuns = 200 })
	table{name: "orders", rows: people("p", "new", 0, 1500)}.add(t, shop)
	id := cleanroomtest.AgreeNoisy(t, 10, forRuns(1), shop)
	n := atOnce(t, 100, 100, id, "SELECT COUNT(*) AS n FROM orders WHERE wave > -%d", []string{fmt.Sprintf(budgetHere, "orders")}, shop)
	if runs, epsilon := chargedRuns(t, shop, "orders"); n != 1 || runs != 1 || epsilon != "1" {
		t.Errorf("%d answered; charged are %d runs, epsilon %s", n, runs, epsilon)
	}
}

// R12 in a join of two nodes, asked by both: exactly one is charged, at both.
// Sixteen go on at once: a hundred calls at the same time are more than a node
// takes of one partner, and some would end without a word of the budget.
func TestHundredJoinsOnAnEpsilonForOne(t *testing.T) {
	t.Parallel()
	many := func(c *cleanroom.Config) { c.MaxRuns = 200 }
	agency, shop := start(t, "agency", nil, many), start(t, "shop", nil, many)
	table{name: "ads", rows: people("p", "north", 0, 1200)}.add(t, agency)
	table{name: "orders", rows: people("p", "new", 0, 1500)}.add(t, shop)
	id := cleanroomtest.AgreeNoisy(t, 10, forRuns(2), agency, shop)
	const sql = "SELECT COUNT(DISTINCT ads.email) AS n FROM ads JOIN orders ON ads.email = orders.email WHERE ads.wave > -%d"
	// The first aligns the two, so that the others need not wait for that.
	if v := submit(t, agency, cleanroom.Question{Agreement: id, SQL: fmt.Sprintf(sql, 1000)}); v.State != store.Success || len(v.More) != 1 || v.More[0] != (cleanroom.MoreRuns{Dataset: "ads", Runs: 1}) {
		t.Fatalf("%s %+v", v.Error, v.More)
	}
	n := atOnce(t, 100, 16, id, sql, []string{fmt.Sprintf(budgetHere, "ads"), fmt.Sprintf(budgetHere, "orders"), budgetThere}, agency, shop)
	a, spentA := chargedRuns(t, agency, "ads")
	s, spentS := chargedRuns(t, shop, "orders")
	t.Logf("%d answered; charged are %d and %d runs, epsilon %s and %s", n, a, s, spentA, spentS)
	if n != 1 || a != 2 || s != 2 {
		t.Errorf("%d answered; charged are %d and %d runs, epsilon %s and %s", n, a, s, spentA, spentS)
	}
}

// R10, R11: however often a noisy question is asked, and however it is written,
// it has one answer, and costs once. PARLEY_REPEATS asks more often.
func TestNoisyQuestionHasOneAnswer(t *testing.T) {
	t.Parallel()
	repeats := 36
	if n, err := strconv.Atoi(os.Getenv("PARLEY_REPEATS")); err == nil {
		repeats = n
	}
	agency, shop, id := noisyPair(t, *forRuns(9))
	for _, c := range []struct {
		asker *cleanroomtest.Member
		sqls  []string
	}{
		{shop, []string{
			"SELECT grp, COUNT(*) AS n FROM orders WHERE wave > 2 AND grp = 'new' GROUP BY grp",
			"select  grp ,\n\tcount(*)  n from orders where wave > 2 and grp = 'new' group by 1",
			"WITH o AS (SELECT * FROM orders) SELECT o.grp, COUNT(*) AS n FROM o WHERE o.wave > 2 AND o.grp = 'new' GROUP BY o.grp -- again",
			"SELECT x.grp, COUNT(*) AS n FROM (SELECT grp, wave, amount FROM orders) AS x WHERE (x.wave > 2) AND x.grp = 'new' GROUP BY x.grp",
		}},
		{agency, []string{
			"SELECT COUNT(DISTINCT ads.email) AS n FROM ads JOIN orders ON ads.email = orders.email",
			"select count(distinct a.email) n from ads a join orders b on a.email = b.email",
		}},
	} {
		first := submit(t, c.asker, cleanroom.Question{Agreement: id, SQL: c.sqls[0]})
		if first.State != store.Success {
			t.Fatal(first.Error)
		}
		for i := range repeats {
			sql := c.sqls[i%len(c.sqls)]
			v := submit(t, c.asker, cleanroom.Question{Agreement: id, SQL: sql})
			if v.State != store.Success || string(v.Result) != string(first.Result) || v.ReceiptHash != first.ReceiptHash {
				t.Fatalf("repeat %d, %s: %s %q", i, sql, v.State, v.Error)
			}
		}
	}
	if a, _ := chargedRuns(t, agency, "ads"); a != 1 {
		t.Errorf("ads is charged %d runs", a)
	}
	if s, _ := chargedRuns(t, shop, "orders"); s != 2 {
		t.Errorf("orders is charged %d runs", s)
	}
}

// A delta of 1/n or more is refused at the owner, with what to sign.
func TestLargeDelta(t *testing.T) {
	t.Parallel()
	agency, shop, id := noisyPair(t, agreements.DP{Epsilon: "1", Delta: "0.0007", BudgetEpsilon: "10", BudgetDelta: "0.1"})
	const want = `differential privacy needs a delta below one divided by the number of units of the dataset, or it would allow giving away a whole unit: ` +
		`"orders" has 1503 units and the agreement demands delta 0.0007. Sign an agreement whose dp.delta is 0.0001 or less`
	if _, err := shop.Submit(t.Context(), cleanroom.Question{Agreement: id, SQL: "SELECT COUNT(*) AS n FROM orders"}); err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	// Of 1,200 units it is below 1/n; the join is refused by the other owner.
	if v := submit(t, agency, cleanroom.Question{Agreement: id, SQL: "SELECT COUNT(*) AS n FROM ads"}); v.State != store.Success {
		t.Errorf("%s", v.Error)
	}
	v := submit(t, agency, cleanroom.Question{Agreement: id, SQL: "SELECT COUNT(*) AS n FROM ads JOIN orders ON ads.email = orders.email"})
	if v.State == store.Success || strings.Contains(v.Error, "1503") {
		t.Errorf("%s %q", v.State, v.Error)
	}
	if n, _ := chargedRuns(t, agency, "ads"); n != 1 {
		t.Errorf("charged are %d runs", n)
	}
}
