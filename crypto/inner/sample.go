package inner

import "math/bits"

// tailBound is the largest error the sampler returns: ⌊6σ⌋ with σ = 3.2.
const tailBound = 19

// gaussianCDF[k] is ⌊2^63·Pr[|x| ≤ k]⌋ of the discrete Gaussian with σ = 3.2
// cut at tailBound; the test computes it again.
var gaussianCDF = [tailBound]uint64{
	1149872836518706973, 3340023669317320718, 5231742859181312982, 6713673040852152709,
	7766573333558595572, 8445050410543775182, 8841576294031517592, 9051758687454227207,
	9152802460441190481, 9196859083481262423, 9214281214904026344, 9220529772758650828,
	9222562348483741346, 9223162004373033245, 9223322456656299389, 9223361395058736926,
	9223369965413244325, 9223371676247247624, 9223371985993021523,
}

// gaussian is one error. All thresholds are compared whatever the draw, so
// that time and memory access do not depend on the error.
func (x *xof) gaussian() int64 {
	w := x.word()
	u, sign := w>>1, -(w & 1)
	var magnitude uint64
	for _, t := range &gaussianCDF {
		_, below := bits.Sub64(u, t, 0)
		magnitude += 1 - below
	}
	return int64(magnitude ^ sign - sign)
}

// ternary fills dst with uniform values from {−1, 0, 1}: pairs of bits, the
// pair 3 rejected.
func (x *xof) ternary(dst []int8) {
	var w uint64
	left := 0
	for k := 0; k < len(dst); {
		if left == 0 {
			w, left = x.word(), 32
		}
		d := int8(w & 3)
		w >>= 2
		left--
		dst[k] = d - 1
		if d < 3 {
			k++
		}
	}
}

// residue of a small signed number: |e| < q.
func residue(e int64, q uint64) uint64 { return uint64(e) + q&uint64(e>>63) }

// fromTernary writes the residues of u to p.
func (s *Set) fromTernary(u []int8, p poly) {
	for i, q := range s.primes {
		for k, v := range u {
			p[i][k] = residue(int64(v), q)
		}
	}
}
