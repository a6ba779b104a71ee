//go:build amd64 && !purego

package curve

// affine writes x/z for each lane of the chunk, fully reduced, and 0 where z is
// 0. One inversion of sixteen elements serves all, as in the portable engine.
func (w *ifmaSpace) affine(dst []Point) {
	n := (len(dst) + 15) / 16
	w.invert(n)
	for i := range n {
		w.x[i].mul(&w.x[i], &w.z[i])
		w.x[i].freeze()
	}
	for i := range dst {
		w.x[i/16][i/8%2].get(i%8, (*[32]byte)(&dst[i]))
	}
}

// invert replaces the first n elements of z by their inverses. Zero stays zero
// and does not spoil the others.
func (w *ifmaSpace) invert(n int) {
	var zeros [chunk / 16]lanes16
	one, none := small16(1), small16(0)
	acc, inverse := small16(1), small16(0)
	for i := range n {
		zeros[i] = w.z[i].freeze()
		w.z[i].choose(one, zeros[i])
		w.t[i] = *acc
		acc.mul(acc, &w.z[i])
	}
	aligned[powers]().invert(inverse, acc)
	for i := n - 1; i >= 0; i-- {
		w.t[i].mul(&w.t[i], inverse)
		inverse.mul(inverse, &w.z[i])
		w.z[i] = w.t[i]
		w.z[i].choose(none, zeros[i])
	}
}
