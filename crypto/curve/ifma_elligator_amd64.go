//go:build amd64 && !purego

package curve

import fp "github.com/cloudflare/circl/math/fp25519"

func (ifma) hasher(tag []byte) hasher { return newFieldHash8(tag) }

func (ifma) encode(dst []Point, t []fp.Elt) {
	w, m := aligned[ifmaSpace](), aligned[mapper]()
	m.constants()
	n := (len(t) + 15) / 16
	for i := range t {
		w.t[i/16][i/8%2].set(i%8, (*[32]byte)(&t[i]))
	}
	for i := range n {
		m.elligator(&w.x[i], &w.z[i], &w.t[i])
		for range 3 {
			m.double(&w.x[i], &w.z[i])
		}
	}
	w.affine(dst)
}

// mapper holds constants and scratch space of the map to the curve.
type mapper struct {
	one, a, minusA, a24 fe16
	g, m, second        fe16
	powers              powers
}

func (w *mapper) constants() {
	w.one, w.a, w.a24 = *small16(1), *small16(curveA), *small16(a24)
	w.minusA.sub(small16(0), &w.a)
}

// elligator sets (x : z) to the mapped points of t, with the formulas of the
// portable function of that name.
func (w *mapper) elligator(x, z, t *fe16) {
	z.mul(t, t)
	z.add(z, z)
	z.add(z, &w.one)
	*x = w.minusA

	// u³+Au²+u at u = x/z, times z⁴.
	w.g.mul(x, x)
	w.m.mul(x, z)
	w.m.mul(&w.m, &w.a)
	w.g.add(&w.g, &w.m)
	w.m.mul(z, z)
	w.g.add(&w.g, &w.m)
	w.g.mul(&w.g, x)
	w.g.mul(&w.g, z)

	w.second.mul(&w.a, z)
	w.second.sub(&w.a, &w.second)
	x.choose(&w.second, w.powers.nonSquares(&w.g, &w.m))
}

// double replaces (x : z) by twice the points.
func (w *mapper) double(x, z *fe16) {
	w.g.add(x, z)
	w.m.sub(x, z)
	w.g.mul(&w.g, &w.g)
	w.m.mul(&w.m, &w.m)
	w.second.sub(&w.g, &w.m)
	x.mul(&w.g, &w.m)
	w.g.mul(&w.second, &w.a24)
	w.g.add(&w.g, &w.m)
	z.mul(&w.g, &w.second)
}
