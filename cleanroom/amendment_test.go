package cleanroom_test

import (
	"strings"
	"testing"
	"time"

	"parley/agreements"
	"parley/cleanroom/cleanroomtest"
)

// A draft that amends begins on a day and not in the midst of one, so that its
// text reads well, and never before the agreement that it amends.
func TestAmendmentBeginsAtMidnight(t *testing.T) {
	t.Parallel()
	agency, shop, _ := pair(t)
	both := []*cleanroomtest.Member{agency, shop}
	now := time.Now().UTC().Truncate(time.Second)
	begins := func(began time.Time) time.Time {
		e := draft(t, func(a *agreements.Agreement) {
			a.Validity = agreements.Window{NotBefore: began, NotAfter: now.Add(1000 * time.Hour)}
		}, both...)
		signAll(t, e, both...)
		a, err := shop.Amendment(t.Context(), cleanroomtest.Give(t, e, both...))
		if err != nil {
			t.Fatal(err)
		}
		return a.Validity.NotBefore
	}
	if got := begins(now.Add(-75*time.Hour - time.Second)); got.Before(now.Truncate(24*time.Hour)) || !got.Equal(got.Truncate(24*time.Hour)) {
		t.Errorf("an agreement of three days ago is amended from %s", got)
	}
	if got := begins(now); got.Before(now) {
		t.Errorf("an agreement that began %s is amended from %s", now, got)
	}
}

// The history says who signed, in plain words.
func TestHistoryNamesWhoSigned(t *testing.T) {
	t.Parallel()
	agency, shop, _ := pair(t)
	e := draft(t, func(a *agreements.Agreement) { a.Title = "Told" }, agency, shop)
	signAll(t, e, shop)
	id := cleanroomtest.Give(t, e, agency, shop)
	signAll(t, e, agency)
	cleanroomtest.Give(t, e, agency, shop)
	h, err := agency.History(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, ev := range h.Events {
		told = append(told, ev.By+" "+ev.Words)
	}
	if got := strings.Join(told, "; "); got != "shop signed it; agency signed it; now every member has, and it is in force" {
		t.Errorf("got %s", got)
	}
}
