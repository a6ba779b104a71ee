package garble

// shareBits is the number of input bits of one side's shares of a cell.
func (s Spec) shareBits() int {
	n := 0
	for _, t := range s.Products {
		n += t + shareSlack
	}
	return n
}

// evaluatorBits and garblerBits count the input bits of a cell: the shares in
// order, then the own count if it is tested, then the noise of counts that are
// tested, then the label key if there is a label.
func (s Spec) evaluatorBits() int {
	n := s.shareBits()
	if s.ownCounts() {
		n += ownBits
	}
	return n
}

func (s Spec) garblerBits() int {
	n := s.evaluatorBits() + s.noiseBits()
	if s.LabelBytes > 0 {
		n += keyBits
	}
	return n
}

// releaseCircuit builds the circuit of one cell. It depends on the public
// specification alone; both sides build it for themselves.
//
// Outputs in order: the pass bit; for each aggregate its pass bit and its
// values; the label key. Every output after the first is masked by a pass bit.
func releaseCircuit(s Spec) *circuit {
	b := newBuilder(s.garblerBits(), s.evaluatorBits())
	sums := b.openShares(s)
	noisy := b.noisy(s, sums)
	enough := b.guards(s, sums, noisy)

	pass := enough(s.Guard)
	left := zero // whether enough is left out on both sides
	if s.ownCounts() {
		left = b.complement(s, sums)
	}
	if s.Complement {
		pass = b.and(pass, left)
	}
	b.output(pass)
	for _, a := range s.Aggregates {
		ok := pass
		if a.Guard != -1 {
			ok = b.and(pass, enough(a.Guard))
		}
		if a.Complement {
			ok = b.and(ok, left)
		}
		for _, p := range a.Parts {
			ok = b.and(ok, b.and(enough(p.Count), enough(p.Whole)))
			ok = b.and(ok, b.rest(s, sums[p.Whole], sums[p.Count]))
		}
		for _, l := range a.Left {
			few := b.not(b.allZero(sums, l.Nothing))
			for _, p := range l.AtLeast {
				few = b.and(few, b.not(enough(p)))
			}
			ok = b.and(ok, b.not(few))
		}
		b.output(ok)
		for _, v := range a.Values {
			b.outputMasked(noisy[v], ok)
		}
	}
	if s.LabelBytes > 0 {
		b.outputMasked(word(s.evaluatorBits()+s.noiseBits(), keyBits), pass)
	}
	return b.c
}

// rest says whether the c units of a whole less the g of a part are at least
// K: c >= g+K. Both signs are tested with the guards, and the sum cannot wrap,
// as in complement.
func (b *builder) rest(s Spec, whole, part []bit) bit {
	width := max(len(whole), len(part))
	return b.geq(extend(whole, width), b.add(extend(part, width), constant(uint64(s.K), width)))
}

// allZero says whether every one of these products is 0.
func (b *builder) allZero(sums [][]bit, products []int) bit {
	zero := b.not(sums[products[0]][0])
	for i, p := range products {
		for k, x := range sums[p] {
			if i > 0 || k > 0 {
				zero = b.and(zero, b.not(x))
			}
		}
	}
	return zero
}

func (b *builder) outputMasked(w []bit, pass bit) {
	for _, x := range w {
		b.output(b.and(x, pass))
	}
}

// openShares adds the two shares of every product and drops the low bits. The
// garbler has added the rounding constant 4 to its own share beforehand, which
// is the same number modulo 2^(t+3) and costs no gate.
func (b *builder) openShares(s Spec) [][]bit {
	sums := make([][]bit, len(s.Products))
	at := 0
	for i, t := range s.Products {
		n := t + shareSlack
		sums[i] = b.add(word(at, n), word(s.garblerBits()+at, n))[shareSlack:]
		at += n
	}
	return sums
}

// guards returns the comparison of a count with K, and of the noisy one with
// its threshold, built once for each count. A count is never negative when the
// parties follow the protocol; one that is fails, so that no error in the
// shares can open a cell.
func (b *builder) guards(s Spec, sums, noisy [][]bit) func(product int) bit {
	built := map[int]bit{}
	return func(product int) bit {
		if x, ok := built[product]; ok {
			return x
		}
		x := b.atLeast(sums[product], uint64(s.K))
		if n := s.noiseOf(product); n != nil {
			x = b.and(x, b.atLeast(noisy[product], n.Threshold))
		}
		built[product] = x
		return x
	}
}

// atLeast says whether a signed number is at least v ≥ 0.
func (b *builder) atLeast(c []bit, v uint64) bit {
	top := len(c) - 1
	return b.and(b.not(c[top]), b.geq(c[:top], constant(v, top)))
}

// complement says whether n >= s+K on both sides, where s counts which of the
// side's own n units the other side has. A group that is shared in full would
// tell that everyone in it is on the other side. Comparing n with s+K instead
// of n-s with K, n < s fails. The sum cannot wrap: s must not be negative, so
// it is below 2^63, or 2^22, and K below 2^32, or 2^22 (Spec.Check).
func (b *builder) complement(s Spec, sums [][]bit) bit {
	at := s.shareBits()
	leastOf := map[int][]bit{} // s+K, built once for each count
	leavesOut := func(own []bit, product int) bit {
		shared := sums[product]
		width := max(len(shared), ownBits)
		if leastOf[product] == nil {
			leastOf[product] = b.add(extend(shared, width), constant(uint64(s.K), width))
		}
		x := b.geq(extend(own, width), leastOf[product])
		if product != s.Guard { // whose sign is tested already
			x = b.and(x, b.not(shared[len(shared)-1]))
		}
		return x
	}
	garbler := leavesOut(word(at, ownBits), s.Shared[0])
	return b.and(garbler, leavesOut(word(s.garblerBits()+at, ownBits), s.Shared[1]))
}
