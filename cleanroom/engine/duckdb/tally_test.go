package duckdb

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"parley/analysis/plan"
	"parley/cleanroom/engine"
)

// vector holds what the columns made with it point to.
type vector struct {
	pin   runtime.Pinner
	valid []uint64
}

func newVector(rows int) *vector { return &vector{valid: make([]uint64, (rows+63)/64)} }

func column32(values []uint32) column {
	return column{data: unsafe.Pointer(unsafe.SliceData(values)), rows: len(values)}
}

func (v *vector) nullable(data unsafe.Pointer, present []bool) column {
	for i, p := range present {
		if p {
			v.valid[i/64] |= 1 << (i % 64)
		}
	}
	return column{data, unsafe.Pointer(unsafe.SliceData(v.valid)), len(present)}
}

// texts lays strings out; nil is NULL. Bytes behind a short string's end are
// noise, as they may be.
func (v *vector) texts(values []*string, noise byte) column {
	cells, present := make([]stringT, len(values)), make([]bool, len(values))
	for i, s := range values {
		if s == nil {
			continue
		}
		present[i] = true
		c := &cells[i]
		c.length = uint32(len(*s))
		for j := range c.inline {
			c.inline[j] = noise
		}
		if len(*s) <= maxInline {
			copy(c.inline[:], *s)
			continue
		}
		p := unsafe.StringData(*s)
		v.pin.Pin(p)
		copy(c.inline[4:], unsafe.Slice((*byte)(unsafe.Pointer(&p)), 8))
	}
	return v.nullable(unsafe.Pointer(unsafe.SliceData(cells)), present)
}

// tallied runs rows through a tally and the frames it sends through the
// node's reader.
type tallied struct {
	t      *testing.T
	tally  *tally
	out    bytes.Buffer
	writer frameWriter
}

func newTallied(t *testing.T, groups, measures int) *tallied {
	c := &tallied{t: t, tally: newTally(groups, measures)}
	c.writer = frameWriter{bufio.NewWriter(&c.out)}
	return c
}

// sums returns what was sent, by unit and group as text.
func (c *tallied) sums(l plan.Local) map[string][]int64 {
	c.t.Helper()
	if err := errors.Join(c.tally.send(c.writer, true), c.writer.finish(nil, nil)); err != nil {
		c.t.Fatal(err)
	}
	got, in := map[string][]int64{}, newBatchReader(l)
	var groups [][]engine.Text
	_, err := readFrames(&c.out, func(frame []byte) error {
		b, err := in.read(frame)
		if err != nil {
			return err
		}
		groups = append(groups, b.NewGroups...)
		for i, u := range b.Units {
			key := fmt.Sprint(u, groups[b.Groups[i]])
			if _, twice := got[key]; twice {
				return fmt.Errorf("%s came twice", key)
			}
			for _, column := range b.Ints {
				got[key] = append(got[key], column[i])
			}
		}
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return got
}

// TestTally compares the sums of random rows with those of a plain map, over
// vectors of all sizes and units that lie across vectors and frames.
func TestTally(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	long := strings.Repeat("a value too long to lie inside a string_t ", 3)
	texts := []string{"", "a", "a\x00", "b", "twelve bytes", "thirteen byte", long, long + "x"}
	for groups := range 4 {
		l := plan.Local{Groups: make([]plan.Group, groups), Measures: make([]plan.Measure, 2)}
		c, want, unit := newTallied(t, groups, 2), map[string][]int64{}, uint32(0)
		for range 60 {
			rows := 1 + dice.IntN(200)
			var vectors []*vector // hold the validity masks until the rows are added
			units, labels := make([]uint32, rows), make([][]engine.Text, rows)
			for i := range units {
				if dice.IntN(4) == 0 {
					unit += uint32(dice.IntN(3))
				}
				units[i] = unit
			}
			cols := []column{column32(units)}
			for range groups {
				v, values := newVector(rows), make([]*string, rows)
				for i := range values {
					text := engine.Text{Null: dice.IntN(9) == 0}
					if !text.Null {
						text.Value = texts[dice.IntN(len(texts))]
						values[i] = &text.Value
					}
					labels[i] = append(labels[i], text)
				}
				cols, vectors = append(cols, v.texts(values, byte(dice.IntN(256)))), append(vectors, v)
			}
			for m := range 2 {
				v, values, present := newVector(rows), make([]int64, rows), make([]bool, rows)
				for i := range values {
					values[i], present[i] = dice.Int64N(1<<40)-1<<39, dice.IntN(3) > 0
					key := fmt.Sprint(units[i], labels[i])
					if want[key] == nil {
						want[key] = make([]int64, 5)
					}
					if m == 0 {
						want[key][0]++
					}
					if present[i] {
						want[key][1+2*m] += values[i]
						want[key][2+2*m]++
					}
				}
				cols, vectors = append(cols, v.nullable(unsafe.Pointer(unsafe.SliceData(values)), present)), append(vectors, v)
			}
			if err := c.tally.add(cols, rows); err != nil {
				t.Fatal(err)
			}
			for _, v := range vectors {
				v.pin.Unpin()
			}
			if dice.IntN(3) == 0 {
				if err := c.tally.send(c.writer, false); err != nil {
					t.Fatal(err)
				}
			}
		}
		got := c.sums(l)
		if !maps.EqualFunc(got, want, func(a, b []int64) bool { return fmt.Sprint(a) == fmt.Sprint(b) }) {
			t.Errorf("%d group columns: %d entries, want %d", groups, len(got), len(want))
		}
	}
}

// TestTallyFrames: many groups of long labels and many entries take many
// frames, none of them too large.
func TestTallyFrames(t *testing.T) {
	c, rows := newTallied(t, 1, 0), 60_000
	labels, units := make([]*string, rows), make([]uint32, rows)
	for i := range labels {
		s := fmt.Sprintf("%0100d", i)
		labels[i], units[i] = &s, uint32(i/30_000) // more entries of one unit than a frame holds
	}
	v := newVector(rows)
	defer v.pin.Unpin()
	if err := c.tally.add([]column{column32(units), v.texts(labels, 0)}, rows); err != nil {
		t.Fatal(err)
	}
	if got := c.sums(plan.Local{Groups: make([]plan.Group, 1)}); len(got) != rows {
		t.Errorf("%d entries of %d", len(got), rows)
	}
}

func TestTallyRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		units  []uint32
		null   bool
		values []int64
		want   code
	}{
		{"units out of order", []uint32{3, 2}, false, []int64{1, 1}, codeOpen},
		{"a unit that is NULL", []uint32{0, 0}, true, []int64{1, 1}, codeShape},
		{"a sum beyond 64 bits", []uint32{1, 1}, false, []int64{math.MaxInt64, 1}, codeValue},
		{"a sum under 64 bits", []uint32{1, 1}, false, []int64{math.MinInt64, -1}, codeValue},
	} {
		units := column32(test.units)
		if test.null {
			units = newVector(2).nullable(units.data, []bool{true, false})
		}
		values := column{data: unsafe.Pointer(unsafe.SliceData(test.values)), rows: 2}
		err := newTally(0, 1).add([]column{units, values}, 2)
		if fmt.Sprint(err) != string(test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// TestBatchReaderRefuses: no number in a child's frame is believed.
func TestBatchReaderRefuses(t *testing.T) {
	entry := func(unit, group byte) string {
		return string([]byte{unit, 0, 0, 0, group, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0})
	}
	const none, one = "\x00\x00\x00\x00", "\x01\x00\x00\x00"
	for name, test := range map[string]struct {
		columns int
		frames  []string
	}{
		"empty":                  {1, []string{""}},
		"no groups":              {1, []string{"\x01\x00\x00"}},
		"fewer groups than said": {1, []string{"\x02\x00\x00\x00\x01"}},
		"very many groups":       {0, []string{"\xff\xff\xff\xff"}},
		"a second lone group":    {0, []string{one, one}},
		"a long label":           {1, []string{one + "\x00\xff\x01abc"}},
		"a bad null byte":        {1, []string{one + "\x02"}},
		"half an entry":          {1, []string{one + "\x01" + entry(0, 0)[:15]}},
		"unknown group":          {1, []string{one + "\x01" + entry(0, 1)}},
		"no group yet":           {1, []string{none + entry(0, 0)}},
		"units go back":          {1, []string{one + "\x01" + entry(2, 0), none + entry(1, 0)}},
	} {
		r := newBatchReader(plan.Local{Groups: make([]plan.Group, test.columns)})
		var err error
		for i, frame := range test.frames {
			if _, err = r.read([]byte(frame)); err != nil && i < len(test.frames)-1 {
				t.Errorf("%s: refused too early", name)
			}
		}
		if err != errFrame {
			t.Errorf("%s: %v", name, err)
		}
	}
}
