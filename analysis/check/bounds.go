package check

import (
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
		if it.Group >= 0 {
			continue
		}
		if it.Arg.Rule != nil {
			limit, err := b.maxAbs(it.Arg, b.in.Items[i].Pos)
			if err != nil {
				return err
			}
			it.MaxAbs = limit
		}
		if err := b.fits(it, b.in.Items[i].Pos); err != nil {
			return err
		}
	}
	return nil
}

func (b *binder) maxAbs(c Column, pos int) (int64, error) {
	d := b.out.Tables[c.Table].Dataset
	lo, okLo := atScale(c.Rule.Min, c.Rule)
	hi, okHi := atScale(c.Rule.Max, c.Rule)
	if !okLo || !okHi {
		return 0, b.src.Refuse(pos, "no-bounds", rule(d, "columns."+c.Rule.Name), "",
			"The agreement states no usable min and max for the measure %s.", sql.Name(c.Rule.Name))
	}
	limit := lo.Abs(lo)
	if h := hi.Abs(hi); h.Cmp(limit) > 0 {
		limit = h
	}
	if !limit.IsInt64() {
		return 0, b.overflow(d, c.Rule, pos)
	}
	return limit.Int64(), nil
}

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

// fits checks that one unit's share of an aggregate stays within 64 bits.
func (b *binder) fits(it *Item, pos int) error {
	if len(b.out.Tables) < 2 {
		return nil
	}
	worst := big.NewInt(1)
	for _, t := range b.out.Tables {
		rows := t.Dataset.Rules.MaxRowsPerUnit
		if rows < 1 {
			return b.src.Refuse(pos, "no-bounds", rule(t.Dataset, "maxRowsPerUnit"), "",
				"The agreement states no maxRowsPerUnit for %s.", sql.Name(t.Dataset.Name))
		}
		worst.Mul(worst, big.NewInt(rows))
	}
	if it.Arg.Rule != nil {
		worst.Mul(worst, big.NewInt(it.MaxAbs))
	}
	if worst.Cmp(big.NewInt(math.MaxInt64)) <= 0 {
		return nil
	}
	t := b.out.Tables[it.Arg.Table]
	return b.overflow(t.Dataset, it.Arg.Rule, pos)
}

func (b *binder) overflow(d *agreements.Dataset, c *agreements.Column, pos int) error {
	declared := "maxRowsPerUnit"
	clause := rule(d, "maxRowsPerUnit")
	if c != nil {
		declared = "maxRowsPerUnit and the bounds " + c.Min + " to " + c.Max + " of " + sql.Name(c.Name)
		clause = rule(d, "columns."+c.Name)
	}
	return b.src.Refuse(pos, "overflow", clause, "Declare tighter bounds in the agreement.",
		"By the declared %s, one unit's share could exceed 64 bits.", declared)
}
