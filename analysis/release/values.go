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
	out := Column{Name: c.Name, Noisy: p.DP != nil && c.Aggregate != nil}
	switch {
	case c.Group != nil && c.Group.Local >= 0 && c.Group.Local < len(p.Locals):
		groups := p.Locals[c.Group.Local].Groups
		if c.Group.Index >= 0 && c.Group.Index < len(groups) {
			out.Type, out.Scale = groups[c.Group.Index].Type, groups[c.Group.Index].Scale
		}
	case c.Aggregate != nil && c.Aggregate.Func == plan.AvgOf:
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

// number writes an aggregate as text. A noisy count that is not above 0 gives
// no average.
func number(a *plan.Aggregate, n Number) Value {
	if n.Null || (a.Func == plan.AvgOf && n.Rows <= 0) {
		return Value{Null: true}
	}
	total := big.NewInt(n.Total)
	switch a.Func {
	case plan.AvgOf:
		scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(a.Scale)), nil)
		f, _ := new(big.Rat).SetFrac(total, scale.Mul(scale, big.NewInt(n.Rows))).Float64()
		return Value{Text: floatText(f)}
	case plan.SumOf:
		return Value{Text: sql.Unscaled(total, a.Scale)}
	}
	return Value{Text: total.String()}
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
