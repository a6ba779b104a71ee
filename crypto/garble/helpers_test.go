package garble

import (
	"context"
	"errors"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"parley/crypto/wire"
	"parley/crypto/wire/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rng is a repeatable source of bytes and numbers.
type rng struct {
	*rand.Rand
	*rand.ChaCha8
}

func newRNG(n byte) rng {
	c := rand.NewChaCha8([32]byte{n})
	return rng{rand.New(c), c}
}

func (r rng) Uint64() uint64 { return r.Rand.Uint64() }

func (r rng) block() block { return block{r.Uint64(), r.Uint64()} }

// both is one run: its inputs and what came of it.
type both struct {
	spec               Spec
	garbler, evaluator []Cell
	labels             [][]byte
	tamperG, tamperE   func(wire.Step, []byte) []byte
	session            [32]byte
	baseG, baseE       *Base // kept by the two sides, or nil

	released       []Released
	errG, errE     error
	sentG, sentE   map[wire.Step][]byte
	countG, countE []uint64 // own counts, for the oracle
	numbers        [][]int64
}

// run lets both sides run over a pipe in memory.
func (b *both) run(t *testing.T, seed byte) *both { return b.runIn(t.Context(), t, seed) }

func (b *both) runIn(ctx context.Context, t *testing.T, seed byte) *both {
	t.Helper()
	pg, pe := wiretest.Pair()
	pg.Tamper, pe.Tamper = b.tamperG, b.tamperE
	b.between(ctx, pg, pe, b, seed)
	b.sentG, b.sentE = pg.Sent(), pe.Sent()
	return b
}

// runApart runs the garbler of one set-up against the evaluator of another and
// keeps both results in g.
func runApart(t *testing.T, g, e *both) {
	t.Helper()
	pg, pe := wiretest.Pair()
	g.between(t.Context(), pg, pe, e, 70)
}

// between cancels one side when the other has ended with an error, as a node
// does; otherwise it would wait for messages that never come.
func (b *both) between(ctx context.Context, pg, pe wire.Pipe, e *both, seed byte) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.errG = Garble(ctx, pg, b.session, b.spec, b.garbler, b.labels, b.baseG, newRNG(seed))
		if b.errG != nil && !reachedEnd(b.errG) {
			cancel()
		}
	}()
	b.released, b.errE = Evaluate(ctx, pe, e.session, e.spec, e.evaluator, e.baseE, newRNG(seed+100))
	if b.errE != nil && !reachedEnd(b.errE) {
		cancel()
	}
	<-done
}

// reachedEnd tells failures that were found in the messages from those of the
// pipe: after the former a side goes on to the end.
func reachedEnd(err error) bool {
	switch errors.Unwrap(err) {
	case errPoint, errSeed, errCheck, errOutput, errWithout, errLabel, errPeer:
		return true
	}
	return false
}

func (b *both) must(t *testing.T) *both {
	t.Helper()
	if b.errG != nil || b.errE != nil {
		t.Fatalf("garbler: %v, evaluator: %v", b.errG, b.errE)
	}
	return b
}

// share splits a signed number of t bits, with an error in -4..3, into two
// shares: 8*v+padding = first + second modulo 2^(t+3).
func share(r rng, t int, v int64, padding int64) (first, second Share) {
	m := new(big.Int).Lsh(big.NewInt(1), uint(t+shareSlack))
	sum := new(big.Int).Mul(big.NewInt(v), big.NewInt(8))
	sum.Add(sum, big.NewInt(padding)).Mod(sum, m)
	a := new(big.Int).Add(new(big.Int).Lsh(new(big.Int).SetUint64(r.Uint64()), 64), new(big.Int).SetUint64(r.Uint64()))
	a.Mod(a, m)
	b := new(big.Int).Sub(sum, a)
	return toShare(a), toShare(b.Mod(b, m))
}

func toShare(x *big.Int) Share {
	low := new(big.Int).And(x, new(big.Int).SetUint64(^uint64(0)))
	return Share{Lo: low.Uint64(), Hi: new(big.Int).Rsh(x, 64).Uint64()}
}

// add appends a cell with these true numbers, 0 for those not given, and own counts.
func (b *both) add(r rng, numbers []int64, nG, nE uint64) {
	cg, ce := Cell{Own: nG}, Cell{Own: nE}
	numbers = append(slices.Clone(numbers), make([]int64, len(b.spec.Products)-len(numbers))...)
	for i, v := range numbers {
		x, y := share(r, b.spec.Products[i], v, r.Int64N(8)-4)
		cg.Shares, ce.Shares = append(cg.Shares, x), append(ce.Shares, y)
	}
	b.garbler, b.evaluator = append(b.garbler, cg), append(b.evaluator, ce)
	b.countG, b.countE = append(b.countG, nG), append(b.countE, nE)
	b.numbers = append(b.numbers, numbers)
	for _, n := range b.spec.Noise {
		x := r.Int64N(200) - 100
		if n.Threshold == 0 {
			x = signed(r.Uint64(), b.spec.Products[n.Product])
		}
		b.garbler[len(b.garbler)-1].Noise = append(b.garbler[len(b.garbler)-1].Noise, x)
	}
	if b.spec.LabelBytes > 0 {
		l := make([]byte, b.spec.LabelBytes)
		r.Read(l)
		b.labels = append(b.labels, l)
	}
	b.spec.Cells = len(b.garbler)
}

// oracle is the release computed in the clear from the true numbers.
func (b *both) oracle(i int) Released {
	s, v := b.spec, b.numbers[i]
	k := int64(s.K)
	noisy := slices.Clone(v)
	for j, n := range s.Noise {
		noisy[n.Product] = signed(uint64(v[n.Product]+b.garbler[i].Noise[j]), s.Products[n.Product])
	}
	enough := func(p int) bool {
		n := s.noiseOf(p)
		return v[p] >= k && (n == nil || noisy[p] >= int64(n.Threshold))
	}
	pass := enough(s.Guard)
	left := true
	if s.ownCounts() {
		for side, n := range []uint64{b.countG[i], b.countE[i]} {
			shared := v[s.Shared[side]]
			rest := new(big.Int).Sub(new(big.Int).SetUint64(n), big.NewInt(shared))
			left = left && shared >= 0 && rest.Cmp(big.NewInt(k)) >= 0
		}
		pass = pass && (left || !s.Complement)
	}
	r := Released{Pass: pass, Aggregates: make([]Value, len(s.Aggregates))}
	for j, a := range s.Aggregates {
		ok := pass && (a.Guard < 0 || enough(a.Guard))
		ok = ok && (left || !a.Complement)
		for _, p := range a.Parts {
			rest := v[p.Whole] - v[p.Count]
			ok = ok && enough(p.Count) && enough(p.Whole) && rest >= k
		}
		for _, l := range a.Left {
			nothing := !slices.ContainsFunc(l.Nothing, func(p int) bool { return v[p] != 0 })
			ok = ok && (nothing || slices.ContainsFunc(l.AtLeast, func(p int) bool { return v[p] >= k }))
		}
		x := Value{Pass: ok, Numbers: make([]int64, len(a.Values))}
		for l, p := range a.Values {
			if x.Pass {
				x.Numbers[l] = noisy[p]
			}
		}
		r.Aggregates[j] = x
	}
	if pass && s.LabelBytes > 0 {
		r.Label = b.labels[i]
	}
	return r
}

func same(a, b Released) bool {
	return a.Pass == b.Pass && slices.Equal(a.Label, b.Label) && (a.Label == nil) == (b.Label == nil) &&
		slices.EqualFunc(a.Aggregates, b.Aggregates, func(x, y Value) bool {
			return x.Pass == y.Pass && slices.Equal(x.Numbers, y.Numbers)
		})
}

// plain computes a circuit in the clear.
func (c *circuit) plain(garbler, evaluator bitlist) bitlist {
	w := append(slices.Clone(garbler), evaluator...)
	for _, g := range c.gates {
		switch g.op {
		case opXor:
			w = append(w, w[g.a]^w[g.b])
		case opNot:
			w = append(w, 1^w[g.a])
		case opAnd:
			w = append(w, w[g.a]&w[g.b])
		}
	}
	out := make(bitlist, len(c.outputs))
	for i, o := range c.outputs {
		out[i] = w[o]
	}
	return out
}

// typical is the specification of a question like "buyers and sales by
// campaign": a count, an amount, and an amount of a nullable column with its
// own count, labels on the garbler's side.
func typical() Spec {
	return Spec{
		K: 50, Complement: true, Products: []int{23, 64, 23, 64, 23}, Guard: 0,
		Aggregates: []Aggregate{{Values: []int{0}, Guard: -1}, {Values: []int{1}, Guard: -1}, {Values: []int{3, 2}, Guard: 2, Left: []Left{{AtLeast: []int{4}, Nothing: []int{4}}}}},
		LabelBytes: 24,
	}
}

// mixed returns n cells of every kind: empty, one below k, k, full overlap.
func mixed(r rng, s Spec, n int) *both {
	b := &both{spec: s}
	k := int64(s.K)
	for i := range n {
		c := []int64{0, 1, k - 1, k, k + 1, r.Int64N(4 * k), r.Int64N(1 << 20)}[i%7]
		rest := []int64{0, k - 1, k, k + 5, r.Int64N(4 * k)}[i/7%5]
		numbers := make([]int64, len(s.Products))
		for j, t := range s.Products {
			numbers[j] = signed(r.Uint64(), t)
		}
		numbers[s.Guard] = c
		for _, a := range s.Aggregates {
			if a.Guard >= 0 && a.Guard != s.Guard {
				numbers[a.Guard] = []int64{r.Int64N(2 * k), c, c - 1, c - k, c - k + 1}[r.IntN(5)]
			}
			for _, l := range a.Left {
				for _, p := range slices.Concat(l.AtLeast, l.Nothing) {
					if p != s.Guard && r.IntN(8) > 0 {
						numbers[p] = []int64{0, 1, k - 1, k, k + 1}[r.IntN(5)]
					}
				}
			}
		}
		b.add(r, numbers, uint64(c+rest), uint64(c+k+r.Int64N(10)))
	}
	return b
}
