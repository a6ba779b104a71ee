package cleanroom_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/agreements"
	"parley/cleanroom"
	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/store"
)

// addAt imports a table from a file of its own.
func addAt(t *testing.T, m *cleanroomtest.Member, d table, path string) {
	t.Helper()
	csv := "email,grp,wave,amount\n" + strings.Join(d.rows, "\n") + "\n"
	if err := os.WriteFile(path, []byte(csv), 0o600); err != nil {
		t.Fatal(err)
	}
	contract := strings.Replace(d.contract(), "path: "+d.name+".csv", "path: "+filepath.Base(path), 1)
	m.Contracts = nil
	m.Add(t, contract, filepath.Dir(path))
}

// amended is an agreement over what the members have now that amends another.
func amended(t *testing.T, before string, demand *agreements.DP, members ...*cleanroomtest.Member) string {
	t.Helper()
	return agree(t, 10, func(a *agreements.Agreement) {
		a.DP, a.Predecessor = demand, before
		a.Title += ", amended"
	}, members...)
}

// TestR14NothingResetsTheBudget: on a budget for one run, one run is answered,
// whatever is done to the name, the file, the contract or the agreement of the
// same data.
func TestR14NothingResetsTheBudget(t *testing.T) {
	t.Parallel()
	demand := forRuns(1)
	orders := table{name: "orders", rows: people("p", "new", 0, 2400)}
	ask := func(name string, n int) string {
		return fmt.Sprintf("SELECT COUNT(*) AS n FROM %s WHERE wave > -%d", name, n)
	}
	for name, way := range map[string]func(t *testing.T, shop *cleanroomtest.Member, before, file string) (agreement, dataset string){
		"a new agreement": func(t *testing.T, shop *cleanroomtest.Member, _, _ string) (string, string) {
			return agree(t, 10, func(a *agreements.Agreement) { a.DP, a.Title = demand, "Another" }, shop), "orders"
		},
		"an amendment": func(t *testing.T, shop *cleanroomtest.Member, before, _ string) (string, string) {
			return amended(t, before, demand, shop), "orders"
		},
		"the same name, with other rows": func(t *testing.T, shop *cleanroomtest.Member, _, file string) (string, string) {
			d := orders
			d.rows = append(people("x", "new", 0, 1000), orders.rows[1000:]...)
			addAt(t, shop, d, file+".again.csv")
			return cleanroomtest.AgreeNoisy(t, 10, demand, shop), "orders"
		},
		"the same name, with other people alone": func(t *testing.T, shop *cleanroomtest.Member, _, file string) (string, string) {
			d := orders
			d.rows = people("x", "new", 0, 2400)
			addAt(t, shop, d, file+".again.csv")
			return cleanroomtest.AgreeNoisy(t, 10, demand, shop), "orders"
		},
		"another name for the same file": func(t *testing.T, shop *cleanroomtest.Member, _, file string) (string, string) {
			d := orders
			d.name = "sales"
			addAt(t, shop, d, file)
			return cleanroomtest.AgreeNoisy(t, 10, demand, shop), "sales"
		},
		"another name for the same file with other people": func(t *testing.T, shop *cleanroomtest.Member, _, file string) (string, string) {
			d := orders
			d.name, d.rows = "sales", people("x", "new", 0, 2400)
			addAt(t, shop, d, file)
			return cleanroomtest.AgreeNoisy(t, 10, demand, shop), "sales"
		},
		"another name and file for the same people": func(t *testing.T, shop *cleanroomtest.Member, _, file string) (string, string) {
			d := orders
			d.name = "sales"
			addAt(t, shop, d, file+".sales.csv")
			return cleanroomtest.AgreeNoisy(t, 10, demand, shop), "sales"
		},
		"a part of it under another name": func(t *testing.T, shop *cleanroomtest.Member, _, file string) (string, string) {
			d := orders
			d.name, d.rows = "sales", orders.rows[:1200]
			addAt(t, shop, d, file+".part.csv")
			return cleanroomtest.AgreeNoisy(t, 10, demand, shop), "sales"
		},
		"it among others under another name": func(t *testing.T, shop *cleanroomtest.Member, _, file string) (string, string) {
			d := orders
			d.name, d.rows = "sales", append(people("x", "new", 0, 5000), orders.rows...)
			addAt(t, shop, d, file+".more.csv")
			return cleanroomtest.AgreeNoisy(t, 10, demand, shop), "sales"
		},
		"another contract": func(t *testing.T, shop *cleanroomtest.Member, _, file string) (string, string) {
			d := orders
			d.terms = "Otherwise."
			addAt(t, shop, d, file)
			return cleanroomtest.AgreeNoisy(t, 10, demand, shop), "orders"
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := start(t, "shop", nil)
			file := filepath.Join(t.TempDir(), "orders.csv")
			addAt(t, shop, orders, file)
			id := cleanroomtest.AgreeNoisy(t, 10, demand, shop)
			if v := submit(t, shop, cleanroom.Question{Agreement: id, SQL: ask("orders", 1)}); v.State != store.Success {
				t.Fatal(v.Error)
			}
			agreement, dataset := way(t, shop, id, file)
			v := submit(t, shop, cleanroom.Question{Agreement: agreement, SQL: ask(dataset, 2)})
			if v.State != store.Failed || v.Code != "refused" || !strings.HasPrefix(v.Error, "the limit is reached: "+fmt.Sprintf(budgetHere, dataset)+"1 in all") {
				t.Errorf("%s %q", v.State, v.Error)
			}
		})
	}
}

// TestR14AmendmentKeepsHistory: what an amended agreement may not be asked is
// not to be had from the amendment either.
func TestR14AmendmentKeepsHistory(t *testing.T) {
	t.Parallel()
	shop := start(t, "shop", nil)
	table{name: "orders", rows: marked("p", 1200, waves()...)}.add(t, shop)
	id := cleanroomtest.Agree(t, 10, shop)
	asked(t, shop, id, "SELECT COUNT(DISTINCT email) AS n FROM orders WHERE wave >= 0", "")
	again := amended(t, id, agreements.NoDP(), shop)
	asked(t, shop, again, "SELECT COUNT(DISTINCT email) AS n FROM orders WHERE wave <> 7", closeHere("orders"))
}

// TestR37PartnersShareABudget: two partners under two agreements draw on one
// budget of the data that both ask about, also under another name of it.
func TestR37PartnersShareABudget(t *testing.T) {
	t.Parallel()
	north, south, shop := start(t, "north", nil), start(t, "south", nil), start(t, "shop", nil)
	table{name: "ads", rows: people("p", "north", 0, 1200)}.add(t, north)
	table{name: "spots", rows: people("p", "south", 1, 1200)}.add(t, south)
	orders := table{name: "orders", rows: people("p", "new", 0, 1500)}
	orders.add(t, shop)
	one := forRuns(1)
	first := cleanroomtest.AgreeNoisy(t, 10, one, north, shop)
	second := cleanroomtest.AgreeNoisy(t, 10, one, south, shop)
	const sql = "SELECT COUNT(DISTINCT %[1]s.email) AS n FROM %[1]s JOIN %[2]s ON %[1]s.email = %[2]s.email"
	if v := submit(t, north, cleanroom.Question{Agreement: first, SQL: fmt.Sprintf(sql, "ads", "orders")}); v.State != store.Success {
		t.Fatal(v.Error)
	}
	refused := func(agreement, dataset string) {
		t.Helper()
		v := submit(t, south, cleanroom.Question{Agreement: agreement, SQL: fmt.Sprintf(sql, "spots", dataset)})
		if v.State != store.Failed || v.Code != "refused" || !strings.Contains(v.Error, budgetThere) {
			t.Errorf("%s %q", v.State, v.Error)
		}
	}
	refused(second, "orders")
	orders.name, shop.Contracts = "sales", nil
	orders.add(t, shop)
	refused(cleanroomtest.AgreeNoisy(t, 10, one, south, shop), "sales")
}

// TestR37SmallSets: in a join the larger of the two smallest sets holds for both
// datasets, so that a partner cannot bring its people in many small ones.
func TestR37SmallSets(t *testing.T) {
	t.Parallel()
	agency, shop := start(t, "agency", nil), start(t, "shop", nil)
	table{name: "ads", rows: people("p", "north", 0, 1200)}.add(t, agency)
	table{name: "orders", rows: people("p", "new", 0, 1500)}.add(t, shop)
	id := agree(t, 10, func(a *agreements.Agreement) { a.Dataset("orders").Rules.MinSetSize = 1300 }, agency, shop)
	const join = "SELECT COUNT(DISTINCT ads.email) AS n FROM ads JOIN orders ON ads.email = orders.email"
	if _, err := agency.Submit(t.Context(), cleanroom.Question{Agreement: id, SQL: join}); err == nil ||
		err.Error() != `the dataset is smaller than the smallest set its rules allow, or those of the dataset it is joined with: "ads" needs at least 1300 units` {
		t.Errorf("%v", err)
	}
	if v := submit(t, shop, cleanroom.Question{Agreement: id, SQL: join}); v.State == store.Success {
		t.Error("a join with a small set was answered")
	}
	if v := submit(t, agency, cleanroom.Question{Agreement: id, SQL: "SELECT COUNT(*) AS n FROM ads"}); v.State != store.Success {
		t.Errorf("alone: %s", v.Error)
	}
}

// TestR37AlignmentsInAll: each partner may begin so many alignments a day, and
// all of them together four times as many, so that one partner under many names
// cannot count the shared units as often as it likes.
func TestR37AlignmentsInAll(t *testing.T) {
	t.Parallel()
	once := func(c *cleanroom.Config) { c.AlignmentsPerDay = 1 }
	shop := start(t, "shop", nil, once)
	smallOrders.add(t, shop)
	for i := range 5 {
		partner := start(t, fmt.Sprintf("agency%d", i), nil, once)
		smallAds.add(t, partner)
		v := submit(t, partner, cleanroom.Question{Agreement: cleanroomtest.Agree(t, 2, partner, shop), SQL: bySegment})
		if ok := v.State == store.Success; ok != (i < 4) {
			t.Errorf("partner %d: %s %q", i, v.State, v.Error)
		}
	}
}
