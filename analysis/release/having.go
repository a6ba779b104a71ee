package release

import (
	"cmp"
	"math/big"

	"parley/analysis/plan"
)

// truth is SQL's: true, false or unknown.
type truth int

const (
	isFalse truth = iota - 1
	isUnknown
	isTrue
)

func truthOf(b bool) truth {
	if b {
		return isTrue
	}
	return isFalse
}

// having keeps the rows of which the plan's condition is true. It reads
// released values alone.
func (t *Table) having(h *plan.Having) error {
	if h == nil {
		return nil
	}
	if !t.fits(h) {
		return ErrShape
	}
	kept := [][]Value{}
	for _, r := range t.Rows {
		if t.test(h, r) == isTrue {
			kept = append(kept, r)
		}
	}
	t.Rows = kept
	return nil
}

// operands is how many operands each test has at least.
var operands = map[string]int{
	"=": 2, "<>": 2, "<": 2, "<=": 2, ">": 2, ">=": 2, "in": 2, "not in": 2, "between": 3, "is null": 1, "is not null": 1,
}

// fits checks a condition that may be anything at all.
func (t *Table) fits(h *plan.Having) bool {
	switch h.Op {
	case "and", "or", "not":
		for i := range h.Kids {
			if !t.fits(&h.Kids[i]) {
				return false
			}
		}
		return len(h.Kids) > 0
	}
	least, ok := operands[h.Op]
	for _, o := range h.Operands {
		ok = ok && o.Column >= -1 && o.Column < len(t.Columns)
	}
	return ok && len(h.Operands) >= least
}

func (t *Table) test(h *plan.Having, row []Value) truth {
	switch h.Op {
	case "not":
		return -t.test(&h.Kids[0], row)
	case "and", "or":
		out := t.test(&h.Kids[0], row)
		for i := range h.Kids[1:] {
			kid := t.test(&h.Kids[1+i], row)
			if h.Op == "and" {
				out = min(out, kid)
			} else {
				out = max(out, kid)
			}
		}
		return out
	case "is null":
		return truthOf(t.operand(h, 0, row).Null)
	case "is not null":
		return -truthOf(t.operand(h, 0, row).Null)
	case "between":
		return min(t.compared(h, row, 1, ">="), t.compared(h, row, 2, "<="))
	case "in", "not in":
		out := isFalse
		for i := range h.Operands[1:] {
			out = max(out, t.compared(h, row, 1+i, "="))
		}
		if h.Op == "not in" {
			return -out
		}
		return out
	}
	return t.compared(h, row, 1, h.Op)
}

func (t *Table) operand(h *plan.Having, i int, row []Value) Value {
	if o := h.Operands[i]; o.Column < 0 {
		return Value{Text: o.Value}
	} else {
		return row[o.Column]
	}
}

// compared tests the first operand against another.
func (t *Table) compared(h *plan.Having, row []Value, with int, op string) truth {
	x, y := t.operand(h, 0, row), t.operand(h, with, row)
	if x.Null || y.Null {
		return isUnknown
	}
	c := cmp.Compare(x.Text, y.Text)
	if t.numbers(h, with) {
		m, okM := new(big.Rat).SetString(x.Text)
		n, okN := new(big.Rat).SetString(y.Text)
		if !okM || !okN {
			return isUnknown
		}
		c = m.Cmp(n)
	}
	return truthOf(map[string]bool{"=": c == 0, "<>": c != 0, "<": c < 0, "<=": c <= 0, ">": c > 0, ">=": c >= 0}[op])
}

// numbers reports whether one of two operands is a column of numbers; then
// both are.
func (t *Table) numbers(h *plan.Having, with int) bool {
	for _, o := range []plan.Operand{h.Operands[0], h.Operands[with]} {
		if o.Column >= 0 {
			return numeric(t.Columns[o.Column].Type)
		}
	}
	return false
}
