package agreements

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"gopkg.in/yaml.v3"
)

// DP is a demand for differential privacy of the units: what one run may
// spend, and what all runs of a period may. It is written as the word none,
// which is the zero value, or as an object. Numbers are decimal text, so that
// budgets are added up as rationals.
type DP struct {
	// Epsilon and Delta are the privacy loss of one run.
	Epsilon string `json:"epsilon" yaml:"epsilon"`
	Delta   string `json:"delta" yaml:"delta"`
	// BudgetEpsilon and BudgetDelta bound the loss of all runs on one dataset
	// within PeriodDays, whatever agreement they were under. A period of 0 days
	// never ends.
	BudgetEpsilon string `json:"budgetEpsilon" yaml:"budgetEpsilon"`
	BudgetDelta   string `json:"budgetDelta" yaml:"budgetDelta"`
	PeriodDays    int    `json:"periodDays,omitempty" yaml:"periodDays,omitempty"`
	// AdHocOnly leaves approved analyses to the thresholds alone.
	AdHocOnly bool `json:"adHocOnly,omitempty" yaml:"adHocOnly,omitempty"`
}

// NoDP is the demand for thresholds alone.
func NoDP() *DP { return &DP{} }

const noDP = "none"

var errNotDP = errors.New(`dp is "none" or has epsilon, delta, budgetEpsilon and budgetDelta`)

// None reports whether no noise is demanded, of anything.
func (d *DP) None() bool { return d == nil || *d == DP{} }

// String is the demand in a few words, as receipts state it.
func (d *DP) String() string {
	if d.None() {
		return noDP
	}
	s := fmt.Sprintf("epsilon %s, delta %s a run; epsilon %s, delta %s", d.Epsilon, d.Delta, d.BudgetEpsilon, d.BudgetDelta)
	if d.PeriodDays > 0 {
		s += fmt.Sprintf(" in %d days", d.PeriodDays)
	} else {
		s += " in all"
	}
	if d.AdHocOnly {
		s += "; ad-hoc SQL only"
	}
	return s
}

// MarshalJSON writes none or an object.
func (d DP) MarshalJSON() ([]byte, error) {
	if d.None() {
		return json.Marshal(noDP)
	}
	type object DP
	return json.Marshal(object(d))
}

// UnmarshalJSON reads what MarshalJSON writes.
func (d *DP) UnmarshalJSON(b []byte) error {
	var word string
	if json.Unmarshal(b, &word) == nil {
		return d.word(word)
	}
	type object DP
	in := json.NewDecoder(bytes.NewReader(b))
	in.DisallowUnknownFields()
	if err := in.Decode((*object)(d)); err != nil {
		return err
	}
	if d.None() {
		return errNotDP
	}
	return nil
}

// MarshalYAML writes none or an object.
func (d DP) MarshalYAML() (any, error) {
	if d.None() {
		return noDP, nil
	}
	type object DP
	return object(d), nil
}

var dpFields = []string{"epsilon", "delta", "budgetEpsilon", "budgetDelta", "periodDays", "adHocOnly"}

// UnmarshalYAML reads none or an object, and refuses unknown fields.
func (d *DP) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		if err := d.word(n.Value); err != nil {
			return fmt.Errorf("line %d: %w", n.Line, err)
		}
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		if !slices.Contains(dpFields, n.Content[i].Value) {
			return fmt.Errorf("line %d: field %s not found in dp", n.Content[i].Line, n.Content[i].Value)
		}
	}
	type object DP
	if err := n.Decode((*object)(d)); err != nil {
		return err
	}
	if d.None() { // an object must not come to mean none by being empty
		return fmt.Errorf("line %d: %w", n.Line, errNotDP)
	}
	return nil
}

func (d *DP) word(w string) error {
	*d = DP{}
	if w != noDP {
		return errNotDP
	}
	return nil
}

// Check validates the demand by itself. The error joins the problems found,
// one a line.
func (d *DP) Check() error {
	var p problems
	p.dp("dp", d)
	return errors.Join(p...)
}

// dp checks a demand.
func (p *problems) dp(path string, d *DP) {
	if d.None() {
		return
	}
	run, budget := p.positive(path+".epsilon", d.Epsilon, 20), p.positive(path+".budgetEpsilon", d.BudgetEpsilon, 1000)
	if run != nil && budget != nil && run.Cmp(budget) > 0 {
		p.add(path+".epsilon", "one run may not spend more than the budget")
	}
	run, budget = p.positive(path+".delta", d.Delta, 1), p.positive(path+".budgetDelta", d.BudgetDelta, 1)
	if run != nil && budget != nil && run.Cmp(budget) > 0 {
		p.add(path+".delta", "one run may not spend more than the budget")
	}
	if d.PeriodDays < 0 || d.PeriodDays > 36_500 {
		p.add(path+".periodDays", "must be 0 to 36,500")
	}
}

// positive reads a positive decimal of at most limit.
func (p *problems) positive(path, s string, limit int64) *big.Rat {
	if !validDecimal(s) {
		p.add(path, `must be a decimal such as "0.5", in quotes`)
		return nil
	}
	r, _ := new(big.Rat).SetString(s)
	if r.Sign() <= 0 || r.Cmp(big.NewRat(limit, 1)) > 0 {
		p.add(path, "must be above 0 and at most %d", limit)
		return nil
	}
	return r
}
