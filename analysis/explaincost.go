package analysis

import (
	"fmt"
	"math/big"
	"strings"

	"parley/analysis/plan"
	"parley/analysis/sql"
)

// NoisyColumn is the error to be expected of one column of the answer.
type NoisyColumn struct {
	Column string `json:"column"`
	// PlusMinus is the half-width of the 95 % interval of its noise, at the
	// column's scale; of an average, that of the sum it is made of.
	PlusMinus string `json:"plusMinus"`
	// Rows is set for an average: the half-width of the count it is divided by.
	Rows string `json:"rows,omitempty"`
}

// Cost is what a question costs the two nodes of a join, on the reference
// machine: one core each, no time lost on the network.
type Cost struct {
	// Alignment is the cost of matching the two datasets, once per pair of
	// versions; nil when it was done before.
	Alignment *Estimate `json:"alignment,omitempty"`
	// First is the cost of the question, Again of one with the same groups and
	// conditions at the holder of the weights.
	First Estimate `json:"first"`
	Again Estimate `json:"again"`
	Cells int      `json:"cells"`
	// Assumes says what was not known and had to be assumed.
	Assumes []string `json:"assumes,omitempty"`
	Machine string   `json:"machine"`
}

// Estimate is bytes between the nodes in both directions, and seconds.
type Estimate struct {
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
}

// noiseOf says what error the noise brings to each column.
func noiseOf(p *plan.Plan) []NoisyColumn {
	if p.DP == nil {
		return nil
	}
	var out []NoisyColumn
	for _, c := range p.Output.Columns {
		if c.Aggregate == nil {
			continue
		}
		n := NoisyColumn{Column: c.Name}
		for i, at := range plan.NumbersOf(p, c.Aggregate) {
			w, scale := p.DP.Value(at), 0
			if w == nil {
				continue
			}
			if i == 0 && (c.Aggregate.Func != plan.CountRows && c.Aggregate.Func != plan.CountUnits) {
				scale = c.Aggregate.Scale
			}
			text := w.HalfWidth
			if n, ok := new(big.Int).SetString(w.HalfWidth, 10); ok {
				text = sql.Unscaled(n, scale)
			}
			switch {
			case i == 0:
				n.PlusMinus = text
			case c.Aggregate.Func == plan.AvgOf && i == 1:
				n.Rows = text
			}
		}
		out = append(out, n)
	}
	return out
}

// budgetOf says what the run takes from the budgets.
func budgetOf(p *plan.Plan) []string {
	if p.DP == nil {
		return []string{"No budget is used: no noise is demanded, and the answer is exact."}
	}
	names := make([]string, 0, len(p.Locals))
	for _, l := range p.Locals {
		names = append(names, l.Dataset)
	}
	return []string{fmt.Sprintf("The run takes epsilon %s and delta %s from the budget of %s, before it starts and for good. "+
		"The same question about the same data gets the stored answer and takes nothing.",
		decimalText(p.DP.Cost.Epsilon), decimalText(p.DP.Cost.Delta), strings.Join(names, " and of "))}
}

// MoreRuns adds how many more runs like this one a dataset's limits allow.
func (e *Explanation) MoreRuns(dataset string, n int) {
	e.Budget = append(e.Budget, fmt.Sprintf("About %d more runs like this on %s.", n, dataset))
}

// OwnersBudget adds that a dataset's budget is known to its owner alone.
func (e *Explanation) OwnersBudget(dataset, owner string) {
	e.Budget = append(e.Budget, fmt.Sprintf("How many more runs the budget of %s allows is known to its owner, %s.", dataset, owner))
}

// decimalText writes a rational as a short decimal.
func decimalText(s string) string {
	r, ok := new(big.Rat).SetString(s)
	if !ok || r.IsInt() {
		return s
	}
	if text := strings.TrimRight(r.FloatString(12), "0"); text != "0." {
		return text
	}
	f, _ := r.Float64()
	return fmt.Sprintf("%.4g", f)
}

// noise prints the section on noise and budgets.
func (e *Explanation) noise(b *strings.Builder) {
	section(b, "Noise and budget")
	for _, l := range e.Budget {
		wrap(b, "  - ", l)
	}
	for _, n := range e.Noise {
		text := fmt.Sprintf("%s: the noise is within ± %s in 95 of 100 answers", n.Column, n.PlusMinus)
		if n.Rows != "" {
			text = fmt.Sprintf("%s: a sum with noise within ± %s over a count with noise within ± %s, each in 95 of 100 answers", n.Column, n.PlusMinus, n.Rows)
		}
		wrap(b, "  - ", text+".")
	}
}

// cost prints the section on bytes and seconds.
func (e *Explanation) cost(b *strings.Builder) {
	if e.Cost == nil {
		return
	}
	section(b, "Estimated cost")
	c := e.Cost
	if c.Alignment != nil {
		wrap(b, "  - ", fmt.Sprintf("Matching the two datasets, once per pair of versions: %s.", c.Alignment))
	} else {
		wrap(b, "  - ", "The two datasets were matched before; that is used again.")
	}
	wrap(b, "  - ", fmt.Sprintf("This question, %s: %s.", cellsText(c.Cells), &c.First))
	wrap(b, "  - ", fmt.Sprintf("Another one with the same groups and conditions on the side that has them: %s.", &c.Again))
	for _, a := range c.Assumes {
		wrap(b, "  - ", a)
	}
	wrap(b, "  - ", "Seconds are those of "+c.Machine+".")
}

func cellsText(n int) string {
	if n == 1 {
		return "1 cell"
	}
	return fmt.Sprintf("%d cells", n)
}

// String is the estimate for people.
func (e *Estimate) String() string {
	return "about " + bytesText(e.Bytes) + " and " + secondsText(e.Seconds)
}

func bytesText(n int64) string {
	switch {
	case n < 10_000:
		return fmt.Sprintf("%d bytes", n)
	case n < 1_000_000:
		return fmt.Sprintf("%d kB", (n+500)/1000)
	case n < 100_000_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%d MB", (n+500_000)/1_000_000)
}

func secondsText(s float64) string {
	switch {
	case s < 1:
		return fmt.Sprintf("%.1f s", max(s, 0.1))
	case s < 120:
		return fmt.Sprintf("%.0f s", s)
	}
	return fmt.Sprintf("%.0f min", s/60)
}
