package cleanroom

import (
	"errors"
	"iter"
	"math/big"

	"parley/analysis/plan"
	"parley/crypto/inner"
)

// withElse places a vector's numbers on the slots and, at every slot where this
// owner has no row that is selected, the vector's other number: dummies, and
// slots of the other owner's units, are among them. Only V has such vectors,
// and then one group.
func (p *products) withElse(vec plan.Vector, err *error) iter.Seq[inner.Entry] {
	otherwise := vec.Else
	vec.Else = 0
	return func(yield func(inner.Entry) bool) {
		if len(p.own.groups.labels) != 1 || vec.Any {
			*err = errors.New("a number for absent rows needs a side without groups")
			return
		}
		taken := make([]bool, p.total)
		for e := range p.entries(vec, err) {
			if int64(e.Slot) >= int64(len(taken)) {
				*err = errStaleAlignment
				return
			}
			taken[e.Slot] = true
			if !yield(e) {
				return
			}
		}
		if *err != nil {
			return
		}
		for slot, is := range taken {
			if !is && !yield(inner.Entry{Slot: uint32(slot), Weight: otherwise}) {
				return
			}
		}
	}
}

// sumOwn adds up the products of this side alone, which is W or V. Nothing of
// them leaves this node but through the circuit.
func (p *products) sumOwn(side int) error {
	p.ownSums = map[int][]int64{}
	for i, prod := range p.plan.Products {
		if p.plan.OwnOf(i) != side {
			continue
		}
		groups, vec := p.groupsW, plan.Vector{}
		if side == p.plan.W {
			vec = p.plan.Weights[prod.Weight]
		} else {
			groups, vec = p.groupsV, p.plan.Values[prod.Value]
		}
		sums := make([]*big.Int, groups)
		for g := range sums {
			sums[g] = new(big.Int)
		}
		var err error
		for e := range p.entries(vec, &err) {
			sums[e.Group].Add(sums[e.Group], big.NewInt(e.Weight))
		}
		if err != nil {
			return err
		}
		p.ownSums[i] = make([]int64, len(sums))
		for g, sum := range sums {
			if sum.CmpAbs(p.sets[i].MaxSum()) > 0 { // the declared bounds exclude it
				return errBudget
			}
			p.ownSums[i][g] = sum.Int64()
		}
	}
	return nil
}

// ownShare is this node's share of a product of one side alone: all of it at
// that side, nothing at the other. Shares are eight times the number, modulo 2^(T+3).
func (p *products) ownShare(product, group int) inner.Share {
	sums := p.ownSums[product]
	if sums == nil {
		return inner.Share{}
	}
	bits := p.sets[product].TBits() + 3
	s := inner.Share{Lo: uint64(sums[group]) << 3, Hi: uint64(sums[group] >> 61)}
	if bits <= 64 {
		return inner.Share{Lo: s.Lo & (1<<bits - 1)}
	}
	s.Hi &= 1<<(bits-64) - 1
	return s
}
