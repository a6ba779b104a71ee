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
// Of a count or a sum it is exactly the noise's. Of an average it is what the
// delta method gives, √(w² + (average·u)²)/rows with w and u the half-widths of
// sum and count: right to first order, where the noise of the count is small
// beside it.
func value(p *plan.Plan, a *plan.Aggregate, n Number) Value {
	out := number(a, n)
	if p.DP == nil || out.Null {
		return out
	}
	parts := plan.NumbersOf(p, a)
	if a.Func == plan.AvgOf {
		out.PlusMinus = quotientWidth(p.DP, parts, a.Scale, n)
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

func quotientWidth(d *plan.DP, parts []int, scale int, n Number) string {
	w, _ := new(big.Float).SetInt(halfWidth(d, parts[0])).Float64()
	u, _ := new(big.Float).SetInt(halfWidth(d, parts[1])).Float64()
	rows := float64(n.Rows)
	mean := float64(n.Total) / rows
	return floatText(math.Sqrt(w*w+mean*mean*u*u) / rows / math.Pow10(scale))
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
