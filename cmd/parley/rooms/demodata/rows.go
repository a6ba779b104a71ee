package demodata

import (
	"math/rand/v2"
	"time"
)

// nobody stands for a row without a usable address.
const nobody = -1

// rowOwners returns the owner of each of n rows in the order of the file:
// people numbered from first, and nobody for three rows in a thousand. Every
// person has at least one row, and the order is shuffled.
func rowOwners(r *rand.Rand, n, people, first int) []int32 {
	owners := make([]int32, 0, n)
	for range n * 3 / 1000 {
		owners = append(owners, nobody)
	}
	order := r.Perm(people) // so that having many rows says nothing about being shared
	for rank, rows := range rowCounts(n-len(owners), people) {
		for range rows {
			owners = append(owners, int32(first+order[rank]))
		}
	}
	r.Shuffle(n, func(i, j int) { owners[i], owners[j] = owners[j], owners[i] })
	return owners
}

// rowCounts shares total rows among people after Zipf's law with a flat head:
// the person of rank j has about c/(j+50) rows more than one, at most
// MaxRowsPerPerson. It needs people ≤ total ≤ people·MaxRowsPerPerson.
func rowCounts(total, people int) []int {
	counts := make([]int, people)
	fill := func(c int) (sum int) {
		for j := range counts {
			counts[j] = min(MaxRowsPerPerson, 1+c/(j+50))
			sum += counts[j]
		}
		return sum
	}
	low, high := 0, MaxRowsPerPerson*(people+50) // fill(low) ≤ total ≤ fill(high)
	for high-low > 1 {
		if mid := (low + high) / 2; fill(mid) <= total {
			low = mid
		} else {
			high = mid
		}
	}
	for j, missing := people-1, total-fill(low); missing > 0; j-- {
		if j < 0 {
			j = people - 1
		}
		if counts[j] < MaxRowsPerPerson {
			counts[j]++
			missing--
		}
	}
	return counts
}

// pick draws an index with the given integer weights.
func pick(r *rand.Rand, weights []uint32) uint8 {
	var sum uint32
	for _, w := range weights {
		sum += w
	}
	x := r.Uint32N(sum)
	for i, w := range weights {
		if x < w {
			return uint8(i)
		}
		x -= w
	}
	return uint8(len(weights) - 1) // not reached: x < sum
}

// quarterDays is the first quarter of 2026 as CSV text.
var quarterDays = func() (days [90]string) {
	first := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	for i := range days {
		days[i] = first.AddDate(0, 0, i).Format(time.DateOnly)
	}
	return days
}()

// appendFixed appends v/10^scale with all its decimals, v ≥ 0.
func appendFixed(b []byte, v uint64, scale int) []byte {
	var digits [24]byte
	at := len(digits)
	for n := 0; v > 0 || n <= scale; n++ {
		if n == scale {
			at--
			digits[at] = '.'
		}
		at--
		digits[at] = byte('0' + v%10)
		v /= 10
	}
	return append(b, digits[at:]...)
}
