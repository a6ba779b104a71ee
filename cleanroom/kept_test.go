package cleanroom_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"parley/cleanroom"
	"parley/cleanroom/cleanroomtest"
)

// sums is the stage of a run in which hints are sent or spared.
func sums(t *testing.T, v *cleanroom.View) cleanroom.Stage {
	t.Helper()
	for _, s := range v.Stages {
		if s.Name == "encrypted sums" {
			return s
		}
	}
	t.Fatal("the run took no encrypted sums")
	return cleanroom.Stage{}
}

// hinted asks and demands a note, the same at both nodes.
func hinted(t *testing.T, asker, other *cleanroomtest.Member, id, sql, note string) (v, there *cleanroom.View) {
	t.Helper()
	v = ask(t, asker, id, sql)
	there = lastRun(t, other)
	if a, b := sums(t, v).Note, sums(t, there).Note; a != note || b != note {
		t.Errorf("%s\n%q here, %q there, want %q", sql, a, b, note)
	}
	return v, there
}

// TestHintsAreSentOnce asks the same again, another measure, and another
// filter of the side with the values: no hints are made or sent. Another
// filter of the side with the groups makes other weights.
func TestHintsAreSentOnce(t *testing.T) {
	t.Parallel()
	agency, shop, id := pair(t)
	first, _ := hinted(t, agency, shop, id, bySegment, "reused from earlier questions: 0 of 3")
	again, there := hinted(t, agency, shop, id, bySegment, "reused from earlier questions: 3 of 3")
	// c1′ of three products over two groups, 2,048 coefficients of 40 bits each.
	if spared := sums(t, first).Sent - sums(t, again).Sent; spared != 3*2*2048*5 {
		t.Errorf("%d bytes fewer were sent", spared)
	}
	if sums(t, again).Sent != sums(t, there).Received || string(first.Result) != string(again.Result) {
		t.Errorf("the second answer differs:\n%s\n%s", first.Result, again.Result)
	}
	hinted(t, shop, agency, id, bySegment, "reused from earlier questions: 3 of 3")
	mean, _ := hinted(t, agency, shop, id, strings.Replace(bySegment, "COUNT(*) AS n, SUM(orders.amount)", "AVG(orders.amount)", 1), "reused from earlier questions: 3 of 3")
	if !strings.Contains(string(mean.Result), `"rows":[["north","2.58`) {
		t.Errorf("got %s", mean.Result)
	}
	by := func(filter string) string { return strings.Replace(bySegment, " GROUP", " WHERE "+filter+" GROUP", 1) }
	hinted(t, agency, shop, id, by("orders.grp = 'new'"), "reused from earlier questions: 3 of 3")
	none, _ := hinted(t, agency, shop, id, by("orders.wave = 2"), "reused from earlier questions: 3 of 3")
	if !strings.Contains(string(none.Result), `"rows":[]`) {
		t.Errorf("got %s", none.Result)
	}
	hinted(t, agency, shop, id, by("ads.wave = 1"), "reused from earlier questions: 0 of 3")
	// The groups of the other side, and with them its weights, are its own.
	turned := strings.ReplaceAll(bySegment, "ads.grp", "orders.grp")
	hinted(t, agency, shop, id, turned, "reused from earlier questions: 0 of 3")
	hinted(t, agency, shop, id, turned, "reused from earlier questions: 3 of 3")
}

// TestHintsAfterRestart loses what one side kept, then what the other did:
// the answers stay, and hints are made anew and kept again.
func TestHintsAfterRestart(t *testing.T) {
	t.Parallel()
	agencyHome, agencyDoor := newHome(t, "agency")
	shopHome, shopDoor := newHome(t, "shop")
	agency, stopAgency := serve(t, agencyHome, agencyDoor, nil)
	shop, stopShop := serve(t, shopHome, shopDoor, nil)
	defer func() { stopAgency(); stopShop() }()
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	id := cleanroomtest.Agree(t, 2, agency, shop)
	first, _ := hinted(t, agency, shop, id, bySegment, "reused from earlier questions: 0 of 3")
	for _, restart := range []func(){
		func() { stopAgency(); agency, stopAgency = serve(t, agencyHome, relisten(t, agencyDoor), nil) },
		func() { stopShop(); shop, stopShop = serve(t, shopHome, relisten(t, shopDoor), nil) },
	} {
		restart()
		for _, note := range []string{"reused from earlier questions: 0 of 3", "reused from earlier questions: 3 of 3"} {
			v, _ := hinted(t, agency, shop, id, bySegment, note)
			if string(v.Result) != string(first.Result) {
				t.Errorf("another answer after a restart:\n%s\n%s", v.Result, first.Result)
			}
		}
	}
}

// TestNothingIsKept turns keeping off at one node.
func TestNothingIsKept(t *testing.T) {
	t.Parallel()
	none := func(c *cleanroom.Config) {
		if c.Org == "shop" {
			c.KeptMiB = 0
		}
	}
	agency, shop, id := pair(t, none)
	for range 2 {
		hinted(t, agency, shop, id, bySegment, "reused from earlier questions: 0 of 3")
	}
	none = func(c *cleanroom.Config) { c.KeptMiB = 0 }
	agency, shop, id = pair(t, none)
	for range 2 {
		hinted(t, agency, shop, id, bySegment, "reused from earlier questions: 0 of 3")
	}
}

// TestHintsAtOnce asks one question several times at the same time.
func TestHintsAtOnce(t *testing.T) {
	t.Parallel()
	agency, _, id := pair(t)
	ask(t, agency, id, strings.ReplaceAll(bySegment, "ads.grp", "orders.grp")) // aligns
	var wait sync.WaitGroup
	results := make([]string, 3)
	for i := range results {
		wait.Go(func() {
			if v, err := agency.Ask(t.Context(), id, bySegment); err == nil && cleanroomtest.Succeeded(v) {
				results[i] = string(v.Result)
			}
		})
	}
	wait.Wait()
	after := ask(t, agency, id, bySegment)
	for i, r := range results {
		if r != string(after.Result) {
			t.Errorf("run %d: %q, want %s", i, r, after.Result)
		}
	}
}

// TestHeldWhatWasNeverMade has the other node claim hints that do not exist.
func TestHeldWhatWasNeverMade(t *testing.T) {
	t.Parallel()
	agency, shop, _ := pair(t)
	p := newTap(t, agency, shop)
	id := p.agree(2, agency, shop)
	ask(t, agency, id, bySegment) // aligns
	other := strings.Replace(bySegment, " GROUP", " WHERE ads.wave = 1 GROUP", 1)
	for _, claim := range []byte{1, 2, 255} {
		p.set(func(phase string, c *call) bool {
			if phase == "request" && strings.Contains(c.step(), "inner%2Fheld") {
				c.body[1] = claim
				sum := sha256.Sum256(c.body)
				c.header.Set("Parley-Chunk-Sha256", hex.EncodeToString(sum[:]))
			}
			return true
		})
		failed(t, agency, id, other, "encrypted sums: the other node says that it has hints which were never made")
		lastRun(t, shop)
	}
	p.set(nil)
	hinted(t, agency, shop, id, other, "reused from earlier questions: 0 of 3")
}

// TestBoundsBeyondBudget refuses declared bounds that no parameter set holds,
// before anything is aligned. (R43)
func TestBoundsBeyondBudget(t *testing.T) {
	t.Parallel()
	agency, shop := cleanroomtest.Start(t, "agency"), cleanroomtest.Start(t, "shop")
	for m, d := range map[*cleanroomtest.Member]table{agency: smallAds, shop: smallOrders} {
		dir := t.TempDir()
		csv := "email,grp,wave,amount\n" + strings.Join(d.rows, "\n") + "\n"
		if err := os.WriteFile(filepath.Join(dir, d.name+".csv"), []byte(csv), 0o600); err != nil {
			t.Fatal(err)
		}
		m.Add(t, strings.NewReplacer("maximum: 100", "maximum: 900000000000000", "maxRowsPerUnit, value: 4", "maxRowsPerUnit, value: 100").Replace(d.contract()), dir)
	}
	id := cleanroomtest.Agree(t, 2, agency, shop)
	failed(t, agency, id, bySegment, "the declared bounds are too large for the encrypted join (lower maxRowsPerUnit or a measure's maximum in the contract): "+
		"inner: sums declared up to 216000000000000000000 would wrap: set large holds |sum| ≤ 9223372036854775807")
	for _, s := range lastRun(t, agency).Stages {
		t.Errorf("stage %q was begun", s.Name)
	}
	ask(t, agency, id, strings.Replace(bySegment, ", SUM(orders.amount) AS total", "", 1))
}
