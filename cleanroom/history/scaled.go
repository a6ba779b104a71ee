package history

// ratios are the factors r for which s - r·t may have few units: with fewer
// than k of them it is 0 in all but hashes·(k-1) cells, so that most cells have
// one quotient. Twice the amount, less one person, is found by it.
func (s *Sketch) ratios(t *Sketch, k int) []uint64 {
	inverses := t.inverses()
	count, filled := map[uint64]int{}, 0
	for i, c := range s.cells {
		switch {
		case c == cell{} && t.cells[i] == cell{}:
			continue
		case c.x != 0 && t.cells[i].x != 0:
			count[mul(c.x, inverses[i])]++
		}
		filled++
	}
	var out []uint64
	for r, n := range count {
		if n >= max(2, filled-hashes*(k-1)) && r != 1 {
			out = append(out, r)
		}
	}
	return out
}

// inverses are 1/x of the cells, 0 for 0: one inversion and three products for
// each (Montgomery 1987).
func (s *Sketch) inverses() []uint64 {
	before, product := make([]uint64, len(s.cells)), uint64(1)
	for i, c := range s.cells {
		before[i] = product
		if c.x != 0 {
			product = mul(product, c.x)
		}
	}
	rest := inverse(product)
	for i := len(s.cells) - 1; i >= 0; i-- {
		x := s.cells[i].x
		if x == 0 {
			before[i] = 0
			continue
		}
		before[i], rest = mul(before[i], rest), mul(rest, x)
	}
	return before
}

// times is r·s.
func (s *Sketch) times(r uint64) *Sketch {
	out := NewSketch(s.size)
	for i, c := range s.cells {
		out.cells[i] = cell{mul(c.x, r), mul(c.id, r), mul(c.check, r)}
	}
	return out
}

// closeTo tells whether two vectors of a kind differ by 1 to k-1 units, sums
// by any factor. Sketches of two sizes are compared at the smaller; decided is
// false where that has too little room.
func (s *Sketch) closeTo(h *Hasher, t *Sketch, kind Kind, k int) (close, decided bool) {
	a, b := s.folded(t.size), t.folded(s.size)
	v, decided := a.combine(b, -1).judgeAt(h, k)
	if v == Close || kind != Sums {
		return v == Close, decided
	}
	for _, r := range a.ratios(b, min(k, int(a.size))) {
		switch v, sure := a.combine(b.times(r), -1).judgeAt(h, k); {
		case v == Close:
			return true, true
		default:
			decided = decided && sure
		}
	}
	return false, decided
}

// folded is the sketch at a size, if that is smaller: a unit's cell there is its
// cell here, modulo the size.
func (s *Sketch) folded(size uint32) *Sketch {
	if size >= s.size {
		return s
	}
	out := NewSketch(size)
	for i, c := range s.cells {
		to := &out.cells[uint32(i)/s.size*size+uint32(i)%s.size&(size-1)]
		to.x, to.id, to.check = add(to.x, c.x), add(to.id, c.id), add(to.check, c.check)
	}
	return out
}

// judgeAt is judge for a k that may be larger than the size is made for. decided
// is false, and the verdict Far, where more units are left than can be counted.
func (s *Sketch) judgeAt(h *Hasher, k int) (v Verdict, decided bool) {
	if SizeFor(k) <= s.size {
		return s.judge(h, k), true
	}
	if empty(s) {
		return Same, true
	}
	switch found := s.peel(h); {
	case found >= k:
		return Far, true
	case !empty(s):
		return Far, false
	}
	return Close, true
}

func empty(s *Sketch) bool {
	for _, c := range s.cells {
		if c != (cell{}) {
			return false
		}
	}
	return true
}
