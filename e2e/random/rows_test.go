package random

import (
	"math/rand/v2"
	"strings"

	"parley/agreements"
)

// populate decides who is in which table and writes every row.
func populate(r *rand.Rand, w *world, how overlap) {
	k := w.smallest(w.tables...)
	// A public table beside one that is not needs as many units as that one,
	// to be joined with it; some have not.
	few := [2]bool{w.tables[0].public, w.tables[1].public}
	if few[0] != few[1] && chance(r, 0.75) {
		few = [2]bool{}
	}
	north, south := people(r, few[0], 0), people(r, few[1], 1_000_000)
	shared := meet(r, how, k, north, south)
	isShared := map[int]bool{}
	for _, p := range shared {
		isShared[p] = true
	}
	for i, t := range w.tables {
		who := south
		if i == 0 {
			who = north
		}
		fill(r, t, who, isShared)
	}
}

// people is a set of new ids: 1 to 300 of them, or over 1,000.
func people(r *rand.Rand, few bool, from int) []int {
	n := 1000 + r.IntN(120)
	if few {
		n = pick(r, 1+r.IntN(12), 60+r.IntN(80), 100+r.IntN(201), 150+r.IntN(151), 200+r.IntN(101))
	}
	out := make([]int, n)
	for i := range out {
		out[i] = from + i
	}
	return out
}

// meet makes some of south's people some of north's, in place.
func meet(r *rand.Rand, how overlap, k int, north, south []int) []int {
	least := min(len(north), len(south))
	n := 0
	switch how {
	case someShared:
		n = int(float64(least) * (0.3 + 0.5*r.Float64()))
	case allShared, oneSided:
		n = least
	case nearlyShared:
		n = max(0, least-k/2-r.IntN(6*k))
	}
	copy(south, north[:n])
	return north[:n]
}

// fill writes t's rows. A unit has at most maxRows of them, however its key
// is written.
func fill(r *rand.Rand, t *table, who []int, shared map[int]bool) {
	nulls := make([]float64, len(t.columns))
	for i, c := range t.columns {
		if c.nullable {
			nulls[i] = pick(r, 0.05, 0.3, 0.7, 0.96)
		}
	}
	for _, p := range who {
		constant, had := map[*column]*string{}, map[string]bool{}
	rows:
		for range 1 + min(r.IntN(t.maxRows), r.IntN(t.maxRows)) {
			row := []*string{ptr(messyKey(r, t, p))}
			for i, c := range t.columns {
				v, known := constant[c]
				if !known {
					v = draw(r, t, c, nulls[i], shared[p])
				}
				if c.solo && v != nil {
					if had[c.name+*v] {
						continue rows
					}
					had[c.name+*v] = true
				}
				if c.perUnit {
					constant[c] = v
				}
				row = append(row, v)
			}
			t.rows = append(t.rows, row)
			if chance(r, 0.02) { // a row without a usable key
				t.rows = append(t.rows, append([]*string{badKey(r, t)}, row[1:]...))
			}
		}
	}
	r.Shuffle(len(t.rows), func(i, j int) { t.rows[i], t.rows[j] = t.rows[j], t.rows[i] })
}

// draw makes one raw value. Half of the rows have the first value of a pool, a
// quarter the second and so on, so that some groups are near k.
func draw(r *rand.Rand, t *table, c *column, null float64, shared bool) *string {
	if chance(r, null) {
		return nil
	}
	if c.pool == nil {
		return ptr(messyNumber(r, t, c))
	}
	i := 0
	for i < len(c.pool)-1 && chance(r, 0.5) {
		i++
	}
	if c.apart && !shared {
		i = len(c.pool) - 1 - i
	}
	return ptr(messyValue(r, t, c.pool[i], c.typ))
}

// messyNumber is a measure's value within its bounds: with a sign, blanks, an
// exponent, or more decimals than are kept, where the format has text.
func messyNumber(r *rand.Rand, t *table, c *column) string {
	v := c.min + r.Int64N(c.max-c.min+1)
	switch r.IntN(12) {
	case 0:
		v = c.min
	case 1:
		v = c.max
	}
	s := unscaled(v, c.scale)
	if c.typ == agreements.Decimal && c.min < v && v < c.max && chance(r, 0.3) {
		if c.scale == 0 {
			s += "."
		}
		return s + pick(r, "5", "49", "500", "05", "99")
	}
	if t.format != "csv" {
		return s
	}
	switch {
	case chance(r, 0.05):
		s = " " + s + " "
	case chance(r, 0.05) && v > 0:
		s = "+" + s
	case chance(r, 0.05) && c.typ == agreements.Decimal && strings.HasSuffix(s, "00") && !strings.Contains(s, "."):
		s = s[:len(s)-2] + "e2"
	case chance(r, 0.1) && strings.HasPrefix(s, "0."):
		s = s[1:]
	}
	return s
}

// messyValue is another spelling of a dimension's value.
func messyValue(r *rand.Rand, t *table, s string, typ agreements.Type) string {
	if t.format != "csv" || !chance(r, 0.15) {
		return s
	}
	switch typ {
	case agreements.Boolean:
		return map[string]string{"true": pick(r, "t", "TRUE", "1", "True"), "false": pick(r, "f", "FALSE", "0", "False")}[s]
	case agreements.Integer:
		return pick(r, " "+s, s+" ")
	case agreements.Decimal:
		return pick(r, " "+s, s+" ")
	}
	return s
}
