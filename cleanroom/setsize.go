package cleanroom

import "parley/internal/weak"

// leastUnits is how many units a dataset needs for a question: in a join the
// strictest owner's number holds for both (R37). Else a partner could bring its
// people in many sets that are as small as its own contracts allow, and have
// each joined with a set whose owner wants larger ones.
func (ad *admitted) leastUnits(dataset string) int64 {
	if weak.Off("R37") {
		return ad.agreement.Dataset(dataset).Rules.LeastUnits()
	}
	var least int64
	for _, l := range ad.compiled.Plan.Locals {
		least = max(least, ad.agreement.Dataset(l.Dataset).Rules.LeastUnits())
	}
	return least
}
