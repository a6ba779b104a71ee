package cleanroom

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"parley/agreements"
	"parley/cleanroom/catalog"
)

// A delta of 1/n or more would allow giving one of n units away as it is, so
// what a draft demands goes by the size of the datasets.

// assumedBelow is the number of units that a dataset of unknown size is taken
// to be below.
const assumedBelow = 1_000_000

// DeltaFor is the delta that a draft demands where no dataset has more than so
// many units: 10⁻⁶, or 10^-(digits of the number + 1), which is less than a
// tenth of 1/n, whichever is less.
func DeltaFor(units int64) string {
	zeros := max(len(strconv.FormatInt(max(units, 0), 10))+1, 6) - 1
	return "0." + strings.Repeat("0", zeros) + "1"
}

// DefaultDP is what a draft demands unless it says otherwise, for datasets of
// at most so many units: ten runs of epsilon 1 on a dataset, and never more.
func DefaultDP(units int64) *agreements.DP {
	delta := DeltaFor(units)
	return &agreements.DP{Epsilon: "1", Delta: delta, BudgetEpsilon: "10", BudgetDelta: TenTimes(delta)}
}

// TenTimes is ten times a decimal number, what a budget is of a run's delta;
// what is no number stays as it is, to be refused where it is checked.
func TenTimes(decimal string) string {
	r, ok := new(big.Rat).SetString(decimal)
	if !ok || len(decimal) > 40 {
		return decimal
	}
	text := r.Mul(r, big.NewRat(10, 1)).FloatString(len(decimal))
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// LargestKnown is the most units among the datasets that a draft's contracts
// describe and that are known, and at least as many as an unknown one is
// assumed to have; unknown names those, as "orders of Shop".
func LargestKnown(contracts []OwnedContract, known []Dataset) (units int64, unknown []string, err error) {
	for _, oc := range contracts {
		c, err := catalog.Load(oc.Contract)
		if err != nil {
			return 0, nil, err
		}
		found := false
		for _, d := range known {
			if d.ContractHash == c.Hash() {
				units, found = max(units, d.Units), true
			}
		}
		if !found {
			unknown = append(unknown, c.Name()+" of "+oc.Owner)
		}
	}
	if len(unknown) > 0 {
		units = max(units, assumedBelow-1)
	}
	return units, unknown, nil
}

// AssumedSizes says, for the reader of a draft, what its delta assumes of the
// datasets that are not known; "" if nothing.
func AssumedSizes(dp *agreements.DP, unknown []string) string {
	if dp.None() || len(unknown) == 0 {
		return ""
	}
	delta, ok := new(big.Rat).SetString(dp.Delta)
	if !ok || delta.Sign() <= 0 {
		return ""
	}
	below := new(big.Int).Quo(delta.Denom(), delta.Num())
	return fmt.Sprintf("dp.delta %s assumes fewer than %s people or things in a dataset. How many are in %s is not known here; a dataset with more is not asked: its owner's node then names the delta to write.",
		dp.Delta, below, strings.Join(unknown, " and "))
}
