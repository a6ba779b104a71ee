package cleanroom_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/store"
)

// TestR08TooLargeASum: a sum that leaves 64 bits is found after the run has
// begun. Nothing comes out of it, at the owner or at another asker; the owner's
// text says what to do and is the same whichever group and row it was, and the
// other asker learns that it failed and no more.
func TestR08TooLargeASum(t *testing.T) {
	t.Parallel()
	agency, shop := cleanroomtest.Start(t, "agency"), cleanroomtest.Start(t, "shop")
	csv := "email,grp,wave,amount\n"
	for i := range 40 {
		csv += fmt.Sprintf("p%d@example.com,%s,%d,900000000000000\n", i, []string{"new", "old"}[i%2], i%4)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "orders.csv"), []byte(csv), 0o600); err != nil {
		t.Fatal(err)
	}
	shop.Add(t, strings.Replace(table{name: "orders", public: true}.contract(), "maximum: 100", "maximum: 900000000000000", 1), dir)
	table{name: "ads", public: true, rows: people("p", "north", 0, 40)}.add(t, agency)
	id := cleanroomtest.Agree(t, 10, agency, shop)

	const sum = "SELECT grp, SUM(amount * 1000) AS s FROM orders"
	const want = "a sum of the question is larger than an answer can hold (64 bits: 19 digits, decimals among them), so nothing is released. " +
		"Ask about fewer rows at a time, with WHERE or finer groups, or with smaller factors"
	for _, where := range []string{"", " WHERE grp = 'new'", " WHERE wave < 3"} {
		failed(t, shop, id, sum+where+" GROUP BY grp", want)
		failed(t, agency, id, sum+where+" GROUP BY grp", "the run ended without an answer at the other node; its own log says why")
		if there := lastRun(t, shop); there.State != store.Failed || there.Receipt != nil || there.Result != nil {
			t.Errorf("at the owner: %s %s", there.State, there.Error)
		}
	}
	// What the text advises helps.
	for _, advised := range []string{strings.Replace(sum, "* 1000", "* 10", 1) + " GROUP BY grp", sum + " WHERE wave = 0 GROUP BY grp"} {
		if v, err := shop.Ask(t.Context(), id, advised); err != nil || v.State != store.Success {
			t.Errorf("%s: %v %+v", advised, err, v)
		}
	}
}
