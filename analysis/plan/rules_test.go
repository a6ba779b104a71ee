package plan_test

import (
	"strings"
	"testing"

	"parley/agreements"
)

// TestRedTeamCases: every attack on what comes out has a case by its id, most
// of them refused. R01, R02, R03, R17, R22 and R23 can be asked in ordinary SQL
// too: then the thresholds and the history of runs answer them, not the language.
func TestRedTeamCases(t *testing.T) {
	refused, _ := readGolden(t, "testdata/refused.txtar", "refusal")
	accepted, _ := readGolden(t, "testdata/accepted.txtar", "plan")
	if len(refused) < 250 || len(accepted) < 120 {
		t.Errorf("%d refused and %d accepted cases", len(refused), len(accepted))
	}
	for _, c := range refused {
		if c.want == "accepted" {
			t.Errorf("%s is accepted", c.name)
		}
	}
	for _, c := range accepted {
		if strings.HasPrefix(c.want, "refused") {
			t.Errorf("%s is %s", c.name, c.want)
		}
	}
	ids := []string{"R01", "R02", "R03", "R04", "R05", "R06", "R07", "R08", "R17", "R18", "R19", "R20", "R21", "R22", "R23"}
	for _, id := range ids {
		n := 0
		for _, c := range refused {
			if strings.Contains(c.name+"-", id+"-") {
				n++
			}
		}
		if n == 0 {
			t.Errorf("no refused case bears %s", id)
		}
	}
}

// ruled gives an agreement finer rules.
func ruled(a *agreements.Agreement, name string) {
	dp := agreements.DP{Epsilon: "0.5", Delta: "0.000001", BudgetEpsilon: "5", BudgetDelta: "0.00001"}
	orders := &a.Dataset("orders").Rules
	switch name {
	case "own dp":
		orders.DP = &dp
		return
	case "ad-hoc dp":
		dp.AdHocOnly = true
		a.DP = &dp
		return
	}
	orders.Functions = []string{"lower", "date_trunc", "+", "round"}
	a.Receivers = append(a.Receivers, "auditor")
	orders.Receivers = []string{"client", "bank", "auditor"}
	orders.Column("amount").Operators = []string{">", ">=", "between"}
	orders.Column("score").Operators = []string{"=", "in"}
	orders.Column("region").Operators = []string{"=", "like", "is null"}
	orders.Column("placed").Operators = []string{"<", ">", "is null"}
	a.Dataset("exposures").Rules.Receivers = []string{"agency", "client", "auditor"}
	a.Dataset("exposures").Rules.Functions = []string{"upper"}
}
