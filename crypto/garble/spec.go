package garble

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"parley/crypto/wire"
)

// Bounds of a Spec. They bound every allocation that depends on it.
const (
	maxProducts   = 256
	maxAggregates = 256
	maxValues     = 1024
	maxParts      = 16
	maxLeft       = 16
	maxCells      = 1 << 20
	maxLabel      = 4096
)

// shareSlack is how many bits a share is wider than its product: rounding
// errors of the inner products stay within them (see Garble).
const shareSlack = 3

// ownBits is the width of a side's own unit count.
const ownBits = 32

// keyBits is the width of the per-cell key of the garbler's label.
const keyBits = 128

// Spec says what is computed on every cell. It is public and the same on both
// sides; a difference makes the run fail.
type Spec struct {
	K          uint32      // smallest number of distinct shared units that may be released
	Complement bool        // also n-s >= K on each side, n its own unit count, s see Shared
	Shared     [2]int      // products that count which of the garbler's and of the evaluator's n units the other side has, in whatever cell
	Products   []int       // width T in bits of each product, 23 or 64; its shares have T+3
	Guard      int         // product that counts the distinct shared units of the cell
	Noise      []Noisy     // products that get noise, in ascending order; none: no differential privacy
	Aggregates []Aggregate // what is released
	Cells      int         // how many cells, padding included
	LabelBytes int         // exact length of the garbler's label of a cell; 0: it has none
}

// Aggregate is one group of numbers released together.
type Aggregate struct {
	Values []int // products to output
	Guard  int   // product counting the units the aggregate rests on, or -1: the cell's own count
	// Left tests what the aggregate leaves out of the cell: otherwise the
	// cell's own numbers less the aggregate's could be those of fewer than K
	// units. All of them must hold. They need a Guard.
	Left []Left
	// Complement asks of the aggregate alone what Spec.Complement asks of the
	// cell. An outer join needs it: its cells show the one side's own units.
	Complement bool
	// Parts are further counts that the aggregate rests on.
	Parts []Part
}

// Part asks that a count and what it leaves of a whole are enough: Count >= K,
// and Whole-Count >= K.
type Part struct {
	Count, Whole int // products
}

// Left tests by counts of its own what an aggregate leaves out: nothing, or
// something of at least K units. The units in a cell less those that meet a
// condition would not do: a unit that meets it may have rows that do not.
type Left struct {
	AtLeast []int // products: each no more than the units of which something is left out
	Nothing []int // products: nothing is left out if all of them are 0
}

// Cell is one side's private input for one cell.
type Cell struct {
	Shares []Share // one for each product
	Own    uint64  // this side's own number of units in the cell, below 2^32
	Noise  []int64 // the garbler's, one for each of Spec.Noise; nil at the evaluator
}

// Share is a number below 2^(T+3). The sum of the two sides' shares, modulo
// 2^(T+3), is eight times the product plus an error in -4..+3.
type Share struct{ Lo, Hi uint64 }

// Released is the answer for one cell. Unless Pass, everything in it is zero
// and Label is nil.
type Released struct {
	Pass       bool
	Aggregates []Value
	Label      []byte
}

// Value is the answer for one aggregate; Numbers are zeros unless Pass.
type Value struct {
	Pass    bool
	Numbers []int64
}

// Check refuses a specification that could not be computed.
func (s Spec) Check() error {
	switch {
	case len(s.Products) == 0 || len(s.Products) > maxProducts:
		return fmt.Errorf("garble: %d products, want 1 to %d", len(s.Products), maxProducts)
	case s.Cells < 1 || s.Cells > maxCells:
		return fmt.Errorf("garble: %d cells, want 1 to %d", s.Cells, maxCells)
	case s.LabelBytes < 0 || s.LabelBytes > maxLabel:
		return fmt.Errorf("garble: label of %d bytes, want 0 to %d", s.LabelBytes, maxLabel)
	}
	for _, t := range s.Products {
		if t != 23 && t != 64 {
			return fmt.Errorf("garble: product of %d bits, want 23 or 64", t)
		}
	}
	counts := []int{s.Guard}
	if s.ownCounts() {
		counts = append(counts, s.Shared[:]...)
	}
	for _, g := range counts {
		if err := s.checkGuard(g); err != nil {
			return err
		}
	}
	if err := s.checkAggregates(); err != nil {
		return err
	}
	return s.checkNoise()
}

func (s Spec) checkAggregates() error {
	if len(s.Aggregates) > maxAggregates {
		return fmt.Errorf("garble: %d aggregates, want at most %d", len(s.Aggregates), maxAggregates)
	}
	values := 0
	for _, a := range s.Aggregates {
		if len(a.Values) == 0 {
			return errors.New("garble: aggregate without values")
		}
		for _, v := range a.Values {
			if v < 0 || v >= len(s.Products) {
				return fmt.Errorf("garble: value refers to product %d of %d", v, len(s.Products))
			}
		}
		if a.Guard != -1 {
			if err := s.checkGuard(a.Guard); err != nil {
				return err
			}
		}
		if err := s.checkLeft(a); err != nil {
			return err
		}
		if len(a.Parts) > maxParts {
			return fmt.Errorf("garble: aggregate of %d parts, want at most %d", len(a.Parts), maxParts)
		}
		for _, p := range a.Parts {
			if err := errors.Join(s.checkGuard(p.Count), s.checkGuard(p.Whole)); err != nil {
				return err
			}
		}
		values += len(a.Values)
	}
	if values > maxValues {
		return fmt.Errorf("garble: %d values, want at most %d", values, maxValues)
	}
	return nil
}

// ownCounts tells whether the sides' own counts are inputs.
func (s Spec) ownCounts() bool {
	for _, a := range s.Aggregates {
		if a.Complement {
			return true
		}
	}
	return s.Complement
}

func (s Spec) checkLeft(a Aggregate) error {
	switch {
	case len(a.Left) == 0:
		return nil
	case a.Guard == -1 || len(a.Left) > maxLeft:
		return errors.New("garble: an aggregate leaves out part of the cell but has no guard, or too much is asked of it")
	}
	for _, l := range a.Left {
		if len(l.Nothing) == 0 || len(l.AtLeast) == 0 || len(l.Nothing)+len(l.AtLeast) > maxParts {
			return errors.New("garble: what an aggregate leaves out of the cell is tested against nothing, or too much")
		}
		for _, p := range slices.Concat(l.AtLeast, l.Nothing) {
			if err := s.checkGuard(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkGuard also refuses a K that the count could never reach, which would
// make the circuit constant.
func (s Spec) checkGuard(g int) error {
	if g < 0 || g >= len(s.Products) {
		return fmt.Errorf("garble: guard refers to product %d of %d", g, len(s.Products))
	}
	if s.K < 1 || uint64(s.K) >= 1<<(s.Products[g]-1) {
		return fmt.Errorf("garble: minimum group size %d out of range for a count of %d bits", s.K, s.Products[g])
	}
	return nil
}

// checkCells refuses private inputs that do not fit the specification. Its
// errors name positions, never values.
func (s Spec) checkCells(cells []Cell, garbler bool) error {
	if len(cells) != s.Cells {
		return fmt.Errorf("garble: %d cells given, %d specified", len(cells), s.Cells)
	}
	for i, c := range cells {
		if len(c.Shares) != len(s.Products) {
			return fmt.Errorf("garble: cell %d has %d shares, want %d", i, len(c.Shares), len(s.Products))
		}
		for j, v := range c.Shares {
			if !v.fits(s.Products[j] + shareSlack) {
				return fmt.Errorf("garble: cell %d: share %d is too wide", i, j)
			}
		}
		if c.Own >= 1<<ownBits {
			return fmt.Errorf("garble: cell %d: own count is too wide", i)
		}
		if err := s.checkCellNoise(c, garbler); err != nil {
			return fmt.Errorf("garble: cell %d: %w", i, err)
		}
	}
	return nil
}

func (s Spec) checkLabels(labels [][]byte) error {
	if s.LabelBytes == 0 {
		if len(labels) != 0 {
			return errors.New("garble: labels given, none specified")
		}
		return nil
	}
	if len(labels) != s.Cells {
		return fmt.Errorf("garble: %d labels given for %d cells", len(labels), s.Cells)
	}
	for i, l := range labels {
		if len(l) != s.LabelBytes {
			return fmt.Errorf("garble: label %d does not have %d bytes", i, s.LabelBytes)
		}
	}
	return nil
}

func (v Share) fits(bits int) bool {
	if bits <= 64 {
		return v.Hi == 0 && (bits == 64 || v.Lo>>bits == 0)
	}
	return v.Hi>>(bits-64) == 0
}

// bind ties the specification to the session. All keys and hashes of the run
// are derived from the result, so that sides with different specifications,
// for example another k, end in a failed run and not in a wrong release.
func (s Spec) bind(session [32]byte) [32]byte {
	var b []byte
	num := func(v int) { b = binary.BigEndian.AppendUint64(b, uint64(int64(v))) }
	list := func(l []int) {
		num(len(l))
		for _, v := range l {
			num(v)
		}
	}
	flag := func(x bool) {
		if x {
			num(1)
		} else {
			num(0)
		}
	}
	num(int(s.K))
	flag(s.Complement)
	list(s.Shared[:])
	list(s.Products)
	num(s.Guard)
	num(len(s.Aggregates))
	for _, a := range s.Aggregates {
		list(a.Values)
		num(a.Guard)
		flag(a.Complement)
		num(len(a.Parts))
		for _, p := range a.Parts {
			num(p.Count)
			num(p.Whole)
		}
		num(len(a.Left))
		for _, l := range a.Left {
			list(l.AtLeast)
			list(l.Nothing)
		}
	}
	num(s.Cells)
	num(s.LabelBytes)
	for _, n := range s.Noise { // last, so that their number needs no place
		num(n.Product)
		num(int(n.Threshold))
	}
	return wire.Sum(wire.LabelGarbleHash, session[:], b)
}
