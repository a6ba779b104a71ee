package duckdb

import (
	"encoding/binary"
	"unsafe"
)

// grouper numbers the groups of a plan in the order in which they are met.
type grouper struct {
	columns []dictionary
	// joins[i] numbers the pairs of (number over the columns up to i, value of
	// column i+1), so that the last one numbers the groups.
	joins []pairs
	group []uint32 // by row of a vector
	value []uint32 // by row of a vector
	none  bool     // without columns: there is a row
	sent  int
}

func newGrouper(columns int) *grouper {
	return &grouper{columns: make([]dictionary, columns), joins: make([]pairs, max(columns, 1)-1)}
}

func (g *grouper) len() int {
	switch {
	case len(g.joins) > 0:
		return len(g.joins[len(g.joins)-1].parts)
	case len(g.columns) > 0:
		return len(g.columns[0].values)
	case g.none:
		return 1
	}
	return 0
}

// numbers returns the group of each row; the slice is reused.
func (g *grouper) numbers(cols []column, rows int) []uint32 {
	if len(cols) == 0 {
		g.none = g.none || rows > 0
		g.group = append(g.group[:0], make([]uint32, rows)...)
		return g.group
	}
	g.group = g.columns[0].numbers(g.group[:0], cols[0])
	for i := range g.joins {
		g.value = g.columns[i+1].numbers(g.value[:0], cols[i+1])
		for row, v := range g.value {
			g.group[row] = g.joins[i].number(g.group[row], v)
		}
	}
	return g.group
}

// appendGroup encodes a group: per column a byte that is 1 for NULL, or 0 and
// a length and bytes.
func (g *grouper) appendGroup(dst []byte, n uint32) []byte {
	values := make([]uint32, len(g.columns))
	for i := len(g.joins) - 1; i >= 0; i-- {
		part := g.joins[i].parts[n]
		n, values[i+1] = part[0], part[1]
	}
	if len(values) > 0 {
		values[0] = n
	}
	for i, v := range values {
		if text := g.columns[i].values[v]; text == nil {
			dst = append(dst, 1)
		} else {
			dst = appendBytes(append(dst, 0), text)
		}
	}
	return dst
}

// pairs numbers pairs of numbers.
type pairs struct {
	memo
	parts [][2]uint32
}

func (p *pairs) number(a, b uint32) uint32 {
	n, known := p.find([2]uint64{uint64(a), uint64(b)}, len(p.parts))
	if !known {
		p.parts = append(p.parts, [2]uint32{a, b})
	}
	return n
}

// dictionary numbers the values of one column. Those of up to 12 bytes, which
// lie inside DuckDB's string type, are found by that type's 16 bytes.
type dictionary struct {
	short  memo
	long   map[string]uint32
	values [][]byte // by number; nil is NULL
}

// numbers appends the number of each row's value.
func (d *dictionary) numbers(dst []uint32, c column) []uint32 {
	strings := c.strings()
	for row := range strings {
		s, key := &strings[row], nullKey
		if !c.null(row) {
			if s.length > maxInline {
				dst = append(dst, d.longNumber(c.bytes(row)))
				continue
			}
			key = s.key()
		}
		if slot := d.short.slot(key); slot.used && slot.key == key {
			dst = append(dst, slot.number)
			continue
		}
		dst = append(dst, d.shortNumber(key, s))
	}
	return dst
}

func (d *dictionary) shortNumber(key [2]uint64, s *stringT) uint32 {
	n, known := d.short.find(key, len(d.values))
	switch {
	case known:
	case key == nullKey:
		d.values = append(d.values, nil)
	default:
		d.keep(s.inline[:s.length])
	}
	return n
}

func (d *dictionary) longNumber(value []byte) uint32 {
	n, known := d.long[string(value)]
	if !known {
		if d.long == nil {
			d.long = map[string]uint32{}
		}
		n = uint32(len(d.values))
		d.long[string(value)] = n
		d.keep(value)
	}
	return n
}

// keep copies a value, for the vector's memory ends with it.
func (d *dictionary) keep(value []byte) { d.values = append(d.values, append([]byte{}, value...)) }

// nullKey is no string's: its length would not be a short one's.
var nullKey = [2]uint64{^uint64(0), ^uint64(0)}

// key is the value of a short string. What lies behind its end is left out.
func (s *stringT) key() [2]uint64 {
	b := (*[16]byte)(unsafe.Pointer(s))
	mask := inlineMasks[s.length]
	return [2]uint64{binary.LittleEndian.Uint64(b[:8]) & mask[0], binary.LittleEndian.Uint64(b[8:]) & mask[1]}
}

// inlineMasks[n] keeps the length and n bytes of a string_t.
var inlineMasks = func() (masks [maxInline + 1][2]uint64) {
	for n := range masks {
		var b [16]byte
		for i := range 4 + n {
			b[i] = 0xff
		}
		masks[n] = [2]uint64{binary.LittleEndian.Uint64(b[:8]), binary.LittleEndian.Uint64(b[8:])}
	}
	return masks
}()

// memo numbers keys. Most rows have one of a few keys, which a small table
// finds faster than the map.
type memo struct {
	index  map[[2]uint64]uint32
	recent [1 << recentBits]recent
}

type recent struct {
	key    [2]uint64
	number uint32
	used   bool
}

const recentBits = 8

// slot is the place of a key by multiplicative hashing (Knuth, TAOCP 3, 6.4).
// Only speed depends on it.
func (m *memo) slot(key [2]uint64) *recent {
	return &m.recent[(key[0]*0x9e3779b97f4a7c15^key[1]*0xc2b2ae3d27d4eb4f)>>(64-recentBits)]
}

// find returns the key's number, which is next if the key was not seen before.
func (m *memo) find(key [2]uint64, next int) (number uint32, known bool) {
	slot := m.slot(key)
	if slot.used && slot.key == key {
		return slot.number, true
	}
	number, known = m.index[key]
	if !known {
		if m.index == nil {
			m.index = map[[2]uint64]uint32{}
		}
		number = uint32(next)
		m.index[key] = number
	}
	*slot = recent{key, number, true}
	return number, known
}
