package check

import (
	"fmt"
	"math"
	"math/big"
	"strings"

	"parley/agreements"
	"parley/analysis/sql"
)

// bounds reads the declared bounds of every measure and refuses a join whose
// numbers could leave 64 bits: a wrapped sum would be a wrong answer that
// nobody could see (R43).
func (b *binder) bounds() error {
	for i := range b.out.Items {
		it := &b.out.Items[i]
		if it.Group >= 0 || it.Calc != nil {
			continue
		}
		if err := b.partnerless(it); err != nil {
			return err
		}
		if it.Func == "sum" || it.Func == "avg" || spread(it.Func) {
			limit, err := b.maxAbs(it, it.pos)
			if err != nil {
				return err
			}
			it.MaxAbs = limit
		}
		if spread(it.Func) && it.MaxAbs > maxSquared {
			return b.squareOverflow(it, it.pos, "one person's or thing's share")
		}
		if err := b.fits(it, it.pos); err != nil {
			return err
		}
	}
	return nil
}

// maxAbs bounds one row's value of a measure. Every column in it needs bounds
// in the agreement: they size the cryptography.
func (b *binder) maxAbs(it *Item, pos int) (int64, error) {
	d := b.out.Tables[it.Table].Dataset
	var missing *agreements.Column
	it.Arg.columns(func(c *agreements.Column) {
		_, okLo := atScale(c.Min, c)
		_, okHi := atScale(c.Max, c)
		if !okLo || !okHi {
			missing = c
		}
	})
	if missing != nil {
		return 0, b.src.Refuse(pos, "no-bounds", rule(d, "columns."+missing.Name), "",
			"The agreement states no usable min and max for the measure %s.", sql.Name(missing.Name))
	}
	limit := new(big.Int).Abs(it.Arg.Lo)
	if h := new(big.Int).Abs(it.Arg.Hi); h.Cmp(limit) > 0 {
		limit = h
	}
	if !limit.IsInt64() {
		return 0, b.overflow(it, pos, "one person's or thing's share")
	}
	return limit.Int64(), nil
}

// AtScale reads decimal text as an integer at the column's scale.
func AtScale(text string, c *agreements.Column) (*big.Int, bool) { return atScale(text, c) }

// atScale reads decimal text as an integer at the column's scale.
func atScale(text string, c *agreements.Column) (*big.Int, bool) {
	if !isNumber(text, true) {
		return nil, false
	}
	scale := 0
	if c.Type == agreements.Decimal {
		scale = c.Scale
	}
	whole, fraction, _ := strings.Cut(text, ".")
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > scale {
		return nil, false
	}
	return new(big.Int).SetString(whole+fraction+strings.Repeat("0", scale-len(fraction)), 10)
}

// fits checks that one unit's share of an aggregate stays within 64 bits, and
// in a join those of as many units as both datasets must have. Where one owner
// adds up without noise only squares are bounded so: its sums may be wider, and
// are refused if one that comes out is.
func (b *binder) fits(it *Item, pos int) error {
	if len(b.out.Tables) < 2 && b.out.DP.None() && !spread(it.Func) {
		return nil
	}
	worst := big.NewInt(1)
	for _, t := range b.out.Tables {
		rows := t.MaxRows()
		if rows < 1 {
			return b.src.Refuse(pos, "no-bounds", rule(t.Dataset, "maxRowsPerUnit"), "",
				"The agreement states no maxRowsPerUnit for %s.", sql.Name(t.Dataset.Name))
		}
		worst.Mul(worst, big.NewInt(rows))
	}
	if it.MaxAbs > 0 {
		worst.Mul(worst, big.NewInt(it.MaxAbs))
	}
	if spread(it.Func) {
		worst.Mul(worst, big.NewInt(it.MaxAbs))
	}
	const share = "one person's or thing's share"
	if most := big.NewInt(math.MaxInt64); worst.Cmp(most) > 0 {
		return b.overflow(it, pos, share)
	} else if n := b.leastUnits(); worst.Mul(worst, big.NewInt(n)).Cmp(most) > 0 {
		return b.overflow(it, pos, fmt.Sprintf("the shares of %d people or things, which both datasets must have,", n))
	}
	return nil
}

// leastUnits is how many units both datasets of a join have at least, or a run
// is refused, and all of them may be shared; 1 for a question about one dataset,
// and under a demand for noise, which bounds shares further.
func (b *binder) leastUnits() int64 {
	if len(b.out.Tables) < 2 || !b.out.DP.None() {
		return 1
	}
	least := int64(math.MaxInt64)
	for _, t := range b.out.Tables {
		least = min(least, max(t.Dataset.Rules.LeastUnits(), 1))
	}
	return least
}

// overflow refuses a sum of which what (somebody's share) could leave 64 bits.
func (b *binder) overflow(it *Item, pos int, what string) error {
	if spread(it.Func) {
		return b.squareOverflow(it, pos, what)
	}
	d := b.out.Tables[it.Table].Dataset
	declared, clause := "maxRowsPerUnit", rule(d, "maxRowsPerUnit")
	switch x := it.Arg; {
	case x == nil || !x.Number() || it.Func == "count":
	case x.Plain() && x.Slot == nil:
		declared = "maxRowsPerUnit and the bounds " + x.Column.Min + " to " + x.Column.Max + " of " + sql.Name(x.Column.Name)
		clause = rule(d, "columns."+x.Column.Name)
	default:
		declared = "maxRowsPerUnit and the bounds " + sql.Unscaled(x.Lo, x.Scale) + " to " + sql.Unscaled(x.Hi, x.Scale) + " of this expression"
		clause = rule(d, "columns")
	}
	return b.src.Refuse(pos, "overflow", clause, "Declare tighter bounds in the agreement.",
		"By the declared %s, %s could exceed 64 bits.", declared, what)
}
