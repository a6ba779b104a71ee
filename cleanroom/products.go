package cleanroom

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"

	"golang.org/x/sync/errgroup"

	"parley/analysis/plan"
	"parley/crypto/align"
	"parley/crypto/inner"
	"parley/crypto/wire"
)

// products takes the encrypted inner products of a join plan. shares is
// indexed by product, then by cell = group of W · groups of V + group of V.
type products struct {
	plan       *plan.Secure
	total      int      // slots of the alignment
	slots      []uint32 // of own units, by ordinal
	own        *reduced
	ownDays    *plan.Days // of the own local plan, nil but in a join on time
	groupsW    int
	groupsV    int
	sets       []*inner.Set // by product
	transcript [32]byte     // of the alignment
	pipe       wire.Pipe
	rand       io.Reader
	report     func(done, total int64)
	note       func(text string)
	done, todo int64

	ownSums map[int][]int64 // of products of this side alone, by group

	kept      *keptStore
	item      keptItem     // pair and alignment, and at W the key of its weights
	ownWeight *keptWeights // W only
}

// errBudget is the same at both nodes, so it does not matter which ends first.
var errBudget = errors.New("the declared bounds are too large for the encrypted join (lower maxRowsPerUnit or a measure's maximum in the contract)")

// chooseSets picks each product's parameter set from declared bounds alone,
// the same on both sides. units are W's and V's; no more than the smaller number
// are shared. Noise counts as a part of its product, so that their sum does not
// wrap either.
func chooseSets(s *plan.Secure, dp *plan.DP, slots int, units [2]int64) ([]*inner.Set, error) {
	sets := make([]*inner.Set, len(s.Products))
	for i, p := range s.Products {
		w, f, n, day := big.NewInt(1), big.NewInt(1), min(units[0], units[1]), false
		switch s.OwnOf(i) {
		case s.W:
			w.SetInt64(max(s.Weights[p.Weight].MaxAbs, 1))
			n = units[0]
		case s.V:
			w.SetInt64(max(s.Values[p.Value].MaxAbs, 1))
			n = units[1]
		default:
			w.SetInt64(max(s.Weights[p.Weight].MaxAbs, 1))
			f.SetInt64(max(s.Values[p.Value].MaxAbs, 1))
			if s.Values[p.Value].Else != 0 { // W's other units count too
				n = units[0]
			}
			day = s.Weights[p.Weight].Day != ""
		}
		sum := new(big.Int).Mul(new(big.Int).Mul(w, f), big.NewInt(max(n, 1)))
		if err := addBound(sum, dp.Value(i)); err != nil {
			return nil, err
		}
		// A join on time has more numbers, but no larger sums: a pair of rows
		// counts on one day alone.
		numbers := slots
		if day {
			numbers *= s.Days
		}
		set, err := inner.Choose(numbers, w, sum)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errBudget, err)
		}
		sets[i] = set
	}
	return sets, nil
}

// withinBudget refuses a join whose declared bounds no parameter set holds,
// before anything is done for it. The number of slots is not known yet; that of
// all units and dummies is not below it.
func (j *joint) withinBudget() error {
	dummies := 8 * int64(align.DefaultPadding().T)
	if err := withinDays(j.plan.Secure.Days, j.own.Units+j.theirs.Units+dummies); err != nil {
		return err
	}
	_, err := chooseSets(j.plan.Secure, j.plan.DP, int(j.own.Units+j.theirs.Units+dummies), j.units())
	return err
}

// units are W's and V's numbers of units.
func (j *joint) units() [2]int64 { return j.oriented(j.own.Units, j.theirs.Units) }

func (j *joint) oriented(own, theirs int64) [2]int64 {
	if j.plan.Secure.W == j.me() {
		return [2]int64{own, theirs}
	}
	return [2]int64{theirs, own}
}

// share returns the share of a product in a cell. A product over any group
// is the same in all of that side's groups.
func (p *products) share(shares [][]inner.Share, product, cell int) inner.Share {
	gw, gv := cell/p.groupsV, cell%p.groupsV
	prod := p.plan.Products[product]
	switch p.plan.OwnOf(product) {
	case p.plan.W:
		return p.ownShare(product, gw)
	case p.plan.V:
		return p.ownShare(product, gv)
	}
	if p.plan.Weights[prod.Weight].Any {
		gw = 0
	}
	if p.plan.Values[prod.Value].Any {
		gv = 0
	}
	return shares[product][gw*p.groupsV+gv]
}

func (p *products) step(in space, parts ...any) wire.Step {
	s := "inner/" + in.name()
	for _, x := range parts {
		s += fmt.Sprintf("/%v", x)
	}
	return wire.Step(s)
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

// noteKept says, for people who watch the run, what was spared.
func (p *products) noteKept(held []bool) {
	n := 0
	for _, h := range held {
		if h {
			n++
		}
	}
	p.note(fmt.Sprintf("reused from earlier questions: %d of %d", n, len(held)))
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
