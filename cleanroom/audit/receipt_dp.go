package audit

import (
	"regexp"

	"parley/agreements"
)

// noisePattern is what follows the demand in a noisy receipt's dp: the
// mechanism, how many numbers of a group have noise, and how many groups a person or thing
// counts in (plan.DP.String writes it).
var noisePattern = regexp.MustCompile(`^; discrete (Laplace|Gaussian) noise on [1-9][0-9]* numbers? a group, [1-9][0-9]* groups? a person or thing$`)

// keepsDP reports whether a receipt names the privacy that agreement and owners
// together demand of its question: none, or epsilon and delta in their words.
func keepsDP(r *Receipt, a *agreements.Agreement) bool {
	names := make([]string, 0, len(r.Datasets))
	for _, d := range r.Datasets {
		names = append(names, d.Name)
	}
	demand := a.Demand(names, r.Analysis != "")
	want := demand.Run()
	if demand.None() {
		return r.DP == want
	}
	return len(r.DP) > len(want) && r.DP[:len(want)] == want && noisePattern.MatchString(r.DP[len(want):])
}
