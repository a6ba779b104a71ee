package cleanroom_test

import (
	"strings"
	"testing"
)

// TestBaseTransfersAreKept: the second run of one asker with the same partner
// makes no base transfers; one of the other asker makes those of its role. A
// partner in another agreement is still the same partner.
func TestBaseTransfersAreKept(t *testing.T) {
	t.Parallel()
	agency, shop, _ := pair(t)
	p := newTap(t, agency, shop)
	first, second := p.agree(2, agency, shop), p.agree(3, agency, shop)
	made := func() bool {
		made := false
		for _, c := range p.take() {
			made = made || strings.Contains(c.step(), "garble%2F1%2Fa")
		}
		return made
	}
	p.take()
	for i, c := range []struct {
		agreement string
		shop      bool // asks
		makes     bool
	}{{first, false, true}, {first, false, false}, {first, true, true}, {first, true, false}, {first, false, false}, {second, false, false}} {
		asker := agency
		if c.shop {
			asker = shop
		}
		ask(t, asker, c.agreement, bySegment)
		lastRun(t, agency)
		lastRun(t, shop)
		if got := made(); got != c.makes {
			t.Errorf("run %d: base transfers made %t, want %t", i, got, c.makes)
		}
	}
}
