package main

import (
	"errors"

	"github.com/spf13/cobra"

	"parley/agreements"
	"parley/cleanroom"
)

// dpFlags is the part of the command line that states the demand for noise.
type dpFlags struct {
	dp string
	agreements.DP
}

func (f *dpFlags) flags(c *cobra.Command) {
	f.Epsilon, f.BudgetEpsilon = cleanroom.DefaultDP(0).Epsilon, cleanroom.DefaultDP(0).BudgetEpsilon
	c.Flags().StringVar(&f.dp, "dp", "", "noise on answers: none (exact answers, protected by the minimum group size alone) or on; default: on where SQL may be asked freely")
	c.Flags().StringVar(&f.Epsilon, "epsilon", f.Epsilon, "with noise: privacy loss of one run; smaller is more private and less exact")
	c.Flags().StringVar(&f.Delta, "delta", f.Delta, "with noise: chance that one run loses more than that; default: by the size of the largest dataset, 0.000001 or less")
	c.Flags().StringVar(&f.BudgetEpsilon, "budget-epsilon", f.BudgetEpsilon, "with noise: what all runs on one dataset may lose together")
	c.Flags().StringVar(&f.BudgetDelta, "budget-delta", f.BudgetDelta, "with noise: the same for delta; default: ten times delta")
	c.Flags().IntVar(&f.PeriodDays, "budget-days", 0, "with noise: days after which a run no longer counts against the budget; 0: never")
	c.Flags().BoolVar(&f.AdHocOnly, "dp-ad-hoc-only", false, "with noise: leave approved analyses exact")
}

// demand is what the flags say, for datasets of at most so many units. That
// there is to be no noise must be said.
func (f *dpFlags) demand(adHoc bool, units int64) (*agreements.DP, error) {
	switch {
	case f.dp == "none", f.dp == "" && !adHoc:
		return agreements.NoDP(), nil
	case f.dp != "" && f.dp != "on":
		return nil, withCode(exitUsage, errors.New("--dp is none or on"))
	}
	if f.Delta == "" {
		f.Delta = cleanroom.DeltaFor(units)
	}
	if f.BudgetDelta == "" {
		f.BudgetDelta = cleanroom.TenTimes(f.Delta)
	}
	return &f.DP, nil
}
