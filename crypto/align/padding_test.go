package align

import (
	"bytes"
	"crypto/rand"
	"io"
	"math"
	"testing"

	"parley/crypto/wire"
)

// law computes Pr[z] with floating point, independently of the code.
func law(p Padding) []float64 {
	out, sum := make([]float64, 2*p.T+1), 0.0
	for z := range out {
		out[z] = math.Exp(-p.Epsilon * math.Abs(float64(z-p.T)))
		sum += out[z]
	}
	for z := range out {
		out[z] /= sum
	}
	return out
}

func TestCumulativeIsTheLaw(t *testing.T) {
	for _, p := range []Padding{DefaultPadding(), small, {T: 28, Epsilon: 1}, {T: 1, Epsilon: 40}} {
		want := 0.0
		prob := law(p)
		for z, f := range cumulative(p) {
			want += prob[z]
			got := math.Ldexp(float64(f.hi), -64)
			if math.Abs(got-want) > 1e-14 {
				t.Errorf("%+v: Pr[≤%d] = %v, want %v", p, z, got, want)
			}
		}
	}
}

// A law so narrow that its last probability is lost in the precision leaves
// edges of exactly one, which 128 bits do not hold.
func TestCumulativeOfNarrowLaws(t *testing.T) {
	for _, p := range []Padding{{T: 278, Epsilon: 1}, {T: 1, Epsilon: 1000}, {T: 40, Epsilon: math.MaxFloat64}} {
		if err := p.check(); err != nil {
			t.Fatal(err)
		}
		table := cumulative(p)
		if len(table) != 2*p.T {
			t.Fatalf("%+v: %d edges", p, len(table))
		}
		last := fixed128{}
		for z, f := range table {
			if f.hi < last.hi || f.hi == last.hi && f.lo < last.lo {
				t.Errorf("%+v: the edge of %d is below the one before", p, z)
			}
			last = f
		}
		if last != (fixed128{math.MaxUint64, math.MaxUint64}) {
			t.Errorf("%+v: the last edge is %v", p, last)
		}
		got, err := sampleZ(bytes.NewReader(bytes.Repeat([]byte{0x80}, 16)), table)
		if err != nil || got != p.T {
			t.Errorf("%+v: the middle draw is %d, %v", p, got, err)
		}
	}
}

// e^-x to 40 digits, from a table of constants.
func TestExpNeg(t *testing.T) {
	for x, want := range map[float64]string{
		1: "3.678794411714423215955237701614608674458e-01",
		5: "6.737946999085467096636048423148424248850e-03",
	} {
		if got := expNeg(x).Text('e', 39); got != want {
			t.Errorf("e^-%v = %s, want %s", x, got, want)
		}
	}
}

func TestSampleZEdges(t *testing.T) {
	table := cumulative(small)
	for _, v := range []struct {
		fill byte
		want int
	}{{0, 0}, {0xff, 2 * small.T}, {0x80, small.T}} {
		got, err := sampleZ(bytes.NewReader(bytes.Repeat([]byte{v.fill}, 16)), table)
		if err != nil || got != v.want {
			t.Errorf("%x…: z = %d, %v; want %d", v.fill, got, err, v.want)
		}
	}
	if _, err := sampleZ(bytes.NewReader(make([]byte, 15)), table); err == nil {
		t.Error("15 random bytes accepted")
	}
}

// The distribution of 200,000 draws is within 0.01 of the law everywhere. By
// the Dvoretzky-Kiefer-Wolfowitz inequality a right sampler fails this with
// probability below 2·e^(-2·200000·0.01²) = 8.5e-18.
func TestSampleZDistribution(t *testing.T) {
	const n = 200000
	p := DefaultPadding()
	table, counts := cumulative(p), make([]int, 2*p.T+1)
	for range n {
		z, err := sampleZ(rand.Reader, table)
		if err != nil {
			t.Fatal(err)
		}
		counts[z]++
	}
	got, want := 0.0, 0.0
	for z, prob := range law(p) {
		got += float64(counts[z]) / n
		want += prob
		if math.Abs(got-want) > 0.01 {
			t.Fatalf("Pr[≤%d]: drawn %v, law %v", z, got, want)
		}
	}
}

// counter counts the bytes read.
type counter struct {
	r io.Reader
	n int
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += n
	return n, err
}

// Each side adds 4T messages: all of the peer's list, z of its own, and fresh
// fillers; it reads the same number of random bytes whatever z is. Each place
// of the own list is taken about half of the time: with 400 runs a share
// outside 0.3 … 0.7 in any place of either role has probability below
// 2·56·2·e^(-2·400·0.2²) = 3e-12 for a right choice of places (Hoeffding; z is
// symmetric about T). That z never changes has probability 0.46^400.
func TestDummies(t *testing.T) {
	const runs = 400
	pad := Padding{T: 28, Epsilon: 1}
	session := [32]byte{9}
	for role, lists := range map[Role][2]wire.Label{
		RoleC: {wire.LabelDummyC, wire.LabelDummyP}, RoleP: {wire.LabelDummyP, wire.LabelDummyC},
	} {
		taken, read, sizes := make([]int, 2*pad.T), 0, map[int]bool{}
		seen := map[[32]byte]bool{}
		for range runs {
			source := &counter{r: rand.Reader}
			got, err := dummies(Config{Role: role, Session: session, Padding: pad}, source)
			if err != nil || len(got) != pad.added() {
				t.Fatalf("%d messages, %v", len(got), err)
			}
			if read == 0 {
				read = source.n
			}
			if source.n != read {
				t.Fatalf("read %d random bytes, before %d", source.n, read)
			}
			z := 0
			for i := range 2 * pad.T {
				if got[i] != dummy(lists[1], session, i) {
					t.Fatalf("place %d does not hold the peer's dummy", i)
				}
				place := got[2*pad.T+i]
				if place == dummy(lists[0], session, i) {
					taken[i]++
					z++
				} else if seen[place] {
					t.Fatal("a filler came twice")
				} else {
					seen[place] = true
				}
			}
			sizes[z] = true
		}
		if len(sizes) < 2 {
			t.Error("z never changes")
		}
		for i, n := range taken {
			if share := float64(n) / runs; share < 0.3 || share > 0.7 {
				t.Errorf("place %d held a dummy in %v of the runs", i, share)
			}
		}
	}
}

// The number of shared slots that either side can work out is the number of
// shared units plus both sides' z: it differs between runs on the same units.
// With ε = 0.5 one number has probability at most 0.13, so twelve runs give the
// same with probability below 0.13^11 = 2e-10.
func TestPaddingBlursTheOverlap(t *testing.T) {
	c, p := sets(10, 10, 4, 2)
	totals := map[int]bool{}
	pad := Padding{T: 56, Epsilon: 0.5}
	for range 12 {
		x := align(t, pad, c, p)
		totals[x.resC.Total] = true
		nC, nP := x.c.lists()
		if shared := nC + nP - x.resC.Total; shared < 4 || shared > 4+4*pad.T {
			t.Errorf("%d shared slots", shared)
		}
	}
	if len(totals) == 1 {
		t.Error("twelve runs disclose one number")
	}
}
