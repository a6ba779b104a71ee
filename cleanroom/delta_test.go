package cleanroom_test

import (
	"math/big"
	"testing"
	"time"

	"parley/agreements"
	"parley/cleanroom"
	"parley/cleanroom/cleanroomtest"
)

// What a draft demands is below a tenth of 1/n for every n it is made for, and
// its budget ten times that.
func TestDeltaFor(t *testing.T) {
	for units, want := range map[int64]string{0: "0.000001", 1000: "0.000001", 9999: "0.000001", 99_999: "0.000001", 100_000: "0.0000001",
		999_999: "0.0000001", 1_000_000: "0.00000001", 300_000_000: "0.0000000001"} {
		got := cleanroom.DefaultDP(units)
		if got.Delta != want || cleanroom.TenTimes(want) != got.BudgetDelta {
			t.Errorf("%d: %s and %s", units, got.Delta, got.BudgetDelta)
		}
		delta, _ := new(big.Rat).SetString(got.Delta)
		if delta.Mul(delta, big.NewRat(10*max(units, 1), 1)).Cmp(big.NewRat(1, 1)) >= 0 {
			t.Errorf("%s is not below a tenth of 1/%d", got.Delta, units)
		}
		ten, _ := new(big.Rat).SetString(got.BudgetDelta)
		delta, _ = new(big.Rat).SetString(got.Delta)
		if ten.Cmp(delta.Mul(delta, big.NewRat(10, 1))) != 0 {
			t.Errorf("%s is not ten times %s", got.BudgetDelta, got.Delta)
		}
	}
	for in, want := range map[string]string{"0.5": "5", "1": "10", "0.0007": "0.007", "x": "x"} {
		if got := cleanroom.TenTimes(in); got != want {
			t.Errorf("ten times %s is %s", in, got)
		}
	}
}

// TestDraftedDelta: a draft goes by the datasets that are known by their
// contracts, takes the others to be below a million, and says so.
func TestDraftedDelta(t *testing.T) {
	t.Parallel()
	agency, shop := cleanroomtest.Start(t, "agency"), cleanroomtest.Start(t, "shop")
	ads, orders := *smallAds.add(t, agency), *smallOrders.add(t, shop)
	now := time.Now().UTC().Truncate(time.Second)
	o := cleanroom.DraftOptions{Title: "Test", Purpose: "Testing.", MinGroupSize: 10, AdHoc: true, NotBefore: now, NotAfter: now.Add(time.Hour),
		Members: []agreements.Member{agency.Card, shop.Card}, Contracts: append(agency.Contracts, shop.Contracts...)}
	const assumed = "dp.delta 0.0000001 assumes fewer than 10000000 people or things in a dataset. How many are in orders of shop is not known here; " +
		"a dataset with more is not asked: its owner's node then names the delta to write."
	ads.Units = 1_200_000
	for _, c := range []struct {
		name  string
		known []cleanroom.Dataset
		delta string
		note  string
	}{
		{"neither is known", nil, "0.0000001", ""},
		{"one is known, and small", []cleanroom.Dataset{{ContractHash: ads.ContractHash, Units: 1000}}, "0.0000001", assumed},
		{"both are", []cleanroom.Dataset{{ContractHash: ads.ContractHash, Units: 1000}, orders}, "0.000001", ""},
		{"both are, and one is large", []cleanroom.Dataset{ads, orders}, "0.00000001", ""},
		{"another contract's", []cleanroom.Dataset{{Name: "ads", ContractHash: "sha256:00", Units: 10}, orders}, "0.0000001", ""},
	} {
		o.Known = c.known
		a, err := cleanroom.Draft(o)
		if err != nil {
			t.Fatal(err)
		}
		if a.DP.Delta != c.delta || a.DP.BudgetDelta != cleanroom.TenTimes(c.delta) {
			t.Errorf("%s: delta %s, budget %s", c.name, a.DP.Delta, a.DP.BudgetDelta)
		}
		_, unknown, err := cleanroom.LargestKnown(o.Contracts, o.Known)
		if err != nil {
			t.Fatal(err)
		}
		got := cleanroom.AssumedSizes(a.DP, unknown)
		if c.note != "" && got != c.note || (len(unknown) == 0) != (got == "") {
			t.Errorf("%s: %q", c.name, got)
		}
	}
	if got := cleanroom.AssumedSizes(agreements.NoDP(), []string{"orders"}); got != "" {
		t.Errorf("without noise: %q", got)
	}
}
