package garble

// garbleAnd garbles one AND gate: a0, b0 are the labels that stand for false,
// delta the offset of the labels that stand for true, with its lowest bit set
// (point-and-permute). It returns the false label of the output and the two
// ciphertexts (Zahur, Rosulek, Evans 2015, figure 2).
func (h *hasher) garbleAnd(a0, b0, delta block, cell, gate uint64) (c0, tg, te block) {
	j := tweak(domainGate, cell, 2*gate)
	k := tweak(domainGate, cell, 2*gate+1)
	pa, pb := a0.lo&1, b0.lo&1
	x, t := [4]block{a0, a0.xor(delta), b0, b0.xor(delta)}, [4]block{j, j, k, k}
	h.sums(x[:], t[:])
	tg = x[0].xor(x[1]).xor(delta.times(pb))
	wg := x[0].xor(tg.times(pa))
	te = x[2].xor(x[3]).xor(a0)
	we := x[2].xor(te.xor(a0).times(pb))
	return wg.xor(we), tg, te
}

// evaluateAnd turns the labels held for the inputs into the label of the
// output.
func (h *hasher) evaluateAnd(a, b, tg, te block, cell, gate uint64) block {
	j := tweak(domainGate, cell, 2*gate)
	k := tweak(domainGate, cell, 2*gate+1)
	x, t := [2]block{a, b}, [2]block{j, k}
	h.sums(x[:], t[:])
	wg := x[0].xor(tg.times(a.lo & 1))
	we := x[1].xor(te.xor(a).times(b.lo & 1))
	return wg.xor(we)
}

// garble fills wires beyond the inputs with their false labels and tables with
// 32 bytes for each AND gate.
func (c *circuit) garble(h *hasher, delta block, cell uint64, wires []block, tables []byte) {
	ands, out := 0, c.inputs()
	for _, g := range c.gates {
		switch g.op {
		case opXor:
			wires[out] = wires[g.a].xor(wires[g.b])
		case opNot:
			wires[out] = wires[g.a].xor(delta)
		case opAnd:
			var tg, te block
			wires[out], tg, te = h.garbleAnd(wires[g.a], wires[g.b], delta, cell, uint64(ands))
			tg.store(tables[2*blockBytes*ands:])
			te.store(tables[2*blockBytes*ands+blockBytes:])
			ands++
		}
		out++
	}
}

// evaluate fills wires beyond the inputs with the labels held.
func (c *circuit) evaluate(h *hasher, cell uint64, wires []block, tables []byte) {
	ands, out := 0, c.inputs()
	for _, g := range c.gates {
		switch g.op {
		case opXor:
			wires[out] = wires[g.a].xor(wires[g.b])
		case opNot:
			wires[out] = wires[g.a]
		case opAnd:
			tg := loadBlock(tables[2*blockBytes*ands:])
			te := loadBlock(tables[2*blockBytes*ands+blockBytes:])
			wires[out] = h.evaluateAnd(wires[g.a], wires[g.b], tg, te, cell, uint64(ands))
			ands++
		}
		out++
	}
}
