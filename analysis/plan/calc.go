package plan

import (
	"strconv"
	"strings"

	"parley/agreements"
	"parley/analysis/check"
)

// Calc is an expression over released numbers of one row of the answer; see
// check.Calc for the operations. The receiver computes it.
type Calc struct {
	Op     string          `json:"op"`
	Column int             `json:"column,omitempty"` // of item: index into Output.Columns
	Value  string          `json:"value,omitempty"`  // of value: decimal text
	Digits int             `json:"digits,omitempty"` // of round
	Kids   []Calc          `json:"kids,omitempty"`
	Type   agreements.Type `json:"type"` // integer, decimal or double
	Scale  int             `json:"scale,omitempty"`
}

func calc(c *check.Calc) *Calc {
	out := &Calc{Op: c.Op, Column: c.Item, Value: c.Value.Text, Digits: int(c.N), Type: c.Type, Scale: c.Scale}
	for _, k := range c.Kids {
		out.Kids = append(out.Kids, *calc(k))
	}
	return out
}

// answered names a column of the answer in HAVING and ORDER BY; what is hidden
// has no name and is written out.
func answered(q *check.Query, item int) string {
	it := q.Items[item]
	switch {
	case !it.Hidden:
		return readable(it.Name)
	case it.Calc != nil:
		return calcText(q, it.Calc, true)
	}
	return itemText(q, it)
}

// calcText prints an expression over aggregates as an analyst would write it.
// names says that columns of the answer may be written by their names.
func calcText(q *check.Query, c *check.Calc, names bool) string {
	switch c.Op {
	case "value":
		return literal(c.Value)
	case "item":
		if names {
			return answered(q, c.Item)
		}
		return itemText(q, q.Items[c.Item])
	}
	kids := make([]string, 0, len(c.Kids))
	for _, k := range c.Kids {
		kids = append(kids, calcText(q, k, names))
	}
	switch c.Op {
	case "+", "-", "*", "/":
		return "(" + strings.Join(kids, " "+c.Op+" ") + ")"
	case "neg":
		return "(- " + kids[0] + ")"
	case "round":
		return "round(" + kids[0] + ", " + strconv.FormatInt(c.N, 10) + ")"
	}
	return c.Op + "(" + strings.Join(kids, ", ") + ")"
}

// Columns calls fn with every output column that the expression reads.
func (c *Calc) Columns(fn func(column int)) {
	if c.Op == "item" {
		fn(c.Column)
	}
	for i := range c.Kids {
		c.Kids[i].Columns(fn)
	}
}
