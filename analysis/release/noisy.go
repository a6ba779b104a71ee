package release

import (
	"errors"
	"fmt"
	"io"
	"math/big"

	"parley/analysis/noise"
	"parley/analysis/plan"
	"parley/internal/weak"
)

// ErrNoise says that noise as large as the demanded privacy asks for does not
// fit a number of 64 bits beside its value.
var ErrNoise = errors.New("the noise that the demanded privacy needs is too large for a number of this question (ask for fewer numbers at a time, or agree on a larger epsilon or tighter bounds)")

// FitsNoise refuses, with ErrNoise, a plan whose noisy numbers over so many
// units could exceed 64 bits. It must be asked before anything is computed:
// what is found later would depend on rows (R08).
func FitsNoise(p *plan.Plan, units int64) error {
	for i := range p.DP.Values {
		v := &p.DP.Values[i]
		bound, ok := new(big.Int).SetString(v.Bound, 10)
		if !ok {
			return ErrShape
		}
		most := new(big.Int).Mul(big.NewInt(max(units, 1)), big.NewInt(v.Sensitivity))
		if most.Add(most, bound); !most.IsInt64() || v.Threshold == plan.OutOfReach {
			return ErrNoise
		}
	}
	return nil
}

// Draw draws one noise for each of the plan's noisy values, cut off at their
// bounds. The error is the source's, or ErrShape.
func Draw(d *plan.DP, in *noise.Source) ([]int64, error) {
	out := make([]int64, len(d.Values))
	for i := range d.Values {
		v := &d.Values[i]
		n := d.Noise(v)
		bound, ok := new(big.Int).SetString(v.Bound, 10)
		if n == nil || !ok || !bound.IsInt64() {
			return nil, ErrShape
		}
		x, err := n.Sample(in)
		if err != nil {
			return nil, err
		}
		if out[i] = noise.Clip(x, bound).Int64(); weak.Off("R15") {
			out[i] = 0
		}
	}
	return out, nil
}

// Noisy releases the answer of a one-owner plan under differential privacy.
// rows are its exact numbers after each unit's share was bounded as the plan
// says; FitsNoise must have passed. Every number gets noise once: what is
// tested is what is released. A group comes out if its exact count of units is
// at least k and the noisy one at least its threshold, an aggregate with a
// count of its own likewise. The error is ErrShape or that of rnd.
func Noisy(p *plan.Plan, rows []Row, rnd io.Reader) (*Table, error) {
	if p.Kind != plan.OneOwner || len(p.Locals) != 1 || p.DP == nil {
		return nil, ErrShape
	}
	l := &p.Locals[0]
	t := newTable(p)
	in := noise.NewSource(rnd)
	var kept []Row
	for _, r := range rows {
		if len(r.Groups) != len(l.Groups) || len(r.Ints) != plan.MeasuresAt+plan.PerMeasure*len(l.Measures) {
			return nil, ErrShape
		}
		n, err := draw(p, r, in)
		if err != nil {
			return nil, err
		}
		if !n.enough(plan.UnitsAt) {
			continue
		}
		kept = append(kept, r)
		out, err := n.row()
		if err != nil {
			return nil, err
		}
		t.Rows = append(t.Rows, out)
	}
	t.Withheld = oneOwnerWithheld(p, kept, nil)
	return t, t.order(p)
}

// noisyRow is a row with its noise.
type noisyRow struct {
	p     *plan.Plan
	exact Row
	noisy map[int]int64 // by place in Row.Ints
}

func draw(p *plan.Plan, r Row, in *noise.Source) (noisyRow, error) {
	drawn, err := Draw(p.DP, in)
	if err != nil {
		return noisyRow{}, fmt.Errorf("draw noise: %w", err)
	}
	n := noisyRow{p, r, map[int]int64{}}
	for i, v := range p.DP.Values {
		if v.Product < 0 || v.Product >= len(r.Ints) || r.Ints[v.Product].Null {
			return noisyRow{}, ErrShape
		}
		n.noisy[v.Product] = r.Ints[v.Product].Value + drawn[i]
	}
	return n, nil
}

// enough tests a count of units, exact and noisy.
func (n noisyRow) enough(at int) bool {
	v := n.p.DP.Value(at)
	return v != nil && v.Threshold > 0 &&
		n.exact.Ints[at].Value >= int64(n.p.MinGroupSize) && n.noisy[at] >= v.Threshold
}

func (n noisyRow) row() ([]Value, error) {
	var out line
	for _, c := range n.p.Output.Columns {
		switch {
		case c.Group != nil && c.Group.Index >= 0 && c.Group.Index < len(n.exact.Groups):
			out.put(label(n.exact.Groups[c.Group.Index]))
		case c.Calc != nil:
			out.put(Value{})
		case c.Aggregate != nil:
			v, err := n.aggregate(c.Aggregate)
			if err != nil {
				return nil, err
			}
			out.add(n.p, c.Aggregate, v)
		default:
			return nil, ErrShape
		}
	}
	return out.values, out.compute(n.p)
}

func (n noisyRow) aggregate(a *plan.Aggregate) (Number, error) {
	if g := plan.GuardOf(n.p, a); g >= 0 && !n.enough(g) {
		return Number{Null: true}, nil
	}
	var parts []int64
	for _, at := range plan.NumbersOf(n.p, a) {
		x, ok := n.noisy[at]
		if !ok {
			return Number{}, ErrShape // without noise it does not come out
		}
		parts = append(parts, x)
	}
	out := Number{Total: parts[0]}
	if len(parts) > 1 {
		out.Rows = parts[1]
	}
	if len(parts) > 2 {
		out.Squares = parts[2]
	}
	return out, nil
}
