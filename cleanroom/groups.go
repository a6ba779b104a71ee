package cleanroom

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"math/bits"
	"slices"
	"unicode/utf8"

	"parley/analysis/plan"
	"parley/cleanroom/engine"
)

// maxLabel bounds the bytes of one group value of an undeclared dimension.
// Labels travel at a fixed length, so it is also what each one costs.
const maxLabel = 96

// errTooManyGroups names no number: how many there are is the owner's affair.
var errTooManyGroups = errors.New("the question makes more groups than this plan allows; group by coarser columns, or declare a domain in the contract")

// groupTable numbers one owner's groups. The numbering is a fresh random
// permutation for every run (at the holder of weights for every set of weights:
// see keptWeights), and, unless every column's values are declared
// in the agreement, it is padded to a power of two, so that the number of
// groups tells the partner no more than its magnitude.
type groupTable struct {
	columns []plan.Group
	index   map[string]int // encoded label -> number
	labels  [][]byte       // by number; nil for padding
}

// labelSize is the encoded length in bytes of the labels of these columns,
// known to both sides from the plan.
func labelSize(columns []plan.Group) int {
	n := 0
	for _, c := range columns {
		n += 3 + valueSize(c)
	}
	return n
}

func valueSize(c plan.Group) int {
	if len(c.Domain) == 0 {
		return maxLabel
	}
	longest := 0
	for _, v := range c.Domain {
		longest = max(longest, len(v))
	}
	return longest
}

// encodeLabel writes each column as 1 byte (0: NULL), 2 bytes length, and the
// text padded with zeros to the column's size.
func encodeLabel(columns []plan.Group, values []engine.Text) ([]byte, error) {
	b := make([]byte, 0, labelSize(columns))
	for i, c := range columns {
		size, v := valueSize(c), values[i]
		if len(v.Value) > size {
			return nil, fmt.Errorf("column %q holds a value of more than %d bytes, too long for a group", c.Column, size)
		}
		present := byte(1)
		if v.Null {
			present, v.Value = 0, ""
		}
		b = append(b, present)
		b = binary.BigEndian.AppendUint16(b, uint16(len(v.Value)))
		b = append(b, v.Value...)
		b = append(b, make([]byte, size-len(v.Value))...)
	}
	return b, nil
}

// decodeLabel is the inverse; the bytes may be a peer's.
func decodeLabel(columns []plan.Group, b []byte) ([]engine.Text, error) {
	if len(b) != labelSize(columns) {
		return nil, errors.New("a group label has the wrong length")
	}
	out := make([]engine.Text, len(columns))
	for i, c := range columns {
		size := valueSize(c)
		n := int(binary.BigEndian.Uint16(b[1:]))
		if b[0] > 1 || n > size || (b[0] == 0 && n != 0) {
			return nil, errors.New("a group label is malformed")
		}
		out[i] = engine.Text{Null: b[0] == 0, Value: string(b[3 : 3+n])}
		if !canonicalLabel(c, out[i], b[3+n:3+size]) {
			return nil, errors.New("a group label is malformed")
		}
		b = b[3+size:]
	}
	return out, nil
}

// canonicalLabel refuses what encodeLabel never writes: bytes in the padding,
// text that is not UTF-8, NULL where the agreement has none, and a value that
// the agreement does not list.
func canonicalLabel(c plan.Group, v engine.Text, padding []byte) bool {
	if len(bytes.Trim(padding, "\x00")) > 0 || !utf8.ValidString(v.Value) {
		return false
	}
	if v.Null {
		return c.Nullable
	}
	return len(c.Domain) == 0 || slices.Contains(c.Domain, v.Value)
}

// declared returns how many groups the columns have by declaration, or 0
// when some column has no declared domain.
func declared(columns []plan.Group) int {
	n := 1
	for _, c := range columns {
		if len(c.Domain) == 0 {
			return 0
		}
		size := len(c.Domain)
		if c.Nullable {
			size++
		}
		if n > 1<<20/size {
			return 1 << 20
		}
		n *= size
	}
	return n
}

// add numbers a label that was not seen yet.
func (t *groupTable) add(label []byte) int {
	if n, ok := t.index[string(label)]; ok {
		return n
	}
	n := len(t.labels)
	t.index[string(label)] = n
	t.labels = append(t.labels, label)
	return n
}

func newGroupTable(columns []plan.Group, maxCells int) (*groupTable, error) {
	t := &groupTable{columns: columns, index: map[string]int{}}
	switch n := declared(columns); {
	case n > maxCells:
		return nil, errTooManyGroups
	case n > 0:
		return t, t.enumerate(nil)
	}
	return t, nil
}

// enumerate adds every combination of declared values, in declared order.
func (t *groupTable) enumerate(prefix []engine.Text) error {
	if len(prefix) == len(t.columns) {
		label, err := encodeLabel(t.columns, prefix)
		if err != nil {
			return err
		}
		t.add(label)
		return nil
	}
	c := t.columns[len(prefix)]
	values := make([]engine.Text, 0, len(c.Domain)+1)
	for _, v := range c.Domain {
		values = append(values, engine.Text{Value: v})
	}
	if c.Nullable {
		values = append(values, engine.Text{Null: true})
	}
	for _, v := range values {
		if err := t.enumerate(append(prefix, v)); err != nil {
			return err
		}
	}
	return nil
}

// finish pads and permutes. It returns the new number of each old one.
func (t *groupTable) finish(maxCells int) ([]int, error) {
	n := len(t.labels)
	if declared(t.columns) == 0 {
		n = 1 << bits.Len(uint(max(n, 1)-1))
	}
	if n > maxCells {
		return nil, errTooManyGroups
	}
	order, err := permutation(n)
	if err != nil {
		return nil, err
	}
	labels := make([][]byte, n)
	for old, label := range t.labels {
		labels[order[old]] = label
		t.index[string(label)] = order[old]
	}
	t.labels = labels
	return order, nil
}

// text returns the label of group n; padding has none.
func (t *groupTable) text(n int) ([]engine.Text, error) {
	if t.labels[n] == nil {
		return nil, errors.New("a padding group was released")
	}
	return decodeLabel(t.columns, t.labels[n])
}

// bytes returns the label of group n at its fixed length; zeros for padding.
func (t *groupTable) bytes(n int) []byte {
	if t.labels[n] == nil {
		return make([]byte, labelSize(t.columns))
	}
	return t.labels[n]
}

// checkGroupCount judges the number of groups the other side announced.
func checkGroupCount(columns []plan.Group, n, maxCells int) error {
	want := declared(columns)
	switch {
	case n < 1 || n > maxCells:
		return errTooManyGroups
	case want > 0 && n != want:
		return errors.New("the other node announced another number of groups than the agreement declares")
	case want == 0 && n&(n-1) != 0:
		return errors.New("the other node's number of groups is not padded")
	}
	return nil
}

// permutation draws a uniform permutation of n by Fisher-Yates.
func permutation(n int) ([]int, error) {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j, err := rand.Int(rand.Reader, big.NewInt(int64(i+1)))
		if err != nil {
			return nil, err
		}
		k := int(j.Int64())
		p[i], p[k] = p[k], p[i]
	}
	return p, nil
}
