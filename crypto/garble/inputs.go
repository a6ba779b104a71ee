package garble

import "math/bits"

// bitlist is a list of private bits, each 0 or 1.
type bitlist []uint64

func (l bitlist) appendShare(v Share, n int) bitlist {
	for i := range n {
		l = append(l, block{v.Lo, v.Hi}.bit(i))
	}
	return l
}

// pack writes the bits into the first len(l) bits of b, lowest bit of a byte
// first, and leaves the others as they are.
func (l bitlist) pack(b []byte) {
	for at, x := range l {
		b[at/8] = b[at/8]&^(1<<(at%8)) | byte(x<<(at%8))
	}
}

// evaluatorInput appends the evaluator's input bits of a cell to l.
func (s Spec) evaluatorInput(l bitlist, c Cell) bitlist {
	for i, v := range c.Shares {
		l = l.appendShare(v, s.Products[i]+shareSlack)
	}
	if s.ownCounts() {
		l = l.appendShare(Share{Lo: c.Own}, ownBits)
	}
	return l
}

// garblerInput lists the garbler's input bits of a cell. Each share is raised
// by 4, half of what the circuit drops, so that dropping rounds to nearest.
func (s Spec) garblerInput(c Cell, key block) bitlist {
	l := make(bitlist, 0, s.garblerBits())
	for i, v := range c.Shares {
		lo, carry := bits.Add64(v.Lo, 1<<(shareSlack-1), 0)
		v = Share{Lo: lo, Hi: v.Hi + carry}
		l = l.appendShare(s.withNoise(v, i, c), s.Products[i]+shareSlack)
	}
	if s.ownCounts() {
		l = l.appendShare(Share{Lo: c.Own}, ownBits)
	}
	for i, n := range s.Noise {
		if n.Threshold > 0 {
			l = l.appendShare(Share{Lo: uint64(c.Noise[i])}, s.Products[n.Product])
		}
	}
	if s.LabelBytes > 0 {
		l = l.appendShare(Share{Lo: key.lo, Hi: key.hi}, keyBits)
	}
	return l
}

// released reads the decoded output bits of a cell; ok is false when a number
// or key is set although its pass bit is not, which no honest garbling gives.
func (s Spec) released(out bitlist) (r Released, key block, ok bool) {
	next := func(n int) block {
		var v block
		for i := range n {
			if i < 64 {
				v.lo |= out[i] << i
			} else {
				v.hi |= out[i] << (i - 64)
			}
		}
		out = out[n:]
		return v
	}
	ok = true
	r.Pass = next(1).lo == 1
	r.Aggregates = make([]Value, len(s.Aggregates))
	for i, a := range s.Aggregates {
		v := Value{Pass: next(1).lo == 1, Numbers: make([]int64, len(a.Values))}
		ok = ok && (r.Pass || !v.Pass)
		for j, p := range a.Values {
			v.Numbers[j] = signed(next(s.Products[p]).lo, s.Products[p])
			ok = ok && (v.Pass || v.Numbers[j] == 0)
		}
		r.Aggregates[i] = v
	}
	if s.LabelBytes > 0 {
		key = next(keyBits)
		ok = ok && (r.Pass || key == block{})
	}
	return r, key, ok
}

// signed reads a two's complement number of n bits.
func signed(v uint64, n int) int64 { return int64(v<<(64-n)) >> (64 - n) }
