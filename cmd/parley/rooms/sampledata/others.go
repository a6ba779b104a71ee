package sampledata

import "fmt"

var (
	products   = []string{"car", "card", "home", "overdraft", "bridge"} // few have a bridge loan
	conditions = []string{"asthma", "diabetes", "hypertension", "rare"}
	tests      = []string{"hba1c", "ldl", "systolic"}
)

// lending: a bank's loans and a bureau's reports about people. One person in
// nine is reported; with an overdraft it is one in five.
func lending(dir string, n int) error {
	loans := newTable(dir, "loans", "customer,product,opened,amount", 11)
	reports := newTable(dir, "reports", "subject,kind,reported", 12)
	for i := 0; len(loans.lines) < n || len(reports.lines) < n; i++ {
		id := fmt.Sprintf("C%08d", i)
		overdraft := false
		if i < n {
			for range 1 + loans.rand.IntN(2) {
				p := trait(i, 11, 4)
				overdraft = overdraft || p == 3
				if i%(n/60) == 0 {
					p = 4
				}
				loans.add("%s,%s,%s,%s", id, products[p], day(loans.rand.IntN(365)), cents(10_000+loans.rand.IntN(5_000_000)))
			}
		}
		reported := trait(i, 12, 9) == 0 || overdraft && trait(i, 13, 10) == 0
		if i >= n { // people the bank does not know
			reported = true
		}
		if !reported {
			continue
		}
		for range 1 + reports.rand.IntN(3) {
			kind := "late"
			switch reports.rand.IntN(6) {
			case 0:
				kind = "fraud"
			case 1, 2:
				kind = "default"
			}
			reports.add("%s,%s,%s", id, kind, day(reports.rand.IntN(365)))
		}
	}
	return writeAll(loans, reports)
}

// health: a hospital's diagnoses of January to March and a laboratory's values
// of January to April. Values fall as time goes by after a diagnosis.
func health(dir string, n int) error {
	diagnoses := newTable(dir, "diagnoses", "patient,condition,diagnosed", 21)
	values := newTable(dir, "measurements", "patient,test,taken,value", 22)
	patients := n / 8
	for i := range patients * 3 / 2 {
		id := fmt.Sprintf("P%07d", i)
		sick := 0
		if i < patients {
			sick = trait(i, 21, 90)
			for j := range 8 + trait(i, 22, 2) {
				c := (trait(i, 23, 3) + j) % 3
				if i%(max(patients/40, 1)) == 0 && j == 0 {
					c = 3
				}
				diagnoses.add("%s,%s,%s", id, conditions[c], day((sick+11*j)%90))
			}
		}
		if i%3 == 0 && i < patients {
			continue // one patient in three has no value
		}
		for range 8 + values.rand.IntN(2) {
			taken := values.rand.IntN(120)
			tenths := 50 + values.rand.IntN(50)
			if taken > sick {
				tenths -= min((taken-sick)/6, 15)
			}
			values.add("%s,%s,%s,%d.%d", id, tests[values.rand.IntN(len(tests))], day(taken), tenths/10, tenths%10)
		}
	}
	return writeAll(diagnoses, values)
}

// reach: what three broadcasters know of their viewers.
func reach(dir string, n int) error {
	var all []*table
	for b, name := range []string{"viewers_east", "viewers_north", "viewers_west"} {
		t := newTable(dir, name, "email,spot,day", 31+uint64(b))
		for i := 0; len(t.lines) < n; i++ {
			for range trait(i, 31+uint64(b), 4) {
				t.add("%s,spot_%d,%s", email(i), 1+t.rand.IntN(3), day(marchFirst+t.rand.IntN(marchDays)))
			}
		}
		all = append(all, t)
	}
	return writeAll(all...)
}

func writeAll(tables ...*table) error {
	for _, t := range tables {
		if err := t.write(); err != nil {
			return err
		}
	}
	return nil
}
