package cleanroom_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/peer"
)

// TestOwnerEnforcesItsRules: the asker's node is made to offer questions that
// its own check would refuse. Each rule is kept by the owner's node, which
// tells the asker's no more than that it refuses.
func TestOwnerEnforcesItsRules(t *testing.T) {
	t.Parallel()
	agency, shop := cleanroomtest.Start(t, "agency"), cleanroomtest.Start(t, "shop")
	smallAds.add(t, agency)
	ruled := strings.Replace(smallOrders.contract(), "{property: roomRole, value: filter}",
		"{property: roomRole, value: filter}\n          - {property: operators, value: ['<']}", 1) +
		"  - {property: functions, value: [lower, '+']}\n"
	addText(t, shop, smallOrders, ruled)
	private := table{name: "private", public: true, rows: smallOrders.rows}
	addText(t, shop, private, private.contract()+"  - {property: receivers, value: [shop]}\n")
	p := newTap(t, agency, shop)
	id := p.agree(2, agency, shop)
	const allowed = "SELECT lower(grp) AS g, COUNT(*) AS n FROM orders WHERE wave < 5 GROUP BY lower(grp)"
	ask(t, agency, id, allowed)
	const generic = "ask the other node: the other node's own check refused the question; its log says why"
	for name, c := range map[string]struct{ sql, want string }{
		"operator":           {strings.Replace(allowed, "wave < 5", "wave = 5", 1), generic},
		"operator of a join": {"SELECT COUNT(*) AS n FROM ads JOIN orders ON ads.email = orders.email WHERE orders.wave > 5", generic},
		"function":           {strings.ReplaceAll(allowed, "lower", "upper"), generic},
		"use":                {strings.Replace(allowed, "wave < 5", "amount < 5", 1), generic},
		"receiver":           {"SELECT COUNT(*) AS n FROM private", "ask the other node: the other node has no agreement in force that lets this node ask"},
	} {
		p.set(func(phase string, c2 *call) bool {
			if phase == "request" && c2.step() == "POST run" {
				c2.body = rewrite(t, c2.body, func(o *peer.Offer) { o.SQL = c.sql })
			}
			return true
		})
		t.Run(name, func(t *testing.T) { failed(t, agency, id, allowed, c.want) })
	}
	p.set(nil)
	// The owner itself may ask what it lets nobody else see.
	ask(t, shop, id, "SELECT COUNT(*) AS n FROM private")
	refused(t, agency, id, "SELECT COUNT(*) AS n FROM private",
		"1:27: `agency` may not receive answers about `private`. [datasets.private.rules.receivers] Members that may: shop.")
}

// addText imports a table under a contract of one's own.
func addText(t *testing.T, m *cleanroomtest.Member, d table, contract string) {
	t.Helper()
	dir := t.TempDir()
	csv := "email,grp,wave,amount\n" + strings.Join(d.rows, "\n") + "\n"
	if err := os.WriteFile(filepath.Join(dir, d.name+".csv"), []byte(csv), 0o600); err != nil {
		t.Fatal(err)
	}
	m.Add(t, contract, dir)
}
