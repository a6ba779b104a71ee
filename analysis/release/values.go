package release

import (
	"encoding/json"
	"math"
	"math/big"
	"strconv"

	"parley/analysis/plan"
	"parley/analysis/sql"
)

func newTable(p *plan.Plan) *Table {
	t := &Table{Rows: [][]Value{}, MinGroupSize: p.MinGroupSize, PublicData: p.PublicData, Noise: noiseOf(p)}
	for _, c := range p.Output.Columns {
		t.Columns = append(t.Columns, column(p, c))
	}
	return t
}

// noiseOf leaves the field of exact answers out.
func noiseOf(p *plan.Plan) string {
	if p.DP == nil {
		return ""
	}
	return p.DP.String()
}

func column(p *plan.Plan, c plan.OutputColumn) Column {
	out := Column{Name: c.Name, Noisy: p.DP != nil && c.Group == nil}
	switch {
	case c.Group != nil && c.Group.Local >= 0 && c.Group.Local < len(p.Locals):
		groups := p.Locals[c.Group.Local].Groups
		if c.Group.Index >= 0 && c.Group.Index < len(groups) {
			out.Type, out.Scale = groups[c.Group.Index].Type, groups[c.Group.Index].Scale
		}
	case c.Calc != nil:
		out.Type, out.Scale = c.Calc.Type, c.Calc.Scale
	case c.Aggregate != nil && (c.Aggregate.Func == plan.AvgOf || c.Aggregate.Func.Spread() || c.Aggregate.Over > 0):
		out.Type = Double
	case c.Aggregate != nil:
		out.Type, out.Scale = c.Aggregate.Type, c.Aggregate.Scale
	}
	return out
}

func label(t Text) Value {
	if t.Null {
		return Value{Null: true}
	}
	return Value{Text: t.Value}
}

// add appends an aggregate to a line.
func (l *line) add(p *plan.Plan, a *plan.Aggregate, n Number) {
	l.values, l.exact = append(l.values, value(p, a, n)), append(l.exact, exact(a, n))
}

// number writes an aggregate as text.
func number(a *plan.Aggregate, n Number) Value {
	x := exact(a, n)
	switch {
	case x == nil:
		return Value{Null: true}
	case a.Func == plan.AvgOf || a.Func.Spread() || a.Over > 0:
		f, _ := x.Float64()
		return Value{Text: floatText(f)}
	case a.Func == plan.SumOf:
		return Value{Text: sql.Unscaled(big.NewInt(n.Total), a.Scale)}
	default:
		return Value{Text: x.Num().String()}
	}
}

// put appends what is not an aggregate: a label, or room for what is computed.
func (l *line) put(v Value) { l.values, l.exact = append(l.values, v), append(l.exact, nil) }

// exact is the number that an aggregate stands for, nil for NULL. A noisy count
// that is not above 0 gives no average.
func exact(a *plan.Aggregate, n Number) *big.Rat {
	if n.Null {
		return nil
	}
	scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(a.Scale)), nil))
	total := new(big.Rat).SetInt64(n.Total)
	switch {
	case a.Func == plan.AvgOf && n.Rows <= 0:
		return nil
	case a.Func == plan.AvgOf:
		return total.Quo(total, scale.Mul(scale, new(big.Rat).SetInt64(n.Rows)))
	case a.Over > 0:
		return total.Quo(total, scale.Mul(scale, new(big.Rat).SetInt64(a.Over)))
	case a.Func == plan.SumOf:
		return total.Quo(total, scale)
	case a.Func.Spread():
		return variance(a, n, scale)
	}
	return total
}

// variance is (Σx² − (Σx)²/n) / n, or / (n−1) for a sample, and its root for a
// standard deviation.
func variance(a *plan.Aggregate, n Number, scale *big.Rat) *big.Rat {
	rows, by := new(big.Rat).SetInt64(n.Rows), n.Rows
	if a.Func == plan.VarSamp || a.Func == plan.StddevSamp {
		by--
	}
	if by <= 0 {
		return nil
	}
	total := new(big.Rat).SetInt64(n.Total)
	out := new(big.Rat).SetInt64(n.Squares)
	out.Sub(out, total.Quo(total.Mul(total, total), rows))
	out.Quo(out, scale.Mul(scale, scale))
	out.Quo(out, new(big.Rat).SetInt64(by))
	if a.Func == plan.StddevSamp || a.Func == plan.StddevPop {
		return root(out)
	}
	return out
}

// floatText is the shortest text that reads back as f, without an exponent
// for numbers of ordinary size.
func floatText(f float64) string {
	if size := math.Abs(f); size != 0 && (size < 1e-6 || size >= 1e15) {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// noisyJSON is the form of a value with an interval.
type noisyJSON struct {
	Value     string `json:"value"`
	PlusMinus string `json:"plusMinus"`
}

// MarshalJSON writes a value as a string or null, and one with an interval as
// an object. Numbers are strings too: canonical JSON would round those above
// 2^53.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.Null {
		return []byte("null"), nil
	}
	if v.PlusMinus != "" {
		return json.Marshal(noisyJSON{v.Text, v.PlusMinus})
	}
	return json.Marshal(v.Text)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (v *Value) UnmarshalJSON(b []byte) error {
	*v = Value{}
	if string(b) == "null" {
		v.Null = true
		return nil
	}
	if len(b) > 0 && b[0] == '{' {
		var n noisyJSON
		err := json.Unmarshal(b, &n)
		v.Text, v.PlusMinus = n.Value, n.PlusMinus
		return err
	}
	return json.Unmarshal(b, &v.Text)
}
