package plan

// DP says what noise a release adds, and what that takes from the budgets. All
// numbers are rationals as text ("1/2"), so that both owners write the same.
type DP struct {
	// Epsilon and Delta are what the run demands, after the strictest owner won.
	Epsilon string `json:"epsilon"`
	Delta   string `json:"delta"`
	// Mechanism is Laplace or Gaussian, the same for all numbers of the run.
	Mechanism Mechanism `json:"mechanism"`
	// GroupsPerUnit is L0: to how many cells of the answer a unit adds at most.
	GroupsPerUnit int `json:"groupsPerUnit"`
	// Values are the numbers that get noise.
	Values []NoisyValue `json:"values"`
	Cost   Cost         `json:"cost"`
}

// Mechanism is a distribution of integer noise.
type Mechanism string

// Mechanisms.
const (
	Laplace  Mechanism = "laplace"  // discrete Laplace; pure epsilon for each number
	Gaussian Mechanism = "gaussian" // discrete Gaussian; accounted as zCDP
)

// NoisyValue is one number of a cell that gets noise.
type NoisyValue struct {
	// Product indexes Secure.Products in a Join. In a OneOwner plan it is the
	// place in release.Row.Ints.
	Product int `json:"product"`
}

// Cost is what a run takes from the budget of every dataset it uses: rationals
// as text, Rho for a Gaussian alone ("0" otherwise).
type Cost struct {
	Epsilon string `json:"epsilon"`
	Delta   string `json:"delta"`
	Rho     string `json:"rho"`
}
