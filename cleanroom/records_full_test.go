package cleanroom_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"parley/cleanroom"
	"parley/cleanroom/audit"
	"parley/cleanroom/cleanroomtest"
)

// TestR58NoSignatureWithoutEntry: a node whose log cannot be written neither
// countersigns its partner's log nor signs a receipt, and its partner then
// releases nothing either.
func TestR58NoSignatureWithoutEntry(t *testing.T) {
	t.Parallel()
	for path, why := range map[string]string{
		"/records/heads": "before the logs are compared",
		"/receipt":       "before the receipt is signed",
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			var told journal
			agency, shop := cleanroomtest.Start(t, "agency"), start(t, "shop", func(o *cleanroom.Options) {
				o.Log = slog.New(slog.NewTextHandler(&told, nil))
			})
			smallAds.add(t, agency)
			smallOrders.add(t, shop)
			p := newTap(t, agency, shop)
			id := p.agree(2, agency, shop)
			var once sync.Once
			p.set(func(phase string, c *call) bool {
				if phase == "request" && c.to == "shop" && strings.HasSuffix(c.url, path) {
					once.Do(func() { breakAudit(t, shop) })
				}
				if phase == "answer" && c.to == "shop" && strings.HasSuffix(c.url, path) && c.status == 200 {
					t.Errorf("shop signed without an entry: %s", c.answer)
				}
				return true
			})
			v, err := agency.Ask(t.Context(), id, bySegment)
			if err != nil || cleanroomtest.Succeeded(v) || v.Result != nil || v.Receipt != nil {
				t.Errorf("%v %+v", err, v)
			}
			if stored, err := agency.Look(t.Context(), v.ID); err != nil || stored.Result != nil {
				t.Errorf("a result was stored: %v", err)
			}
			if !strings.Contains(told.String(), audit.ErrPoisoned.Error()) {
				t.Errorf("shop's own log does not say why: %s", told.String())
			}
		})
	}
}

// TestR58Decisions: what a person decides about records, and an export of them,
// needs an entry first.
func TestR58Decisions(t *testing.T) {
	t.Parallel()
	shop := cleanroomtest.Start(t, "shop")
	breakAudit(t, shop)
	var out bytes.Buffer
	err := shop.Export(t.Context(), &out, cleanroom.ExportOptions{})
	if err == nil || !strings.HasPrefix(err.Error(), "the audit log could not be written, so nothing is done: "+audit.ErrPoisoned.Error()) || out.Len() > 0 {
		t.Errorf("%v, %d bytes", err, out.Len())
	}
}
