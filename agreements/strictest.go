package agreements

import "math/big"

// Strictest is the demand that holds where several are made of one question:
// the smallest epsilon, delta and budgets, over the longest period. approved
// says that the question is an approved analysis, which a demand on ad-hoc SQL
// alone leaves to the thresholds. nil: no noise is demanded. The demands must
// have passed Check.
func Strictest(approved bool, demands ...*DP) *DP {
	var out *DP
	for _, d := range demands {
		switch {
		case d.None() || approved && d.AdHocOnly:
		case out == nil:
			both := *d
			both.AdHocOnly = false
			out = &both
		default:
			out.Epsilon, out.Delta = smaller(out.Epsilon, d.Epsilon), smaller(out.Delta, d.Delta)
			out.BudgetEpsilon = smaller(out.BudgetEpsilon, d.BudgetEpsilon)
			out.BudgetDelta = smaller(out.BudgetDelta, d.BudgetDelta)
			if out.PeriodDays != 0 && (d.PeriodDays == 0 || d.PeriodDays > out.PeriodDays) {
				out.PeriodDays = d.PeriodDays
			}
		}
	}
	return out
}

// smaller of two decimals; of equal ones, the first spelling.
func smaller(a, b string) string {
	if lessDecimal(b, a) {
		return b
	}
	return a
}

func lessDecimal(a, b string) bool {
	x, okX := new(big.Rat).SetString(a)
	y, okY := new(big.Rat).SetString(b)
	return okX && okY && x.Cmp(y) < 0
}

// AtLeastAsStrict reports whether d demands no less than other: as little
// loss, from as small a budget, over as long a period, of all it speaks of.
func (d *DP) AtLeastAsStrict(other *DP) bool {
	if other.None() {
		return true
	}
	return !d.None() && !(d.AdHocOnly && !other.AdHocOnly) &&
		!lessDecimal(other.Epsilon, d.Epsilon) && !lessDecimal(other.Delta, d.Delta) &&
		!lessDecimal(other.BudgetEpsilon, d.BudgetEpsilon) && !lessDecimal(other.BudgetDelta, d.BudgetDelta) &&
		(d.PeriodDays == 0 || other.PeriodDays != 0 && d.PeriodDays >= other.PeriodDays)
}
