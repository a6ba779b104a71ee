package sampledata

import "fmt"

// The publisher's audience is people 0 to n-1; the shop's customers are drawn
// from 0 to 1.4n-1. March, the month of the campaigns, is days 59 to 89.
const (
	marchFirst, marchDays = 59, 31
	campaignsShown        = 7 // the last is too small to report
)

var (
	ageBands   = []string{"18-29", "30-44", "45-59", "60+"}
	interests  = []string{"cooking", "cycling", "gardening", "music", "travel"}
	tiers      = []string{"basic", "gold", "silver"}
	categories = []string{"food", "garden", "home", "sports"}
	channels   = []string{"display", "search", "social", "video"}
	campaigns  = []string{"brand", "clearance", "loyalty", "spring", "store_opening", "winter", "pilot"}
)

func email(person int) string { return fmt.Sprintf("person%d@example.com", person) }

// exposed reports a person that was shown something: half of those who are not
// in the control group.
func exposed(person int) bool { return !control(person) && trait(person, 1, 2) == 0 }

func control(person int) bool { return trait(person, 2, 5) == 0 }

// buys reports a customer. Who was shown something buys more often: that is
// the lift there is to find.
func buys(person, audience int) bool {
	chance := 38
	if person < audience && exposed(person) {
		chance = 46
	}
	return trait(person, 3, 100) < chance
}

func media(dir string, n int) error {
	audience := newTable(dir, "audience", "email,age_band,interest,arm", 1)
	exposures := newTable(dir, "exposures", "email,campaign,channel,day,cost", 2)
	orders := newTable(dir, "orders", "mail,category,tier,placed,amount", 3)
	for i := range n {
		arm := "test"
		if control(i) {
			arm = "control"
		}
		audience.add("%s,%s,%s,%s", email(i), ageBands[trait(i, 4, len(ageBands))], interests[trait(i, 5, len(interests))], arm)
		if exposed(i) {
			exposures.shown(i, n)
		}
	}
	for i := range n * 14 / 10 {
		if buys(i, n) {
			orders.bought(i)
		}
	}
	return writeAll(audience, exposures, orders)
}

// shown adds 1 to 5 exposures, rarely 12 to 16, each on a day of its own.
func (t *table) shown(person, n int) {
	times := 1 + t.rand.IntN(5)
	if t.rand.IntN(40) == 0 {
		times = 12 + t.rand.IntN(5)
	}
	// 40 people see the pilot, whatever the size: about 18 of them buy.
	pilot := person%(n/100) == 0
	for _, d := range t.rand.Perm(marchDays)[:times] {
		campaign := campaigns[t.rand.IntN(campaignsShown-1)]
		if pilot {
			campaign = campaigns[campaignsShown-1]
		}
		t.add("%s,%s,%s,%s,0.%04d", email(person), campaign, channels[t.rand.IntN(len(channels))], day(marchFirst+d), 20+t.rand.IntN(300))
	}
}

// bought adds 1 to 4 orders, rarely 8; half of the customers are new in March.
func (t *table) bought(person int) {
	orders := 1 + t.rand.IntN(4)
	if t.rand.IntN(50) == 0 {
		orders = 8
	}
	first := 0
	if trait(person, 6, 2) == 0 {
		first = marchFirst
	}
	tier := tiers[trait(person, 7, len(tiers))]
	for range orders {
		placed := first + t.rand.IntN(marchFirst+marchDays-first)
		t.add("%s,%s,%s,%s,%s", email(person), categories[t.rand.IntN(len(categories))], tier, day(placed), cents(100+t.rand.IntN(24_900)))
	}
}
