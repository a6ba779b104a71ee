package release

import "parley/analysis/plan"

// Join makes the answer of a join from its opened cells, one for every cell
// that was computed, padding included. receiver is the member that reads it.
// The error is ErrShape.
//
// Withheld counts the cells that did not pass and that the receiver does not
// know to be padding. Cells of the other owner's undeclared groups are padded
// to a number that says nothing, so the count is then "at most". With noise it
// is not stated: how many of them there are is not a noisy number.
func Join(p *plan.Plan, receiver string, cells []Cell) (*Table, error) {
	if p.Kind != plan.Join || p.Secure == nil || len(p.Locals) != 2 {
		return nil, ErrShape
	}
	t := newTable(p)
	t.Withheld = Withheld{Is: joinExtent(p, receiver)}
	for _, c := range cells {
		if !c.Pass {
			if !c.Padding {
				t.Withheld.Count++
			}
			continue
		}
		row, err := joinRow(p, c)
		if err != nil {
			return nil, err
		}
		t.Rows = append(t.Rows, row)
	}
	if t.Withheld.Is == NotStated {
		t.Withheld.Count = 0
	}
	return t, t.order(p)
}

func joinExtent(p *plan.Plan, receiver string) Extent {
	for _, l := range p.Locals {
		if l.Member == receiver {
			continue
		}
		for _, g := range l.Groups {
			if len(g.Domain) == 0 && p.DP != nil {
				return NotStated
			}
			if len(g.Domain) == 0 {
				return AtMost
			}
		}
	}
	return Exactly
}

func joinRow(p *plan.Plan, c Cell) ([]Value, error) {
	var out line
	groups, aggregates := c.Groups, c.Aggregates
	for _, col := range p.Output.Columns {
		if col.Group != nil {
			if len(groups) == 0 {
				return nil, ErrShape
			}
			out.put(label(groups[0]))
			groups = groups[1:]
			continue
		}
		if col.Calc != nil {
			out.put(Value{})
			continue
		}
		if col.Aggregate == nil || len(aggregates) == 0 {
			return nil, ErrShape
		}
		out.add(p, col.Aggregate, aggregates[0])
		aggregates = aggregates[1:]
	}
	if len(groups)+len(aggregates) != 0 {
		return nil, ErrShape
	}
	return out.values, out.compute(p)
}

// NewCell makes a Cell from what the circuit opened: for each product of the
// plan its value (0 if it was not opened) and, for guards, whether it met k.
// w and v are the labels of W's and V's group columns, in the order of their
// Local.Groups. The error is ErrShape.
func NewCell(p *plan.Plan, w, v []Text, pass bool, values []int64, met []bool) (Cell, error) {
	s := p.Secure
	if s == nil || len(values) != len(s.Products) || len(met) != len(s.Products) {
		return Cell{}, ErrShape
	}
	c := Cell{Pass: pass}
	if !pass {
		return c, nil
	}
	labels := map[int][]Text{s.W: w, s.V: v}
	for _, col := range p.Output.Columns {
		if g := col.Group; g != nil {
			if g.Index < 0 || g.Index >= len(labels[g.Local]) {
				return Cell{}, ErrShape
			}
			c.Groups = append(c.Groups, labels[g.Local][g.Index])
			continue
		}
		if col.Calc != nil {
			continue
		}
		n, err := productNumber(col.Aggregate, values, met)
		if err != nil {
			return Cell{}, err
		}
		c.Aggregates = append(c.Aggregates, n)
	}
	return c, nil
}

func productNumber(a *plan.Aggregate, values []int64, met []bool) (Number, error) {
	if a == nil || a.Total < 0 || a.Total >= len(values) || a.Rows >= len(values) || a.Guard >= len(values) ||
		a.Squares < 0 || a.Squares >= len(values) {
		return Number{}, ErrShape
	}
	if a.Guard >= 0 && !met[a.Guard] {
		return Number{Null: true}, nil
	}
	n := Number{Total: values[a.Total]}
	if a.Rows >= 0 {
		n.Rows = values[a.Rows]
	}
	if a.Squares > 0 {
		n.Squares = values[a.Squares]
	}
	return n, nil
}
