package release

import (
	"encoding/json"
	"math"
	"math/big"

	"parley/analysis/plan"
	"parley/analysis/sql"
)

// value writes an aggregate as text, with the half-width of its interval if it
// is noisy: with 95 % the number without noise is within it.
//
// Of a count or a sum it is exactly the noise's. Of averages, variances and
// standard deviations it is what the delta method gives: the square root of the
// sum of (slope in a number · half-width of that number)². That is right to
// first order, where the noise of the count is small beside it.
func value(p *plan.Plan, a *plan.Aggregate, n Number) Value {
	out := number(a, n)
	if p.DP == nil || out.Null {
		return out
	}
	parts := plan.NumbersOf(p, a)
	if len(parts) > 1 {
		out.PlusMinus = quotientWidth(p.DP, parts, a, n)
		return out
	}
	w := halfWidth(p.DP, parts[0])
	if a.Func == plan.SumOf {
		out.PlusMinus = sql.Unscaled(w, a.Scale)
		return out
	}
	out.PlusMinus = w.String()
	return out
}

func halfWidth(d *plan.DP, product int) *big.Int {
	if v := d.Value(product); v != nil {
		if w, ok := new(big.Int).SetString(v.HalfWidth, 10); ok {
			return w
		}
	}
	return new(big.Int)
}

func quotientWidth(d *plan.DP, parts []int, a *plan.Aggregate, n Number) string {
	var w [3]float64
	for i, p := range parts {
		w[i], _ = new(big.Float).SetInt(halfWidth(d, p)).Float64()
	}
	rows, scale := float64(n.Rows), math.Pow10(a.Scale)
	mean := float64(n.Total) / rows
	if a.Func == plan.AvgOf {
		return floatText(math.Hypot(w[0], mean*w[1]) / rows / scale)
	}
	squares := float64(n.Squares) / rows
	by := rows // what the sum of squared differences is divided by
	if a.Func == plan.VarSamp || a.Func == plan.StddevSamp {
		by--
	}
	width := math.Hypot(math.Hypot(w[2], 2*mean*w[0]), (squares-2*mean*mean)*w[1]) / by / scale / scale
	if a.Func == plan.StddevPop || a.Func == plan.StddevSamp {
		deviation := math.Sqrt((squares-mean*mean)*rows/by) / scale
		width /= 2 * deviation
	}
	if math.IsInf(width, 0) || math.IsNaN(width) {
		return "" // a deviation of 0
	}
	return floatText(width)
}

// widen gives the half-width of a number that is computed from noisy ones: the
// sum, over those, of half of how far it goes when they move from one end of
// their interval to the other. To first order that holds it whatever the noises
// have in common. "" where it cannot be computed there.
func (l *line) widen(c *plan.Calc) string {
	columns := map[int]bool{}
	c.Columns(func(i int) { columns[i] = true })
	sum, noisy := new(big.Rat), false
	for i := range columns {
		w, ok := new(big.Rat).SetString(l.values[i].PlusMinus)
		if !ok || l.exact[i] == nil {
			continue
		}
		x := l.exact[i]
		l.exact[i] = new(big.Rat).Add(x, w)
		above := l.value(c)
		l.exact[i] = new(big.Rat).Sub(x, w)
		below := l.value(c)
		l.exact[i] = x
		if above == nil || below == nil {
			return ""
		}
		noisy = true
		sum.Add(sum, above.Abs(new(big.Rat).Sub(above, below)))
	}
	if !noisy {
		return ""
	}
	return calcText(c, sum.Quo(sum, big.NewRat(2, 1)))
}

// Widened is the table with a column "name ±" after every noisy column, which
// has the half-widths of its intervals: for formats whose cells hold one value.
func (t *Table) Widened() *Table {
	if t.Noise == "" {
		return t
	}
	out := *t
	out.Columns, out.Rows = nil, make([][]Value, len(t.Rows))
	for i, c := range t.Columns {
		out.Columns = append(out.Columns, c)
		if c.Noisy {
			out.Columns = append(out.Columns, Column{Name: c.Name + " ±", Type: c.Type, Scale: c.Scale})
		}
		for n, r := range t.Rows {
			out.Rows[n] = append(out.Rows[n], Value{Null: r[i].Null, Text: r[i].Text})
			if c.Noisy {
				out.Rows[n] = append(out.Rows[n], Value{Null: r[i].PlusMinus == "", Text: r[i].PlusMinus})
			}
		}
	}
	return &out
}

// plusMinus lists the half-widths by row and column.
func (t *Table) plusMinus() [][]*json.Number {
	if t.Noise == "" {
		return nil
	}
	out := make([][]*json.Number, len(t.Rows))
	for i, r := range t.Rows {
		out[i] = make([]*json.Number, len(r))
		for c, v := range r {
			if w := json.Number(v.PlusMinus); json.Valid([]byte(w)) {
				out[i][c] = &w
			}
		}
	}
	return out
}
