package cleanroom_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/cleanroom"
	"parley/cleanroom/audit"
	"parley/cleanroom/cleanroomtest"
)

// keepHome copies a stopped node's home and returns what puts it back.
func keepHome(t *testing.T, home cleanroom.Home) (restore func()) {
	t.Helper()
	kept := filepath.Join(t.TempDir(), "kept")
	if err := os.CopyFS(kept, os.DirFS(string(home))); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := errors.Join(os.RemoveAll(string(home)), os.CopyFS(string(home), os.DirFS(kept))); err != nil {
			t.Fatal(err)
		}
	}
}

// R56: state file and log are put back together. Nothing in the home shows it;
// the partner does, and nothing runs until the newest home is back.
// R57: the older home is a second copy of the node under the same key, and goes
// on by itself for a while: its log forks, which is proven to anyone.
func TestR56R57OlderHome(t *testing.T) {
	t.Parallel()
	home, l := newHome(t, "agency")
	agency, stop := serve(t, home, l, nil)
	defer func() { stop() }()
	shop := cleanroomtest.Start(t, "shop")
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	id := cleanroomtest.Agree(t, 2, agency, shop)
	ask(t, agency, id, ownerOnly)
	stop()
	older := keepHome(t, home)
	again := func() {
		t.Helper()
		agency, stop = serve(t, home, relisten(t, l), nil)
	}
	again()
	ask(t, agency, id, bySegment)
	stop()
	newest := keepHome(t, home)

	older()
	again()
	const own = "the records do not fit together: the audit log of this node is not a continuation of the one that shop countersigned"
	wantFailed := func(m *cleanroomtest.Member, sql, want string) {
		t.Helper()
		v, err := m.Ask(t.Context(), id, sql)
		if err != nil || !strings.HasPrefix(v.Error, want) || v.Result != nil {
			t.Errorf("got  %v %+v\nwant %s", err, v, want)
		}
	}
	wantFailed(agency, ownerOnly, own)
	wantFailed(agency, "SELECT COUNT(*) AS n FROM ads", own) // not even about its own data
	const shorter = "the records do not fit together: the audit log of agency is shorter than the one that this node countersigned"
	wantFailed(shop, bySegment, shorter)
	stop()

	newest()
	again()
	ask(t, agency, id, ownerOnly) // the log fits again, without anybody's decision
	ask(t, shop, id, bySegment)
	stop()
	newest = keepHome(t, home)

	// The second copy goes on until its log is the longer one.
	older()
	again()
	for range 60 {
		if _, err := agency.Explain(t.Context(), cleanroom.Question{Agreement: id, SQL: ownerOnly}); err != nil {
			t.Fatal(err)
		}
	}
	wantFailed(agency, ownerOnly, own)
	stop()
	const forked = "the records do not fit together: the audit log of agency is not a continuation of the one that was countersigned"
	wantFailed(shop, ownerOnlyAt("ads"), forked)
	file, err := filepath.Glob(filepath.Join(string(shop.Home), "records", "conflict-*.json"))
	if err != nil || len(file) == 0 {
		t.Fatalf("no proof was kept: %v", err)
	}
	b, err := os.ReadFile(file[len(file)-1])
	if err != nil {
		t.Fatal(err)
	}
	if f, err := audit.VerifyFork(b); err != nil || !f.Proven || f.Member != "agency" {
		t.Errorf("the proof shows nothing: %+v %v", f, err)
	}
	// With the right home back a person at shop decides.
	newest()
	again()
	wantFailed(shop, ownerOnlyAt("ads"), forked)
	if _, err := shop.AcceptHead(t.Context(), "agency", ""); err == nil || !strings.HasPrefix(err.Error(), "compare the root with agency's people first, over the phone: the log is to go on from ") {
		t.Errorf("a decision without the root: %v", err)
	}
}

func ownerOnlyAt(table string) string { return "SELECT COUNT(*) AS n FROM " + table }

// Fsck of a sound home finds nothing, running and stopped; of a damaged one it
// names the damage.
func TestFsck(t *testing.T) {
	t.Parallel()
	home, l := newHome(t, "agency")
	agency, stop := serve(t, home, l, nil)
	defer func() { stop() }()
	shop := cleanroomtest.Start(t, "shop")
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	id := cleanroomtest.Agree(t, 2, agency, shop)
	ask(t, agency, id, bySegment)
	sound := func(rep *cleanroom.FsckReport, err error) {
		t.Helper()
		if err != nil || len(rep.Damage) > 0 || len(rep.Checked) < 8 {
			t.Errorf("%v %+v", err, rep)
		}
	}
	sound(agency.Fsck(t.Context()))
	sound(shop.Fsck(t.Context()))
	stop()
	sound(cleanroom.FsckStopped(t.Context(), home, nil))
	keep := keepHome(t, home)
	for _, glob := range []string{"snapshots/*", "alignments/*", "audit/entries/*", "audit/tile/0/*", "audit/checkpoint"} {
		all, err := filepath.Glob(filepath.Join(string(home), filepath.FromSlash(glob)))
		if err != nil || len(all) == 0 {
			t.Fatalf("%s: %v", glob, err)
		}
		if err := os.Remove(all[0]); err != nil {
			t.Fatal(err)
		}
		if rep, err := cleanroom.FsckStopped(t.Context(), home, nil); err != nil || len(rep.Damage) == 0 {
			t.Errorf("%s removed: %v %+v", glob, err, rep)
		}
		keep()
	}
}
