package plan

import (
	"fmt"

	"parley/analysis/noise"
)

// DP says what noise a release adds, and what that takes from the budgets.
// Rationals and integers are text ("1/2", "17"), so that both owners write the
// same.
type DP struct {
	// Epsilon and Delta are what a run may spend, after the strictest owner won.
	Epsilon string `json:"epsilon"`
	Delta   string `json:"delta"`
	// Mechanism is the same for all numbers of the run.
	Mechanism Mechanism `json:"mechanism"`
	// GroupsPerUnit is L0: to how many cells of the answer a unit adds at most.
	GroupsPerUnit int `json:"groupsPerUnit"`
	// Values are the numbers of a cell that are tested or released, in the order
	// of Product. Each gets noise once: what is tested is what is released.
	Values []NoisyValue `json:"values"`
	Cost   Cost         `json:"cost"`
	// Slip is the probability that the cells of one unit come out other than
	// they would by the noise alone: that a count below k passes its noisy
	// threshold, or that noise is cut off. It is within Cost.Delta, multiplied
	// by 1+e^epsilon. A ledger that adds up rho must multiply it by 1+e^(epsilon
	// of all its runs) instead.
	Slip string `json:"slip"`
}

// Mechanism is a distribution of integer noise, see package noise.
type Mechanism string

// Mechanisms.
const (
	Laplace  Mechanism = "laplace"  // pure epsilon for each number
	Gaussian Mechanism = "gaussian" // zCDP
)

// NoisyValue is one number of a cell that gets noise.
type NoisyValue struct {
	// Product indexes Secure.Products in a Join, release.Row.Ints in a OneOwner
	// plan.
	Product int `json:"product"`
	// Sensitivity is L∞: how much one unit changes the number in one cell.
	Sensitivity int64 `json:"sensitivity,string"`
	// Scale is the Laplace distribution's scale or the Gaussian's variance.
	Scale string `json:"scale"`
	// Bound cuts the noise off.
	Bound string `json:"bound"`
	// HalfWidth holds the noise with 95 %.
	HalfWidth string `json:"halfWidth"`
	// Threshold is what the noisy count must reach, besides the exact one k; 0
	// for a number that is not tested.
	Threshold int64 `json:"threshold,omitempty,string"`
}

// Cost is what a run takes from the budget of every dataset it uses: rationals
// as text. Rho is the zCDP that the noise alone costs, "0" if it is not
// Gaussian; Epsilon and Delta are all of it.
type Cost struct {
	Epsilon string `json:"epsilon"`
	Delta   string `json:"delta"`
	Rho     string `json:"rho"`
}

// Value is the noise of a number, nil if it gets none.
func (d *DP) Value(product int) *NoisyValue {
	if d == nil {
		return nil
	}
	for i := range d.Values {
		if d.Values[i].Product == product {
			return &d.Values[i]
		}
	}
	return nil
}

// Noise is the distribution of a number's noise. It is nil if the plan is not
// one that Build makes.
func (d *DP) Noise(v *NoisyValue) noise.Noise {
	scale, ok := rational(v.Scale)
	switch {
	case !ok || scale.Sign() <= 0:
		return nil
	case d.Mechanism == Laplace:
		return noise.NewLaplace(scale)
	case d.Mechanism == Gaussian:
		return noise.NewGaussian(scale)
	}
	return nil
}

// String says what noise a release has, in the words of answers and receipts;
// "none" for exact numbers.
func (d *DP) String() string {
	if d == nil {
		return "none"
	}
	return fmt.Sprintf("epsilon %s, delta %s; discrete %s noise on %s a group, %s a person or thing",
		d.Epsilon, d.Delta, map[Mechanism]string{Laplace: "Laplace", Gaussian: "Gaussian"}[d.Mechanism],
		several(len(d.Values), "number"), several(d.GroupsPerUnit, "group"))
}

func several(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
