package cleanroom

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"math/big"
	"slices"

	"golang.org/x/sync/errgroup"

	"parley/analysis/plan"
	"parley/crypto/inner"
	"parley/crypto/wire"
)

// products takes the encrypted inner products of a join plan. shares is
// indexed by product, then by cell = group of W · groups of V + group of V.
type products struct {
	plan       *plan.Secure
	slots      int
	slotOf     map[unitKey]uint32
	own        *reduced
	groupsW    int
	groupsV    int
	sets       []*inner.Set // by product
	seed       [32]byte     // both nonces, the alignment and the plan
	pipe       wire.Pipe
	rand       io.Reader
	report     func(done, total int64)
	done, todo int64
}

// chooseSets picks each product's parameter set from declared bounds alone,
// the same on both sides. units bounds the number of shared units.
func chooseSets(s *plan.Secure, slots int, units int64) ([]*inner.Set, error) {
	sets := make([]*inner.Set, len(s.Products))
	for i, p := range s.Products {
		w, f := big.NewInt(max(s.Weights[p.Weight].MaxAbs, 1)), big.NewInt(max(s.Values[p.Value].MaxAbs, 1))
		sum := new(big.Int).Mul(new(big.Int).Mul(w, f), big.NewInt(max(units, 1)))
		set, err := inner.Choose(slots, w, sum)
		if err != nil {
			return nil, fmt.Errorf("the declared bounds are too large for the encrypted join (lower maxRowsPerUnit or a measure's maximum in the contract): %w", err)
		}
		sets[i] = set
	}
	return sets, nil
}

// job is one kind of value vector under one parameter set, the products that
// use it, and how many vectors (one per group of V) and cells of each product
// (one per group of W) that makes. A vector over any group has one of each.
type job struct {
	set      *inner.Set
	value    int
	any      bool // the weights are over any group of W
	products []int
	first    int // index of its first vector under the set
	vectors  int
	cells    int
}

// jobs lists what is to be sent, set by set in order of first use. Both sides
// arrive at the same list.
func (p *products) jobs() ([]*inner.Set, map[*inner.Set][]*job) {
	var order []*inner.Set
	bySet, vectors := map[*inner.Set][]*job{}, map[*inner.Set]int{}
	for i, prod := range p.plan.Products {
		set, anyW := p.sets[i], p.plan.Weights[prod.Weight].Any
		if bySet[set] == nil {
			order = append(order, set)
		}
		at := slices.IndexFunc(bySet[set], func(j *job) bool { return j.value == prod.Value && j.any == anyW })
		if at < 0 {
			j := &job{set: set, value: prod.Value, any: anyW, first: vectors[set], vectors: p.groupsV, cells: p.groupsW}
			if anyW {
				j.cells = 1
			}
			if p.plan.Values[prod.Value].Any {
				j.vectors = 1
			}
			vectors[set] += j.vectors
			at, bySet[set] = len(bySet[set]), append(bySet[set], j)
		}
		j := bySet[set][at]
		j.products = append(j.products, i)
		p.todo += int64(j.vectors)
	}
	return order, bySet
}

// share returns the share of a product in a cell. A product over any group
// is the same in all of that side's groups.
func (p *products) share(shares [][]inner.Share, product, cell int) inner.Share {
	gw, gv := cell/p.groupsV, cell%p.groupsV
	prod := p.plan.Products[product]
	if p.plan.Weights[prod.Weight].Any {
		gw = 0
	}
	if p.plan.Values[prod.Value].Any {
		gv = 0
	}
	return shares[product][gw*p.groupsV+gv]
}

func (p *products) step(set *inner.Set, parts ...any) wire.Step {
	s := "inner/" + set.Name()
	for _, x := range parts {
		s += fmt.Sprintf("/%v", x)
	}
	return wire.Step(s)
}

func (p *products) setSeed(set *inner.Set) [32]byte {
	return wire.Sum(wire.LabelInnerSeed, p.seed[:], []byte(set.Name()))
}

func (p *products) newShares() [][]inner.Share {
	shares := make([][]inner.Share, len(p.plan.Products))
	for i := range shares {
		shares[i] = make([]inner.Share, p.groupsW*p.groupsV)
	}
	return shares
}

func (p *products) tick(n int) {
	p.done += int64(n)
	p.report(p.done, p.todo)
}

// stream sends what write produces without holding it in memory.
func stream(ctx context.Context, p wire.Pipe, step wire.Step, size int64, write func(io.Writer) error) error {
	r, w := io.Pipe()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		err := safely(func() error { return write(w) })
		w.CloseWithError(err)
		return err
	})
	g.Go(func() error {
		err := safely(func() error { return p.Send(ctx, step, size, r) })
		r.CloseWithError(err)
		return err
	})
	return g.Wait()
}

func hexOf(b [32]byte) string { return hex.EncodeToString(b[:]) }
