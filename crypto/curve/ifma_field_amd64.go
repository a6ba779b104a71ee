//go:build amd64 && !purego

package curve

// fe16 is sixteen field elements in two halves. Long chains of squarings keep
// the processor busy only if there are two of them.
type fe16 [2]fe8

func (z *fe16) mul(x, y *fe16) {
	ifmaMul(&z[0], &x[0], &y[0])
	ifmaMul(&z[1], &x[1], &y[1])
}

func (z *fe16) add(x, y *fe16) {
	ifmaAdd(&z[0], &x[0], &y[0])
	ifmaAdd(&z[1], &x[1], &y[1])
}

func (z *fe16) sub(x, y *fe16) {
	ifmaSub(&z[0], &x[0], &y[0])
	ifmaSub(&z[1], &x[1], &y[1])
}

// sqrN sets z = x^(2^n), n ≥ 1.
func (z *fe16) sqrN(x *fe16, n uint64) {
	*z = *x
	ifmaSqrN((*[2]fe8)(z), n)
}

// lanes16 has a bit for each element, eight in each half.
type lanes16 [2]uint64

// choose replaces z by x where the bit is set.
func (z *fe16) choose(x *fe16, lanes lanes16) {
	ifmaSelect(&z[0], &x[0], lanes[0])
	ifmaSelect(&z[1], &x[1], lanes[1])
}

// freeze reduces z fully and returns which elements are 0.
func (z *fe16) freeze() lanes16 {
	return lanes16{ifmaFreeze(&z[0]), ifmaFreeze(&z[1])}
}

// small16 returns n in every lane.
func small16(n uint64) *fe16 {
	z := aligned[fe16]()
	z[0] = small8(n)
	z[1] = z[0]
	return z
}

// powers is space for pow252.
type powers struct {
	a, b, t5, t10, t50, t100 fe16
}

// pow252 sets z = x^(2^252 - 3), as the portable function of that name does. z
// and x must differ.
func (w *powers) pow252(z, x *fe16) {
	w.a.sqrN(x, 1)
	w.b.sqrN(&w.a, 2)
	w.b.mul(&w.b, x)
	w.a.mul(&w.a, &w.b)
	w.a.sqrN(&w.a, 1)
	w.t5.mul(&w.a, &w.b) // 2^5 - 1
	grow16(&w.t10, &w.t5, &w.t5, 5)
	grow16(&w.a, &w.t10, &w.t10, 10)
	grow16(&w.b, &w.a, &w.a, 20)
	grow16(&w.t50, &w.b, &w.t10, 10)
	grow16(&w.t100, &w.t50, &w.t50, 50)
	grow16(&w.a, &w.t100, &w.t100, 100)
	grow16(&w.b, &w.a, &w.t50, 50) // 2^250 - 1
	grow16(z, &w.b, x, 2)
}

// grow16 sets z = x^(2^n)·y. z must not be y.
func grow16(z, x, y *fe16, n uint64) {
	z.sqrN(x, n)
	z.mul(z, y)
}

// nonSquares returns the elements of x that are not squares: Euler's criterion.
// Zero counts as a square. y is scratch space.
func (w *powers) nonSquares(x, y *fe16) lanes16 {
	w.pow252(y, x)
	y.sqrN(y, 2)
	y.mul(y, x)
	y.mul(y, x) // x^((p-1)/2), which is -1 for a non-square
	y.add(y, w.one())
	return y.freeze()
}

func (w *powers) one() *fe16 {
	w.a = fe16{small8(1), small8(1)}
	return &w.a
}

// invert sets z = 1/x for x other than 0. z and x must differ.
func (w *powers) invert(z, x *fe16) {
	w.pow252(z, x)
	z.sqrN(z, 3)
	z.mul(z, x)
	z.mul(z, x)
	z.mul(z, x) // x^(p-2)
}
