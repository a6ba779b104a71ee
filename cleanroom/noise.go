package cleanroom

import (
	"crypto/rand"
	"fmt"
	"math/big"

	"parley/analysis/noise"
	"parley/analysis/plan"
	"parley/analysis/release"
	"parley/crypto/garble"
)

// noiseSpec is the plan's noise in the release circuit.
func noiseSpec(d *plan.DP) []garble.Noisy {
	if d == nil {
		return nil
	}
	out := make([]garble.Noisy, 0, len(d.Values))
	for _, v := range d.Values {
		out = append(out, garble.Noisy{Product: v.Product, Threshold: uint64(v.Threshold)})
	}
	return out
}

// addNoise draws the noise of every cell at the node that garbles, which is
// the one that learns nothing of the answer.
func (j *joint) addNoise(cells []garble.Cell) error {
	if j.plan.DP == nil || j.asker {
		return nil
	}
	in := noise.NewSource(rand.Reader)
	for c := range cells {
		var err error
		if cells[c].Noise, err = release.Draw(j.plan.DP, in); err != nil {
			return err
		}
	}
	return nil
}

// addBound adds the largest noise of a product, or its threshold if that is
// more, to the largest sum.
func addBound(sum *big.Int, v *plan.NoisyValue) error {
	if v == nil {
		return nil
	}
	bound, ok := new(big.Int).SetString(v.Bound, 10)
	if !ok {
		return release.ErrShape
	}
	if bound.BitLen() > 62 || v.Threshold == plan.OutOfReach {
		return fmt.Errorf("%w: %w", errBudget, release.ErrNoise)
	}
	sum.Add(sum, bound)
	if t := big.NewInt(v.Threshold); sum.Cmp(t) < 0 {
		sum.Set(t)
	}
	return nil
}
