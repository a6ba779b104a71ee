package garble

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
)

// Noisy is a product to which the garbler, which never learns the sums, adds
// noise. What is released is the product with its noise. A count that is tested
// must reach K without and Threshold with it, the same noise that is released.
type Noisy struct {
	Product   int
	Threshold uint64 // at least K; 0 for a product that no aggregate rests on
}

// noiseOf is the noise of a product, nil if it gets none.
func (s Spec) noiseOf(product int) *Noisy {
	for i := range s.Noise {
		if s.Noise[i].Product == product {
			return &s.Noise[i]
		}
	}
	return nil
}

// checkNoise refuses a specification in which some number that is tested or
// released has no noise while others have: such a mistake would void what the
// others' noise is for. The tests of what is left out of a group are without
// noise, so they go with none.
func (s Spec) checkNoise() error {
	if len(s.Noise) == 0 {
		return nil
	}
	if len(s.Noise) > len(s.Products) {
		return fmt.Errorf("garble: noise for %d products of %d", len(s.Noise), len(s.Products))
	}
	if s.Complement {
		return errors.New("garble: what a group leaves out is not tested where there is noise")
	}
	tested, released := []int{s.Guard}, []int{}
	for _, a := range s.Aggregates {
		if len(a.Left) > 0 || a.Complement || len(a.Parts) > 0 {
			return errors.New("garble: what an aggregate leaves out is not tested where there is noise")
		}
		if a.Guard != -1 {
			tested = append(tested, a.Guard)
		}
		released = append(released, a.Values...)
	}
	for _, p := range append(released, tested...) {
		if s.noiseOf(p) == nil {
			return fmt.Errorf("garble: product %d has no noise while others have", p)
		}
	}
	last := -1
	for _, n := range s.Noise {
		switch {
		case n.Product <= last || n.Product >= len(s.Products):
			return fmt.Errorf("garble: noise of product %d is out of order or refers to none", n.Product)
		case slices.Contains(tested, n.Product) != (n.Threshold != 0):
			return fmt.Errorf("garble: product %d: a count that is tested has a threshold for its noise, no other has", n.Product)
		case n.Threshold != 0 && (n.Threshold < uint64(s.K) || n.Threshold >= 1<<(s.Products[n.Product]-1)):
			return fmt.Errorf("garble: threshold of product %d is out of range", n.Product)
		}
		last = n.Product
	}
	return nil
}

// checkCellNoise refuses noise that does not fit its product. That the sum of
// both does is for the caller to see to, from declared bounds.
func (s Spec) checkCellNoise(c Cell, garbler bool) error {
	want := 0
	if garbler {
		want = len(s.Noise)
	}
	if len(c.Noise) != want {
		return fmt.Errorf("noise for %d products, want %d", len(c.Noise), want)
	}
	for i, x := range c.Noise {
		if n := s.Products[s.Noise[i].Product]; signed(uint64(x), n) != x {
			return fmt.Errorf("noise %d is too wide", i)
		}
	}
	return nil
}

// noiseBits is how many input bits of the garbler are noise. The noise of a
// count that is tested is an input of its own, since the count is needed
// without it as well. All other noise goes into the garbler's share, which
// costs no gate.
func (s Spec) noiseBits() int {
	n := 0
	for _, x := range s.Noise {
		if x.Threshold > 0 {
			n += s.Products[x.Product]
		}
	}
	return n
}

// withNoise adds the noise of a product that is not tested to a share of it,
// which is eight times the product. What is beyond its width is dropped.
func (s Spec) withNoise(share Share, product int, c Cell) Share {
	for i, n := range s.Noise {
		if n.Product != product || n.Threshold > 0 {
			continue
		}
		x := c.Noise[i]
		lo, carry := bits.Add64(share.Lo, uint64(x)<<shareSlack, 0)
		share = Share{Lo: lo, Hi: share.Hi + uint64(x>>(64-shareSlack)) + carry}
	}
	return share
}

// noisy adds the noise that is an input of its own; the other is in the sums
// already.
func (b *builder) noisy(s Spec, sums [][]bit) [][]bit {
	out := slices.Clone(sums)
	at := s.evaluatorBits()
	for _, n := range s.Noise {
		if n.Threshold == 0 {
			continue
		}
		width := s.Products[n.Product]
		out[n.Product] = b.add(sums[n.Product], word(at, width))
		at += width
	}
	return out
}
