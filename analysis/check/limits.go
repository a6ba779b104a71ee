package check

import (
	"slices"
	"strings"

	"parley/agreements"
	"parley/analysis/sql"
)

// receives refuses an asker whom the owner of a dataset does not let see
// answers about it. Answers go to the asker.
func (b *binder) receives() error {
	for _, t := range b.out.Tables {
		list := t.Dataset.Rules.Receivers
		if len(list) == 0 || slices.Contains(list, b.Asker) {
			continue
		}
		return b.src.Refuse(t.pos, "not-a-receiver", rule(t.Dataset, "receivers"), "Members that may: "+listed(list)+".",
			"%s may not receive answers about %s.", sql.Name(b.Asker), sql.Name(t.Dataset.Name))
	}
	return nil
}

// functionAllowed refuses a function of row values that the owner of table t
// did not list.
func (b *binder) functionAllowed(t int, name string, pos int) error {
	if t == constant {
		return nil
	}
	d := b.out.Tables[t].Dataset
	list := d.Rules.Functions
	if len(list) == 0 || slices.Contains(list, name) {
		return nil
	}
	return b.src.Refuse(pos, "function-not-allowed", rule(d, "functions"), "Functions that may be: "+strings.Join(list, " ")+".",
		"The function %s may not be applied to columns of %s.", sql.Name(name), sql.Name(d.Name))
}

// mirrored gives the order tests that a column inside an expression stands
// for: -x < 5 is x > -5.
var mirrored = map[string][]string{"<": {"<", ">"}, ">": {"<", ">"}, "<=": {"<=", ">="}, ">=": {"<=", ">="}, "between": {"between"}}

// operatorsAllowed refuses a test of a column that its owner did not list. NOT
// goes by the name of what it denies.
func (b *binder) operatorsAllowed(x *Expr, pos int) error {
	op := strings.Replace(strings.TrimPrefix(x.Op, "not "), "is not null", "is null", 1)
	for i, k := range x.Kids {
		needs := []string{op}
		switch {
		case i > 0 && k.Stored() && flipped[op] != "": // 1 < x stands as x > 1 already; a < b is b > a
			needs = []string{flipped[op]}
		case !k.Stored() && mirrored[op] != nil:
			needs = mirrored[op]
		}
		var err error
		tested(k, func(c *agreements.Column) {
			if err == nil {
				err = b.operatorAllowed(k.Table, c, needs, pos)
			}
		})
		if r, ok := err.(*sql.Refusal); ok && len(needs) > 1 {
			r.Hint += " Inside an expression " + needs[0] + " can stand for " + needs[1] + ", so both must be among them."
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *binder) operatorAllowed(t int, c *agreements.Column, needs []string, pos int) error {
	if len(c.Operators) == 0 {
		return nil
	}
	for _, op := range needs {
		if slices.Contains(c.Operators, op) {
			continue
		}
		d := b.out.Tables[t].Dataset
		return b.src.Refuse(pos, "operator-not-allowed", rule(d, "columns."+c.Name+".operators"),
			"Tests that may be: "+strings.Join(c.Operators, " ")+".",
			"%s of %s may not be tested by %s.", sql.Name(c.Name), sql.Name(d.Name), strings.ToUpper(op))
	}
	return nil
}

// tested calls fn with the columns whose values a test compares. Those inside
// the conditions of a CASE have their own tests.
func tested(x *Expr, fn func(*agreements.Column)) {
	switch x.Op {
	case "column":
		if x.Slot != nil {
			tested(x.Slot.Expr, fn)
			return
		}
		fn(x.Column)
	case "case":
		for i, k := range x.Kids {
			if i%2 == 1 || i == len(x.Kids)-1 {
				tested(k, fn)
			}
		}
	default:
		for _, k := range x.Kids {
			tested(k, fn)
		}
	}
}
