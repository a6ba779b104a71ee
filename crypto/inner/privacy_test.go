package inner

import (
	"math"
	"slices"
	"testing"

	"github.com/tuneinsight/lattigo/v5/ring"
)

// R42: the value holder knows every a and looks for the weights of a group of
// two people in c1′, by meeting in the middle over every pair of slots and
// weights. Without u it finds them, although fresh noise was added; with u it
// finds nothing. A false find needs 16 coefficients of 40 bits to agree within
// 8 by luck for one of 3 million pairs: below 2^−500.
func TestWeightsAreNotInTheHint(t *testing.T) {
	set := setNamed(t, "narrow")
	secret := []Entry{{123, 0, 3}, {511, 0, 1}}
	view := func(blind bool) []Entry {
		v, w := session(t, set, 600)
		w.blind = w.blind && blind
		cells := multiply(t, w, 5, encrypt(t, v, 5, make([]int64, 600)), [][]Entry{secret}, 1)
		return recoverPair(v, 5, cells[0][0].hint, 4)
	}
	if got := view(false); !slices.Equal(got, secret) {
		t.Errorf("the attack without re-randomisation found %v, not %v: the test tests nothing", got, secret)
	}
	if got := view(true); got != nil {
		t.Errorf("the attack found %v through re-randomisation", got)
	}
}

// recoverPair looks for two terms w·X^−i·a whose sum is c1′.
func recoverPair(v *Values, index int, cell []byte, maxW int64) []Entry {
	const coefficients, tolerance = 16, 8
	set := v.set
	a := set.newPoly()
	set.blockElement(v.seed, index, 0, a)
	type guess struct {
		entry Entry
		c     [coefficients]uint64
	}
	var guesses []guess
	table := map[uint64][]int{}
	for slot := range v.slots {
		for weight := int64(1); weight <= maxW; weight++ {
			hint := set.newPoly()[0][:coefficients]
			g := guess{entry: Entry{uint32(slot), 0, weight}}
			for k := range hint {
				p := set.consts.prime[0]
				c := p.mulSigned(weight, ring.MForm(a[0][(k+slot)%set.n], p.q, set.ring.SubRings[0].BRedConstant))
				if k+slot >= set.n {
					c = p.q - c
				}
				g.c[k] = set.toKappa(func(int) uint64 { return c }).lo
			}
			table[g.c[0]>>8] = append(table[g.c[0]>>8], len(guesses))
			guesses = append(guesses, g)
		}
	}
	mask := uint64(1)<<set.kappa - 1
	near := func(x, y uint64) bool { d := (x - y + tolerance) & mask; return d <= 2*tolerance }
	target := func(k int) uint64 { return get(cell[k*5 : k*5+5]).lo }
	for _, g := range guesses {
		rest := (target(0) - g.c[0]) & mask
		for _, key := range []uint64{rest>>8 - 1, rest >> 8, rest>>8 + 1} {
			for _, other := range table[key&(mask>>8)] {
				h, all := guesses[other], true
				for k := 0; k < coefficients && all; k++ {
					all = near(target(k), g.c[k]+h.c[k])
				}
				if all {
					return []Entry{g.entry, h.entry}
				}
			}
		}
	}
	return nil
}

// uniform16 is the chi-square statistic of counts in 16 equal cells against
// other counts of the same total; with 15 degrees of freedom it exceeds
// chiLimit with probability below 2e-9.
const chiLimit = 76

func twoSample(a, b [16]float64) float64 {
	x := 0.0
	for k := range a {
		if a[k]+b[k] > 0 {
			x += (a[k] - b[k]) * (a[k] - b[k]) / (a[k] + b[k])
		}
	}
	return x
}

func flat(a [16]float64) float64 {
	total, x := 0.0, 0.0
	for _, c := range a {
		total += c
	}
	for _, c := range a {
		x += (c - total/16) * (c - total/16) / (total / 16)
	}
	return x
}

// deviantView is what a value holder sees that added Q/2 at slot 7, over many
// cells whose weight there is 0 in the first product and 1 in the second.
type deviantView struct {
	yTop, yLow, c1, share [16]float64
	half                  float64 // shares nearer to 1/2 than to 0
}

func deviate(t *testing.T, blind, pad bool, cellsEach int) [2]deviantView {
	set := setNamed(t, "narrow")
	v, w := session(t, set, 2048)
	w.blind, w.pad = w.blind && blind, w.pad && pad
	b := append(encrypt(t, v, 0, make([]int64, 2048)), make([]byte, 8)...)
	p := set.newPoly()
	check(t, set.unpackPoly(p, b))
	p[0][7] = ring.CRed(p[0][7]+set.primes[0]/2, set.primes[0])
	set.packPoly(b, p)
	products := make([][]Entry, 2)
	for g := range cellsEach {
		for weight := range products {
			products[weight] = append(products[weight], Entry{7, uint32(g), int64(weight)}, Entry{8, uint32(g), 5})
		}
	}
	cells := multiply(t, w, 0, b[:v.VectorSize()], products, cellsEach)
	var views [2]deviantView
	for weight := range views {
		for _, c := range cells[weight] {
			y, share := get(c.y).lo, v.openFull(fold(t, v, c.hint), c.y).lo
			view := &views[weight]
			view.yTop[y>>36]++
			view.yLow[y&15]++
			view.c1[c.hint[5*9+4]>>4]++
			view.share[share>>36]++
			if top := share >> 38; top == 1 || top == 2 {
				view.half++
			}
		}
	}
	return views
}

// R42, a value holder that deviates: adding Q/2 at one slot moves β by half
// the circle when the weight there is odd. The pad hides it: what the value
// holder sees has the same distribution for both weights, and y is uniform.
// Six comparisons at 2e-9 and one at 6.5 standard deviations: this fails by
// luck about once in 80 million times. Without the pad the weight is plain.
func TestDeviatingValueHolderLearnsNothing(t *testing.T) {
	const n = 1500
	open := deviate(t, true, false, 40)
	if open[0].half != 0 || open[1].half != 40 {
		t.Errorf("without the pad %v and %v of 40 shares are near 1/2, not 0 and 40: the test tests nothing", open[0].half, open[1].half)
	}
	views := deviate(t, true, true, n)
	if d := math.Abs(views[0].half - views[1].half); d > 6.5*math.Sqrt(n/2.0) {
		t.Errorf("shares near 1/2 differ by %v between weights 0 and 1", d)
	}
	for name, x := range map[string]float64{
		"y, top bits":  twoSample(views[0].yTop, views[1].yTop),
		"y, low bits":  twoSample(views[0].yLow, views[1].yLow),
		"c1′":          twoSample(views[0].c1, views[1].c1),
		"share":        twoSample(views[0].share, views[1].share),
		"y not flat":   flat(views[1].yTop),
		"low not flat": flat(views[1].yLow),
	} {
		if x > chiLimit {
			t.Errorf("%s: chi-square %.1f between weights 0 and 1", name, x)
		}
	}
}

// Equal weights give unequal cells: u, e0, e1 and r are never shared.
func TestEqualWeightsDiffer(t *testing.T) {
	set := setNamed(t, "narrow")
	v, w := session(t, set, 10)
	same := [][]Entry{{{1, 0, 1}, {1, 1, 1}}, {{1, 0, 1}, {1, 1, 1}}}
	cells := multiply(t, w, 0, encrypt(t, v, 0, make([]int64, 10)), same, 2)
	seen := map[string]bool{}
	for _, row := range cells {
		for _, c := range row {
			for _, part := range [][]byte{c.hint, c.y} {
				if seen[string(part)] {
					t.Fatal("two cells share a part")
				}
				seen[string(part)] = true
			}
		}
	}
}
