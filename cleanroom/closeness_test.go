package cleanroom_test

import (
	"fmt"
	"strings"
	"testing"

	"parley/cleanroom"
	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/store"
)

// marked is n units of one group and wave 1, of which the first few have
// another wave.
func marked(prefix string, n int, waves ...int) []string {
	rows := make([]string, n)
	for i := range rows {
		wave := 1
		if i < len(waves) {
			wave = waves[i]
		}
		rows[i] = fmt.Sprintf("%s%d@example.com,north,%d,%d", prefix, i, wave, 1+i%7)
	}
	return rows
}

// waves makes 1 wave 7, 9 of wave 8 and 10 of wave 9, and 200 of wave 5.
func waves() []int {
	out := []int{7}
	for range 9 {
		out = append(out, 8)
	}
	for range 10 {
		out = append(out, 9)
	}
	for range 200 {
		out = append(out, 5)
	}
	return out
}

const closeThere = "the question is too close to an earlier one at the other owner, or some of its own numbers to each other: what they select differs by so few people or things that they could be subtracted from each other. A larger change, or differential privacy, would be allowed"

func closeHere(dataset string) string {
	return fmt.Sprintf("the question is too close to an earlier one: what the two select of %q differs by fewer than 10 units, so that their answers could be subtracted from each other. "+
		"Allowed is a question that differs by at least 10 of them, or by none; or an agreement with differential privacy", dataset)
}

// submit runs a question without a wish for a fresh answer.
func submit(t *testing.T, m *cleanroomtest.Member, q cleanroom.Question) *cleanroom.View {
	t.Helper()
	r, err := m.Submit(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	v, err := m.Finish(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// asked runs a question and compares how it ends: "" is an answer.
func asked(t *testing.T, m *cleanroomtest.Member, agreement, sql, want string) {
	t.Helper()
	v := submit(t, m, cleanroom.Question{Agreement: agreement, SQL: sql})
	switch {
	case want == "" && v.State != store.Success:
		t.Errorf("%s: %s %q", sql, v.State, v.Error)
	case want != "" && (v.State != store.Failed || v.Error != want || v.Result != nil || v.Code != "refused"):
		t.Errorf("%s: %s %q (%s), want %q", sql, v.State, v.Error, v.Code, want)
	}
}

// R01, R02 and R22 at one owner's data and in a join: what differs from an
// earlier selection, or from what it left out, by 1 to 9 units is refused by
// the owner of the rows, and so is the same question once one row has changed.
func TestDifferencing(t *testing.T) {
	t.Parallel()
	agency, shop := start(t, "agency", nil), start(t, "shop", nil)
	ads := table{name: "ads", rows: marked("p", 1200, waves()...)}
	orders := table{name: "orders", rows: append(marked("p", 1100, waves()...), marked("q", 100)...)}
	ads.add(t, agency)
	orders.add(t, shop)
	id := cleanroomtest.Agree(t, 10, agency, shop)

	people := func(where string) string {
		return "SELECT COUNT(DISTINCT email) AS n FROM orders WHERE " + where
	}
	// R01: set against set minus one, and minus 9; minus 10 is fine.
	asked(t, shop, id, people("wave >= 0"), "")
	asked(t, shop, id, people("wave <> 7"), closeHere("orders"))
	asked(t, agency, id, people("wave <> 8"), closeThere) // released to anyone
	asked(t, agency, id, people("wave <> 9"), "")
	// The same set in other words.
	asked(t, shop, id, people("wave > -5 AND NOT wave = 100"), "")
	// R02: what wave <> 9 leaves out has exactly k units; with one more it
	// overlaps what was released by one.
	asked(t, shop, id, people("wave = 9"), "")
	asked(t, shop, id, people("wave IN (7, 9)"), closeHere("orders"))
	asked(t, shop, id, people("wave = 5"), "")
	asked(t, shop, id, people("wave NOT IN (5, 7)"), closeHere("orders"))
	// A condition of an aggregate, and a group, select as a filter does.
	asked(t, shop, id, "SELECT COUNT(*) AS n, COUNT(DISTINCT email) FILTER (WHERE wave <> 7) AS few FROM orders", closeHere("orders"))
	asked(t, shop, id, "SELECT grp, COUNT(DISTINCT email) AS n FROM orders WHERE wave <> 8 GROUP BY grp", closeHere("orders"))
	// The same units, of which one has another value.
	asked(t, shop, id, "SELECT SUM(amount) AS s FROM orders WHERE wave > 0", "")
	asked(t, shop, id, "SELECT SUM(CASE WHEN wave <> 7 THEN amount ELSE 0 END) AS s FROM orders WHERE wave > 0", closeHere("orders"))

	// In a join each owner compares its own rows.
	join := func(where string) string {
		return "SELECT COUNT(DISTINCT ads.email) AS n, SUM(orders.amount) AS s FROM ads JOIN orders ON ads.email = orders.email WHERE " + where
	}
	asked(t, agency, id, join("ads.wave >= 0 AND orders.wave <> 9"), "")
	asked(t, agency, id, join("ads.wave <> 7 AND orders.wave <> 9"), closeHere("ads"))
	asked(t, agency, id, join("ads.wave >= 0 AND orders.wave NOT IN (9, 7)"), closeThere)
	asked(t, agency, id, join("ads.wave <> 9 AND orders.wave <> 9"), "")

	// R22: one row of the data changes, and then k.
	changed := orders
	changed.rows = append([]string{}, orders.rows...)
	changed.rows[1150] = "new@example.com,north,1,3"
	changed.add(t, shop)
	asked(t, shop, id, people("wave >= 0"), closeHere("orders"))
	for i := range 10 {
		changed.rows[1100+i] = fmt.Sprintf("new%d@example.com,north,1,3", i)
	}
	changed.add(t, shop)
	asked(t, shop, id, people("wave >= 0"), "")
	// Another name and agreement for the same data change nothing (R14).
	renamed := changed
	renamed.name, shop.Contracts = "sales", nil
	renamed.add(t, shop)
	again := cleanroomtest.Agree(t, 10, agency, shop)
	asked(t, shop, again, strings.ReplaceAll(people("wave <> 7"), "orders", "sales"), closeHere("sales"))
}

// Public data is not compared, and says so in its name.
func TestPublicDataIsNotCompared(t *testing.T) {
	t.Parallel()
	shop := start(t, "shop", nil)
	table{name: "orders", public: true, rows: marked("p", 40, 7)}.add(t, shop)
	id := cleanroomtest.Agree(t, 10, shop)
	asked(t, shop, id, "SELECT COUNT(DISTINCT email) AS n FROM orders WHERE wave >= 0", "")
	asked(t, shop, id, "SELECT COUNT(DISTINCT email) AS n FROM orders WHERE wave <> 7", "")
}

// A group too small to be released is what the others leave of the whole: who
// has the one answer does not get the other. The same groups may be asked for
// again, about something else.
func TestGroupsAndWhole(t *testing.T) {
	t.Parallel()
	shop := start(t, "shop", nil)
	rows := append(marked("n", 700), people("s", "south", 0, 500)...)
	table{name: "orders", rows: append(rows, people("t", "tiny", 0, 5)...)}.add(t, shop)
	id := cleanroomtest.Agree(t, 10, shop)
	asked(t, shop, id, "SELECT grp, COUNT(*) AS n FROM orders GROUP BY grp", "")
	asked(t, shop, id, "SELECT grp, COUNT(*) AS n, SUM(amount) AS s FROM orders GROUP BY grp", "")
	asked(t, shop, id, "SELECT SUM(amount) AS s FROM orders", closeHere("orders"))
	asked(t, shop, id, "SELECT SUM(amount) AS s FROM orders WHERE grp <> 'tiny'", "")
	asked(t, shop, id, "SELECT SUM(amount) AS s FROM orders WHERE grp = 'north'", "")
}

// R01 within one question: two conditions whose people are the same but for a
// few, each of which leaves out enough of the group.
func TestDifferencingWithinAQuestion(t *testing.T) {
	t.Parallel()
	agency, shop := start(t, "agency", nil), start(t, "shop", nil)
	table{name: "ads", rows: marked("p", 1200, waves()...)}.add(t, agency)
	table{name: "orders", rows: append(marked("p", 1100, waves()...), marked("q", 100)...)}.add(t, shop)
	id := cleanroomtest.Agree(t, 10, agency, shop)
	const here = `two conditions of the question select the same of "orders" but for fewer than 10 units, so that their numbers could be subtracted from each other. ` +
		"Allowed are conditions that differ by at least 10 of them, or by none; or an agreement with differential privacy"

	// Wave 1 has some 1,000 people, wave 5 has 200, wave 7 one, 8 nine, 9 ten.
	for _, two := range []string{
		"COUNT(*) FILTER (WHERE wave IN (5, 9)) AS a, COUNT(*) FILTER (WHERE wave IN (5, 7, 9)) AS b",
		"SUM(amount) FILTER (WHERE wave IN (5, 9)) - SUM(CASE WHEN wave IN (5, 7, 9) THEN amount ELSE 0 END) AS d",
		"COUNT(*) AS n, COUNT(*) FILTER (WHERE wave <= 7) AS a, COUNT(*) FILTER (WHERE wave >= 7) AS b",
		"AVG(amount) FILTER (WHERE wave IN (1, 8)) AS a, COUNT(DISTINCT email) FILTER (WHERE wave = 1) AS b",
	} {
		asked(t, shop, id, "SELECT "+two+" FROM orders", here)
		asked(t, shop, id, "SELECT grp, "+two+" FROM orders GROUP BY grp", here)
		asked(t, agency, id, "SELECT "+two+" FROM orders", closeThere)
	}
	asked(t, shop, id, "SELECT ads.grp, SUM(orders.amount) FILTER (WHERE orders.wave IN (5, 9)) AS a, SUM(ads.amount) FILTER (WHERE orders.wave IN (5, 7, 9)) AS b "+
		"FROM ads JOIN orders ON ads.email = orders.email GROUP BY ads.grp", here)
	asked(t, shop, id, "SELECT COUNT(*) FILTER (WHERE wave IN (5, 9)) AS a, SUM(amount) FILTER (WHERE wave IN (5, 9)) AS b, COUNT(*) FILTER (WHERE wave = 5) AS c FROM orders", "")
}

// R01, R02 over three questions, a and b and a or b: none is near another, and
// together they tell how many are in both.
func TestThreeQuestionsTogether(t *testing.T) {
	t.Parallel()
	agency, shop := start(t, "agency", nil), start(t, "shop", nil)
	table{name: "ads", rows: marked("p", 1200, waves()...)}.add(t, agency)
	table{name: "orders", rows: append(marked("p", 1100, waves()...), marked("q", 100)...)}.add(t, shop)
	id := cleanroomtest.Agree(t, 10, agency, shop)
	const three = `the question is too close to an earlier one: what it selects of "orders" and what two earlier ones select, added and subtracted, are fewer than 10 units by themselves. ` +
		"Allowed is a question for which they are at least 10, or none; or an agreement with differential privacy"
	sum := func(waves string) string { return "SELECT SUM(amount) AS s FROM orders WHERE wave IN (" + waves + ")" }
	asked(t, shop, id, sum("5, 7"), "")
	asked(t, agency, id, sum("7, 9"), "") // whoever asks
	asked(t, shop, id, sum("5, 7, 9"), three)
	asked(t, agency, id, sum("5, 7, 9"), closeThere)
	asked(t, shop, id, sum("9, 7"), "") // answered before
	asked(t, shop, id, sum("1"), "")
}
