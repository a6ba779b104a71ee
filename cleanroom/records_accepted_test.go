package cleanroom_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"parley/cleanroom"
	"parley/cleanroom/cleanroomtest"
)

var fullRoot = regexp.MustCompile(`root ([0-9a-f]{64})`)

// TestAcceptedHeadStays: agency loses the end of its log, and shop's people
// accept that. bank still holds a head of the lost part, and goes on telling shop
// of it: that stops nothing at shop any more.
func TestAcceptedHeadStays(t *testing.T) {
	t.Parallel()
	home, l := newHome(t, "agency")
	agency, stop := serve(t, home, l, nil)
	defer func() { stop() }()
	shop, bank := cleanroomtest.Start(t, "shop"), cleanroomtest.Start(t, "bank")
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
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
	again := func(entries int) {
		t.Helper()
		agency, stop = serve(t, home, relisten(t, l), nil)
		for range entries {
			if _, err := agency.Explain(t.Context(), cleanroom.Question{Agreement: id, SQL: ownerOnlyAt("ads")}); err != nil {
				t.Fatal(err)
			}
		}
	}
	fits(shop, "agency")
	stop()
	older := keepHome(t, home)
	again(30)
	fits(bank, "agency")
	fits(shop, "agency") // a longer one than bank's
	stop()
	older()
	again(0)
	if text := exchange(shop, "agency"); !strings.Contains(text, "shorter than the one that this node countersigned") {
		t.Fatalf("shop: %s", text)
	}
	_, err := shop.AcceptHead(t.Context(), "agency", "")
	if err == nil {
		t.Fatal("accepted without a root")
	}
	root := fullRoot.FindStringSubmatch(err.Error())
	if root == nil {
		t.Fatal(err)
	}
	if _, err := shop.AcceptHead(t.Context(), "agency", root[1]); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		fits(shop, "agency")
		fits(shop, "bank") // tells of the lost part
	}
	fits(shop, "agency")
	if r, err := shop.Records(t.Context()); err != nil || len(r.Conflicts) != 1 || r.Conflicts[0].Decided == nil {
		b, _ := json.Marshal(r)
		t.Errorf("%v %s", err, b)
	}
}
