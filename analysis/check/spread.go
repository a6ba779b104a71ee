package check

import (
	"strings"

	"parley/analysis/sql"
)

// maxSquared is the largest number, at its scale, whose square has 63 bits.
const maxSquared = 3_037_000_499

// spread reports a variance or a standard deviation. It is computed by the
// receiver from n, Σx and Σx², which are released together under one guard.
func spread(fn string) bool {
	switch fn {
	case "var_samp", "var_pop", "stddev_samp", "stddev_pop":
		return true
	}
	return false
}

// Square is x times itself, for the sum of squares that a variance needs. An
// analyst cannot write it: see measured.
func Square(x *Expr) *Expr {
	return &Expr{Op: "*", Table: x.Table, Kids: []*Expr{x, x}, Type: x.Type, Scale: 2 * x.Scale, Nullable: x.Nullable,
		Lo: product(x.Lo, x.Lo), Hi: product(x.Hi, x.Hi)}
}

func (b *binder) squareOverflow(it *Item, pos int, what string) error {
	clause := rule(b.out.Tables[it.Table].Dataset, "columns")
	if it.Arg.Plain() {
		clause += "." + it.Arg.Column.Name
	}
	return b.src.Refuse(pos, "overflow", clause, "Declare tighter bounds (min, max) or fewer maxRowsPerUnit in the agreement, or ask for SUM and AVG.",
		"A variance needs the sum of squares, and by the declared bounds %s to %s %s could exceed 64 bits.",
		sql.Unscaled(it.Arg.Lo, it.Arg.Scale), sql.Unscaled(it.Arg.Hi, it.Arg.Scale), ofIt(what))
}

// ofIt is "X of it" for what X adds up to, such as "one person's or thing's share".
func ofIt(what string) string {
	if rest, ok := strings.CutPrefix(what, "the shares of "); ok {
		return "the shares of it of " + rest
	}
	return what + " of it"
}
