//go:build long

package curve

import fp "github.com/cloudflare/circl/math/fp25519"

// walkedBits is the number of ladder steps in one sample. All steps are alike;
// in fewer of them there is less noise, and one cycle more for each bit that is
// set still shows in a million samples.
const walkedBits = 4

// A kernel is code whose time must not depend on the secret bytes it is given.
// Secrets of the one class are drawn, those of the other are drawn and then
// given a pattern. Only run is timed.
type kernel struct {
	name    string
	pattern func(drawn *[32]byte)
	prepare func(drawn *[32]byte)
	run     func()
}

// sparse sets the bits of a scalar that are walked to zero but for the first.
func sparse(s *[32]byte) { s[0] = 1 << (walkedBits - 1) }

// short makes a number below 2^128 of one below 2^255.
func short(s *[32]byte) { clear(s[16:]) }

// ladderKernels are a ladder with a secret scalar, and one with secret points.
// What is not secret is drawn in both classes.
//
// The steps that are timed begin in the middle of a ladder, where its four
// coordinates are drawn numbers whatever the scalar. In its first steps they are
// the numbers 0 and 1 for as long as bits are zero: the same instructions, but
// less power, and a processor that adapts its clock to that may take a few
// thousandths of a cycle less for each.
func ladderKernels(name string, begin func(points []Point), walk func(k *[32]byte, n int)) []kernel {
	points, before, scalar := make([]Point, 8), [32]byte{}, [32]byte{}
	prepare := func(s *[32]byte) {
		copy(before[:], s[1:1+untimedBits/8]) // drawn in either class
		scalar[0] = s[0]
		rest := *s
		rest[0] = 0x5a
		spread(points, &rest)
		begin(points)
		walk(&before, untimedBits)
	}
	run := func() { walk(&scalar, walkedBits) }
	return []kernel{{name + " scalar", sparse, prepare, run}, {name + " point", short, prepare, run}}
}

// untimedBits is the number of steps before those that are timed.
const untimedBits = 16

// mapKernel is the rest of an engine: the map of secret field elements, the
// inversion and the reduction.
func mapKernel(e engine, lanes int) kernel {
	from, t, dst := make([]Point, lanes), make([]fp.Elt, lanes), make([]Point, lanes)
	prepare := func(s *[32]byte) {
		spread(from, s)
		for i := range t {
			t[i] = fp.Elt(from[i])
		}
	}
	return kernel{e.name() + " map", short, prepare, func() { e.encode(dst, t) }}
}

// hashKernel hashes as many secret ids as there are lanes to field elements.
func hashKernel(name string, h hasher, lanes int) kernel {
	ids, messages, t := make([]Point, lanes), make([][]byte, lanes), make([]fp.Elt, lanes)
	for i := range messages {
		messages[i] = ids[i][:]
	}
	return kernel{name + " hash", short, func(s *[32]byte) { spread(ids, s) }, func() { h.sums(t, messages) }}
}

// timingTag is as long as the tag of an alignment.
var timingTag = make([]byte, 80)

// spread gives each lane a value of its own, as in use: each half of s turned.
func spread(lanes []Point, s *[32]byte) {
	for i := range lanes {
		for at := range 16 {
			lanes[i][at], lanes[i][16+at] = s[(at+i)%16], s[16+(at+i)%16]
		}
		lanes[i][31] &= 0x7f
	}
}

func portableKernels() []kernel {
	var w ladderState
	all := ladderKernels("portable", func(points []Point) { w.begin((*fp.Elt)(&points[0])) }, w.walk)
	return append(all, mapKernel(portable{}, 1), hashKernel("portable", newFieldHash(timingTag), 1))
}

// leaky is the portable ladder with a leak: it leaves out an addition where a
// bit is zero, which is a hundredth of a step.
func leaky() kernel {
	var w ladderState
	var secret [32]byte
	u, waste := fp.Elt(smallOrder[4]), elt(1)
	return kernel{"leaky", sparse, func(s *[32]byte) { secret = *s }, func() {
		w.begin(&u)
		for i := walkedBits - 1; i >= 0; i-- {
			bit := uint(secret[i/8]>>(i%8)) & 1
			w.step(bit)
			if bit == 1 {
				fp.Add(&waste, &waste, &u)
			}
		}
	}}
}
