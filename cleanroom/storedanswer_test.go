package cleanroom_test

import (
	"strings"
	"testing"

	"parley/agreements"
	"parley/cleanroom"
	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/store"
)

// R10: a stored answer is that of one question with its values, of one
// agreement while it is in force, and of one demand for noise; a spent budget
// takes nothing away from it.
func TestStoredAnswerIsOfOneQuestion(t *testing.T) {
	t.Parallel()
	agency, shop := start(t, "agency", nil), start(t, "shop", nil)
	smallAds.add(t, agency)
	table{name: "orders", public: true, rows: people("p", "new", 0, 1500)}.add(t, shop)
	analyses := func(a *agreements.Agreement) {
		least := agreements.Parameter{Name: "least", Type: agreements.Integer, Min: "1", Max: "100000"}
		const sql = "SELECT grp, COUNT(*) AS n FROM orders GROUP BY grp HAVING COUNT(*) >= $least"
		a.Analyses = []agreements.Analysis{
			{Name: "at_least", SQL: sql, Parameters: []agreements.Parameter{least}},
			{Name: "at_least_too", SQL: sql, Parameters: []agreements.Parameter{least}},
			{Name: "among", SQL: "SELECT COUNT(*) AS n FROM orders WHERE wave IN ($waves)",
				Parameters: []agreements.Parameter{{Name: "waves", Type: agreements.List, Of: agreements.Integer, MaxItems: 3}}},
		}
	}
	id := agree(t, 2, analyses, agency, shop)
	other := agree(t, 2, func(a *agreements.Agreement) { analyses(a); a.Title = "Another" }, agency, shop)
	q := func(id, name, key, value string) cleanroom.Question {
		return cleanroom.Question{Agreement: id, Analysis: name, Params: map[string]string{key: value}}
	}
	answered := func(m *cleanroomtest.Member, q cleanroom.Question) *cleanroom.View {
		t.Helper()
		v := submit(t, m, q)
		if v.State != store.Success {
			t.Fatalf("%+v: %s", q, v.Error)
		}
		return v
	}
	for _, m := range []*cleanroomtest.Member{agency, shop} {
		first := answered(m, q(id, "at_least", "least", "1"))
		for _, fresh := range []cleanroom.Question{
			q(id, "at_least", "least", "100000"), q(other, "at_least", "least", "1"),
			q(id, "among", "waves", "1"), q(id, "among", "waves", "1,1"), q(id, "among", "waves", "2"),
		} {
			if v := answered(m, fresh); v.StoredFrom != "" || string(v.Result) == string(first.Result) && fresh.Agreement == id {
				t.Errorf("%s, %+v is given from %s: %s", m.Org(), fresh, v.StoredFrom, v.Result)
			}
		}
		for _, same := range []cleanroom.Question{q(id, "at_least", "least", "1"), q(id, "at_least_too", "least", "1")} {
			if v := answered(m, same); v.StoredFrom != first.ID {
				t.Errorf("%s, %+v is given from %q", m.Org(), same, v.StoredFrom)
			}
		}
	}
	for _, waves := range []string{"", ",", "[]", "1,2,3,4", "1,x"} {
		if _, err := shop.Submit(t.Context(), q(id, "among", "waves", waves)); err == nil {
			t.Errorf("the list %q was taken", waves)
		}
	}
	if _, err := shop.Revoke(t.Context(), id, "test"); err != nil {
		t.Fatal(err)
	}
	if r, err := shop.Submit(t.Context(), q(id, "at_least", "least", "1")); err == nil {
		t.Errorf("a stored answer of a revoked agreement: %+v", end(t, shop, r.ID))
	}
}

// Noise on ad-hoc SQL alone: an exact answer to the approved analysis is not
// given for the same words ad hoc, nor the noisy one for the analysis; and when
// the budget is spent, what was answered still is.
func TestStoredAnswerIsOfOneDemand(t *testing.T) {
	t.Parallel()
	shop := start(t, "shop", nil)
	table{name: "orders", rows: people("p", "new", 0, 1500)}.add(t, shop)
	const sql = "SELECT COUNT(*) AS n FROM orders"
	adHoc := forRuns(1)
	adHoc.AdHocOnly = true
	id := agree(t, 10, func(a *agreements.Agreement) {
		a.DP, a.Analyses = adHoc, []agreements.Analysis{{Name: "all", SQL: sql}}
	}, shop)
	exact := submit(t, shop, cleanroom.Question{Agreement: id, Analysis: "all"})
	noisy := submit(t, shop, cleanroom.Question{Agreement: id, SQL: sql})
	if exact.State != store.Success || noisy.State != store.Success || noisy.StoredFrom != "" ||
		strings.Contains(string(exact.Result), "plusMinus") || !strings.Contains(string(noisy.Result), "plusMinus") {
		t.Fatalf("exact %s %s, noisy %s %s from %q", exact.Error, exact.Result, noisy.Error, noisy.Result, noisy.StoredFrom)
	}
	if v := submit(t, shop, cleanroom.Question{Agreement: id, SQL: sql + " WHERE wave > 0"}); v.State != store.Failed || !strings.Contains(v.Error, `the privacy budget of "orders" is spent`) {
		t.Errorf("on a spent budget: %s %q", v.State, v.Error)
	}
	for _, c := range []struct {
		q    cleanroom.Question
		from *cleanroom.View
	}{{cleanroom.Question{Agreement: id, Analysis: "all"}, exact}, {cleanroom.Question{Agreement: id, SQL: sql}, noisy}} {
		if v := submit(t, shop, c.q); v.StoredFrom != c.from.ID || string(v.Result) != string(c.from.Result) {
			t.Errorf("%+v: from %q, %s", c.q, v.StoredFrom, v.Error)
		}
	}
}
