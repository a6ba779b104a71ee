package cleanroom_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/cleanroom"
	"parley/cleanroom/audit"
	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/store"
)

// spoolEmpty demands that no run left messages behind.
func spoolEmpty(t *testing.T, members ...*cleanroomtest.Member) {
	t.Helper()
	for _, m := range members {
		left, err := os.ReadDir(filepath.Join(string(m.Home), "spool"))
		if err != nil || len(left) > 0 {
			t.Errorf("%s's spool holds %d folders: %v", m.Org(), len(left), err)
		}
	}
}

// TestCancelAtEveryStage cancels a run when it has come to each of its stages,
// at either node. Both end it as cancelled, nothing is released, nothing stays
// behind, and the next run is none the worse.
func TestCancelAtEveryStage(t *testing.T) {
	t.Parallel()
	agency, shop, id := pair(t)
	for _, stage := range []string{"", "align", "reduce own rows", "encrypted sums", "threshold and release"} {
		for _, who := range []*cleanroomtest.Member{agency, shop} {
			t.Run(who.Org()+" at "+stage, func(t *testing.T) {
				agency, shop, id, who := agency, shop, id, who
				if stage == "align" { // a pair that may have an alignment already has no such stage
					first := who == agency
					agency, shop, id = pair(t)
					if who = shop; first {
						who = agency
					}
				}
				r, err := agency.Submit(t.Context(), cleanroom.Question{Agreement: id, SQL: bySegment})
				if err != nil {
					t.Fatal(err)
				}
				for !reached(t, who, r.ID, stage) {
					time.Sleep(time.Millisecond)
				}
				if err := who.CancelRun(r.ID); err != nil {
					t.Fatal(err)
				}
				for _, m := range []*cleanroomtest.Member{agency, shop} {
					v, err := m.Finish(t.Context(), r.ID)
					if err == cleanroom.ErrNoRun && stage == "" && who == agency {
						continue // the other node was not told of it yet
					}
					if err != nil {
						t.Fatal(err)
					}
					// A cancellation may lose the race against the end.
					if v.State != store.Cancelled && !(v.State == store.Success && stage == "threshold and release") {
						t.Errorf("%s: %s %s", m.Org(), v.State, v.Error)
					}
				}
			})
		}
	}
	ask(t, agency, id, bySegment)
	lastRun(t, shop)
	spoolEmpty(t, agency, shop)
}

// reached reports whether a run has begun a stage, or ended.
func reached(t *testing.T, m *cleanroomtest.Member, run, stage string) bool {
	v, err := m.Look(t.Context(), run)
	if err != nil {
		return false // not offered yet
	}
	for _, s := range v.Stages {
		if s.Name == stage {
			return true
		}
	}
	return stage == "" || v.Ended || len(v.Stages) > 3
}

// TestNoCosignature cuts the asker's last call: without the other owner's
// signature nothing is released, and the other node ends its run too.
func TestNoCosignature(t *testing.T) {
	t.Parallel()
	agency, shop, _ := pair(t, func(c *cleanroom.Config) { c.PeerPatience = time.Second })
	p := newTap(t, agency, shop)
	id := p.agree(2, agency, shop)
	p.set(func(phase string, c *call) bool { return phase != "request" || !strings.HasSuffix(c.url, "/receipt") })
	v, err := agency.Ask(t.Context(), id, bySegment)
	if err != nil || v.State != store.Failed || v.Result != nil || v.Code != "unreachable" {
		t.Errorf("%+v, %v", v, err)
	}
	there := lastRun(t, shop)
	if there.State != store.Failed || there.Error != "the run failed at the other node; its own log says why" {
		t.Errorf("%s %s", there.State, there.Error)
	}
	spoolEmpty(t, agency, shop)
	p.set(nil)
	ask(t, agency, id, bySegment)
}

// TestOneReceiptIsSigned asks the other owner to sign two receipts for one
// run, and another's. Only the first gets a signature, however often asked.
func TestOneReceiptIsSigned(t *testing.T) {
	t.Parallel()
	agency, shop, _ := pair(t)
	p := newTap(t, agency, shop)
	id := p.agree(2, agency, shop)
	var cosign *call
	p.set(func(phase string, c *call) bool {
		if phase == "answer" && strings.HasSuffix(c.url, "/receipt") {
			cosign = c
		}
		return true
	})
	ask(t, agency, id, bySegment)
	first := cosign
	status, again := p.as(agency, shop, http.MethodPost, first.url, first.body, jsonHead)
	if status != http.StatusOK || again != string(first.answer) {
		t.Errorf("the same again: %d", status)
	}
	ask(t, agency, id, bySegment)
	status, body := p.as(agency, shop, http.MethodPost, first.url, cosign.body, jsonHead)
	want := problemOf("409", "receipt", "the receipt does not say what the other node saw, so it does not sign it")
	if status != http.StatusConflict || strings.TrimSpace(body) != want {
		t.Errorf("another run's receipt: %d %s", status, body)
	}
}

// breakAudit makes every further entry of a node's audit log fail, as a full
// disk would.
func breakAudit(t *testing.T, m *cleanroomtest.Member) {
	t.Helper()
	dir := filepath.Join(string(m.Home), "audit")
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}

}

// TestNoAuditNoAnswer breaks the audit log while a run is under way. At no
// node that cannot write its log is anything released. (R58)
func TestNoAuditNoAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, sql, breaks string
	}{
		{"join, asker", bySegment, "agency"}, {"join, owner", bySegment, "shop"}, {"one owner, owner", ownerOnly, "shop"},
		{"one owner, asker", ownerOnly, "agency"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var stage staged
			agency, shop := cleanroomtest.Start(t, "agency"), start(t, "shop", stage.options)
			smallAds.add(t, agency)
			smallOrders.add(t, shop)
			id := cleanroomtest.Agree(t, 2, agency, shop)
			broken := map[string]*cleanroomtest.Member{"agency": agency, "shop": shop}[c.breaks]
			stage.once(func() { breakAudit(t, broken) })
			v, err := agency.Ask(t.Context(), id, c.sql)
			if err != nil {
				t.Fatal(err)
			}
			if v.State != store.Failed || v.Result != nil || v.Receipt != nil {
				t.Errorf("%s %s", v.State, v.Result)
			}
			there, err := broken.Finish(t.Context(), v.ID)
			if err != nil || there.State != store.Failed ||
				!strings.HasPrefix(there.Error, "the audit log could not be written, so nothing is done: "+audit.ErrPoisoned.Error()) {
				t.Errorf("%s %q, %v", there.State, there.Error, err)
			}
			if stored, err := broken.Look(t.Context(), v.ID); err != nil || stored.Result != nil {
				t.Errorf("a result was stored: %v", err)
			}
			if _, err := broken.Submit(t.Context(), cleanroom.Question{Agreement: id, SQL: ownerOnly}); err == nil {
				t.Error("a node without an audit log accepts questions")
			}
		})
	}
}

// TestAlignmentOnDisk changes, exchanges and removes the stored alignment.
func TestAlignmentOnDisk(t *testing.T) {
	t.Parallel()
	agency, shop, id := pair(t)
	file := func() string {
		t.Helper()
		all, err := filepath.Glob(filepath.Join(string(agency.Home), "alignments", "*"))
		var whole []string
		for _, f := range all {
			if !strings.HasSuffix(f, ".damaged") {
				whole = append(whole, f)
			}
		}
		if err != nil || len(whole) != 1 {
			t.Fatalf("%d alignments: %v", len(whole), err)
		}
		return whole[0]
	}
	want := ask(t, agency, id, bySegment).Result
	for name, spoil := range map[string]func([]byte) []byte{
		"flipped":   func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"truncated": func(b []byte) []byte { return b[:5] },
	} {
		b, err := os.ReadFile(file())
		if err == nil {
			err = os.WriteFile(file(), spoil(b), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		v, err := agency.Ask(t.Context(), id, bySegment)
		if err != nil || v.State != store.Failed || v.Error != "the stored alignment was changed on disk; it is set aside, and the next run aligns anew" {
			t.Errorf("%s: %+v %v", name, v, err)
		}
		lastRun(t, shop)
		if got := ask(t, agency, id, bySegment).Result; string(got) != string(want) {
			t.Errorf("%s: after the new alignment: %s", name, got)
		}
	}
	if err := os.Remove(file()); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, shop, id, bySegment); len(got.Result) == 0 {
		t.Error("no answer after the file was removed")
	}
	file() // the files of replaced alignments are gone
}

// TestTwoRunsAlign starts two runs at once that both need an alignment.
func TestTwoRunsAlign(t *testing.T) {
	t.Parallel()
	agency, shop, id := pair(t)
	askers := []*cleanroomtest.Member{agency, agency, shop}
	runs := make([]string, len(askers))
	for i, m := range askers {
		r, err := m.Submit(t.Context(), cleanroom.Question{Agreement: id, SQL: bySegment})
		if err != nil {
			t.Fatal(err)
		}
		runs[i] = r.ID
	}
	aligned := 0
	for i, run := range runs {
		// The asker's first: a run that waits is not known to the other node.
		for _, m := range []*cleanroomtest.Member{askers[i], agency, shop} {
			v, err := m.Finish(t.Context(), run)
			if err != nil || v.State != store.Success {
				t.Fatalf("%s: %+v %v", m.Org(), v, err)
			}
			if m == askers[i] && slices.ContainsFunc(v.Stages, func(s cleanroom.Stage) bool { return s.Name == "align" }) {
				aligned++
			}
		}
	}
	// The others wait and reuse it. Only a run of the other node's, offered at
	// the very moment in which the first alignment is stored, makes its own.
	if aligned > 2 {
		t.Errorf("%d of the runs aligned", aligned)
	}
	ask(t, agency, id, bySegment)
	lastRun(t, shop)
	spoolEmpty(t, agency, shop)
}

// TestTooManyRuns fills both nodes' places, and frees them again.
func TestTooManyRuns(t *testing.T) {
	t.Parallel()
	agency, shop, id := pair(t, func(c *cleanroom.Config) { c.MaxRuns = 1 })
	r, err := agency.Submit(t.Context(), cleanroom.Question{Agreement: id, SQL: bySegment})
	if err != nil {
		t.Fatal(err)
	}
	refused(t, agency, id, ownerOnly, "this node has as many runs going on as its configuration allows (maxRuns); try again when one has ended")
	for _, m := range []*cleanroomtest.Member{agency, shop} {
		if v, err := m.Finish(t.Context(), r.ID); err != nil || v.State != store.Success {
			t.Errorf("%s: %s %v", m.Org(), v.State, err)
		}
	}
	ask(t, agency, id, ownerOnly)
}
