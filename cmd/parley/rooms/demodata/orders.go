package demodata

import (
	"bufio"
	"math/rand/v2"
)

var (
	categories      = [...]string{"food", "clothing", "home", "sports", "garden", "electronics"}
	categoryWeights = [...]uint32{30, 26, 18, 12, 8, 6}
	// categoryPrice is a usual order in cents.
	categoryPrice = [...]uint64{2_400, 4_900, 7_500, 5_600, 3_900, 18_900}
	// homeLift is, in percent, how much more or less people of a home
	// campaign spend.
	homeLift = [...]uint64{100, 92, 118, 135, 96, 110, 88, 104, 80}
)

func (p *population) writeOrders(w *bufio.Writer) error {
	if _, err := w.WriteString("email,category,day,amount\n"); err != nil {
		return err
	}
	r := newRand(3)
	var line []byte
	for _, who := range rowOwners(r, p.orders, p.client, p.agency-p.shared) {
		line = p.appendOrder(line[:0], r, int(who))
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}

func (p *population) appendOrder(b []byte, r *rand.Rand, who int) []byte {
	lift := uint64(100)
	if who == nobody {
		b = append(b, malformed[r.IntN(len(malformed))]...)
	} else {
		b = appendMessyEmail(b, r, who)
		lift = homeLift[p.home[who]]
	}
	category := pick(r, categoryWeights[:])
	b = append(append(b, ','), categories[category]...)
	b = append(append(b, ','), quarterDays[r.IntN(len(quarterDays))]...)
	b = append(b, ',')
	b = appendFixed(b, orderCents(r, categoryPrice[category]*lift/100), 2)
	return append(b, '\n')
}

// orderCents draws an order about a usual one: the product of two factors of
// a quarter to two and a quarter, mostly small and sometimes several times as
// much; one order in 500 is eight times larger still. It stays within the
// contract's bounds, one euro to 10,000.
func orderCents(r *rand.Rand, usual uint64) uint64 {
	cents := usual * (64 + r.Uint64N(513)) * (64 + r.Uint64N(513)) >> 16
	if r.Uint32N(500) == 0 {
		cents *= 8
	}
	return min(max(cents, 100), 1_000_000)
}
