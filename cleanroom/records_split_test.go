package cleanroom_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/cleanroom"
	"parley/cleanroom/audit"
	"parley/cleanroom/cleanroomtest"
)

// TestR55SplitView: agency keeps two logs under its one key, and shows one to
// shop and the other to bank. Each is a sound continuation of what the partner
// saw; shop finds out when it hears from bank, asks agency about what bank
// holds, and has the proof. bank finds out from shop in the same way.
func TestR55SplitView(t *testing.T) {
	t.Parallel()
	home, l := newHome(t, "agency")
	agency, stop := serve(t, home, l, nil)
	defer func() { stop() }()
	shop, bank := cleanroomtest.Start(t, "shop"), cleanroomtest.Start(t, "bank")
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	accounts := smallOrders
	accounts.name = "accounts"
	accounts.add(t, bank)
	id := cleanroomtest.Agree(t, 2, agency, shop, bank)
	exchange := func(from *cleanroomtest.Member, with string) string {
		t.Helper()
		all, err := from.ExchangeRecords(t.Context(), with)
		if err != nil || len(all) != 1 {
			t.Fatalf("%s with %s: %v %+v", from.Org(), with, err, all)
		}
		return all[0].Error
	}
	fits := func(from *cleanroomtest.Member, with string) {
		t.Helper()
		if text := exchange(from, with); text != "" {
			t.Fatalf("%s with %s: %s", from.Org(), with, text)
		}
	}
	fits(agency, "shop")
	fits(agency, "bank")
	stop()
	fork := keepHome(t, home)

	grow := func(entries int) {
		t.Helper()
		agency, stop = serve(t, home, relisten(t, l), nil)
		for range entries {
			if _, err := agency.Explain(t.Context(), cleanroom.Question{Agreement: id, SQL: ownerOnlyAt("ads")}); err != nil {
				t.Fatal(err)
			}
		}
	}
	grow(40) // shop's view, the longer one
	fits(agency, "shop")
	stop()
	forShop := keepHome(t, home)
	fork()
	grow(10) // bank's
	fits(agency, "bank")
	ask(t, bank, id, ownerOnlyAt("ads")) // nothing is amiss as far as bank can see
	stop()
	forBank := keepHome(t, home)

	forShop()
	grow(0)
	fits(shop, "agency")
	fits(shop, "bank") // here shop hears what bank holds
	const forked = "the records do not fit together: the audit log of agency is not a continuation of the one that was countersigned"
	if text := exchange(shop, "agency"); !strings.HasPrefix(text, forked) {
		t.Errorf("shop: got  %s\nwant %s", text, forked)
	}
	v, err := shop.Ask(t.Context(), id, ownerOnlyAt("ads"))
	if err != nil || !strings.HasPrefix(v.Error, forked) || v.Result != nil {
		t.Errorf("shop's run: %v %+v", err, v)
	}
	proof(t, shop)
	stop()

	forBank()
	grow(60) // beyond what shop holds
	fits(bank, "shop")
	if text := exchange(bank, "agency"); !strings.HasPrefix(text, forked) {
		t.Errorf("bank: got  %s\nwant %s", text, forked)
	}
	proof(t, bank)
}

// proof demands a file that shows to anyone that agency's log was forked.
func proof(t *testing.T, m *cleanroomtest.Member) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(string(m.Home), "records", "conflict-1.json"))
	if err != nil {
		t.Error(err)
		return
	}
	if f, err := audit.VerifyFork(b); err != nil || !f.Proven || f.Member != "agency" {
		t.Errorf("%s's proof shows nothing: %+v %v", m.Org(), f, err)
	}
}
