package cleanroom_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/engine/duckdb"
)

// manyRows is a dataset whose units have 1 to most rows; a row's amount and
// group say nothing of how many its unit has. One row in five is new.
func manyRows(name, prefix string, units, most, counted int) timed {
	dice := rand.New(rand.NewPCG(7, uint64(most)))
	d := timed{name: name, maxRows: most, counted: counted}
	for u := range units {
		for range 1 + u%most {
			grp := "old"
			if dice.IntN(5) == 0 {
				grp = "new"
			}
			d.rows = append(d.rows, dayRow(prefix+strconv.Itoa(u), dice.IntN(30), grp, dice.IntN(10_000)))
		}
	}
	return d
}

// TestQuotientsUnderNoise: where units have more rows than count, averages,
// shares and spreads are those of plain DuckDB over all rows, and a unit meets a
// condition if any of its rows does. Noise is below 1 % here, and so is what the
// draw adds, 3 % for shares; averages of sums of all rows over counts of some
// were too high by a factor of 2 to 6.
func TestQuotientsUnderNoise(t *testing.T) {
	t.Parallel()
	for _, counted := range []int{0, 3, 12} {
		t.Run(fmt.Sprintf("rowsPerUnit %d", counted), func(t *testing.T) {
			t.Parallel()
			agency, shop := cleanroomtest.Start(t, "agency"), cleanroomtest.Start(t, "shop")
			statements := []string{manyRows("ads", "p", 3000, 4, min(counted, 2)).add(t, agency), manyRows("orders", "p", 3000, 12, counted).add(t, shop)}
			id := cleanroomtest.AgreeNoisy(t, 10, &little, agency, shop)
			const joined = ` FROM ads JOIN orders ON ads.email = orders.email`
			for _, sql := range []string{
				`SELECT AVG(amount) AS x FROM orders`,
				`SELECT SUM(amount) / COUNT(*) AS x FROM orders`,
				`SELECT STDDEV_POP(amount) AS x FROM orders`,
				`SELECT AVG(amount) FILTER (WHERE grp = 'new') AS x FROM orders`,
				`SELECT 1.0 * COUNT(*) FILTER (WHERE grp = 'new') / COUNT(*) AS x FROM orders`,
				`SELECT COUNT(DISTINCT email) FILTER (WHERE grp = 'new') AS x FROM orders`,
				`SELECT AVG(orders.amount) AS x` + joined,
				`SELECT SUM(ads.amount) / COUNT(*) AS x` + joined,
				`SELECT 1.0 * COUNT(*) FILTER (WHERE orders.grp = 'new') / COUNT(*) AS x` + joined,
				`SELECT COUNT(DISTINCT ads.email) FILTER (WHERE ads.grp = 'new' AND orders.grp = 'new') AS x` + joined,
			} {
				_, rows, err := duckdb.Oracle(t.Context(), statements, sql)
				if err != nil {
					t.Fatal(err)
				}
				want, err := strconv.ParseFloat(*rows[0][0], 64)
				if err != nil {
					t.Fatal(err)
				}
				got, _ := numberAt(t, tableOf(t, shop, id, sql), 0, 0)
				if math.Abs(got-want) > 0.06*want {
					t.Errorf("%s: %v, DuckDB has %v", sql, got, want)
				}
			}
		})
	}
}
