package sql

import (
	"math/big"
	"strings"
)

// Window is a function OVER (PARTITION BY … ORDER BY …) with the default
// frame: row_number, rank, dense_rank, lag, lead, first_value, last_value,
// count_star, count, sum, min or max.
type Window struct {
	Pos
	Func      string
	Arg       Expr // nil for row_number, rank, dense_rank and count_star
	Offset    int64
	Partition []Expr
	OrderBy   []OrderKey
}

// maxOffset bounds the offset of lag and lead.
const maxOffset = 1000

// windows are the window functions by node type; true: with an argument.
var windows = map[string]struct {
	name string
	arg  bool
}{
	"WINDOW_ROW_NUMBER": {"row_number", false}, "WINDOW_RANK": {"rank", false}, "WINDOW_RANK_DENSE": {"dense_rank", false},
	"WINDOW_LAG": {"lag", true}, "WINDOW_LEAD": {"lead", true},
	"WINDOW_FIRST_VALUE": {"first_value", true}, "WINDOW_LAST_VALUE": {"last_value", true},
}

// windowAggregates are the aggregates that may be used OVER.
var windowAggregates = map[string]bool{"count_star": false, "count": true, "sum": true, "min": true, "max": true}

// window lowers a window function.
func (l *lowering) window(n *node) (Expr, error) {
	l.inside.windows = true
	defer func(was *inside) { l.inside = was }(l.inside)
	l.inside = nil // what is inside it is about rows
	out := &Window{Pos: Pos(n.pos), Offset: 1}
	name, kids := strings.ToLower(n.text("function_name")), n.list("children")
	w, ok := windows[n.kind]
	if !ok && n.kind == "WINDOW_AGGREGATE" {
		w.name = name
		if name == "count" && len(kids) == 0 {
			w.name = "count_star"
		}
		w.arg, ok = windowAggregates[w.name]
	}
	if !ok {
		return nil, l.src.Refuse(n.pos, "unsupported-function", "", "Window functions are row_number, rank, dense_rank, lag, lead, first_value, last_value, COUNT, SUM, MIN and MAX.",
			"The window function %s is not part of the language.", Name(name))
	}
	out.Func = w.name
	if err := l.frame(n); err != nil {
		return nil, err
	}
	if (len(kids) == 1) != w.arg || len(kids) > 1 {
		return nil, l.arguments(name, n.pos)
	}
	if err := l.offset(n, out); err != nil {
		return nil, err
	}
	partitions, orders := n.list("partitions"), n.list("orders")
	if err := n.finish(); err != nil {
		return nil, err
	}
	if w.arg {
		var err error
		if out.Arg, err = l.operand(kids[0], n.pos, 0); err != nil {
			return nil, err
		}
	}
	return out, l.over(out, partitions, orders, n.pos)
}

// frame refuses all but the default frame and what else a window may say.
func (l *lowering) frame(n *node) error {
	start, end, exclude := n.text("start"), n.text("end"), n.text("exclude_clause")
	if start != "UNBOUNDED_PRECEDING" || end != "CURRENT_ROW_RANGE" || exclude != "NO_OTHER" || n.fields["start_expr"] != nil || n.fields["end_expr"] != nil {
		return l.src.Refuse(n.pos, "bad-window", "", "Leave ROWS, RANGE and EXCLUDE out: a window goes from the first row of the person or thing to the present one, or over all of them without ORDER BY.",
			"A frame of a window is not part of the language.")
	}
	if n.fields["filter_expr"] != nil {
		return l.src.Refuse(n.pos, "bad-window", "", "Put the condition in the subquery's WHERE.", "FILTER of a window is not part of the language.")
	}
	if n.fields["default_expr"] != nil {
		return l.src.Refuse(n.pos, "bad-window", "", "Write coalesce(lag(…) OVER (…), value).", "A default of lag and lead is not part of the language.")
	}
	return nil
}

func (l *lowering) offset(n *node, out *Window) error {
	v := n.take("offset_expr")
	if v == nil {
		return nil
	}
	e, err := l.object(v, n.pos)
	if err != nil {
		return err
	}
	if e.kind == "VALUE_CONSTANT" {
		lit, err := l.constant(e)
		if err != nil {
			return err
		}
		by, ok := new(big.Int).SetString(lit.Text, 10)
		if ok && lit.Kind == IntegerLiteral && by.Sign() >= 0 && by.Cmp(big.NewInt(maxOffset)) <= 0 {
			out.Offset = by.Int64()
			return nil
		}
	}
	return l.src.Refuse(e.pos, "bad-window", "", "", "The offset of lag and lead is a whole number from 0 to %d.", maxOffset)
}

// over lowers PARTITION BY and ORDER BY.
func (l *lowering) over(out *Window, partitions, orders []any, pos int) error {
	if len(partitions) > maxItems || len(orders) > maxItems {
		return l.src.Refuse(pos, "too-complex", "", "", "A window has at most %d columns to partition and to order by.", maxItems)
	}
	for _, v := range partitions {
		e, err := l.operand(v, pos, 0)
		if err != nil {
			return err
		}
		out.Partition = append(out.Partition, e)
	}
	for _, v := range orders {
		key, e, err := l.orderKey(v, pos)
		if err != nil {
			return err
		}
		if key.Expr, err = l.scalar(e, 0); err != nil {
			return err
		}
		out.OrderBy = append(out.OrderBy, key)
	}
	return nil
}

func lowerName(n *node) string {
	name, _ := n.fields["function_name"].(string)
	return strings.ToLower(name)
}
