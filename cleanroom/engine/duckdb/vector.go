package duckdb

import (
	"unsafe"

	"github.com/marcboeker/go-duckdb/mapping"
)

// stringT is DuckDB's duckdb_string_t (duckdb.h): values of up to 12 bytes lie
// inside it, longer ones behind the pointer in its last 8 bytes.
type stringT struct {
	length uint32
	inline [maxInline]byte
}

const maxInline = 12

// The layout must be 16 bytes, or every offset below is wrong.
var _ = [1]struct{}{}[unsafe.Sizeof(stringT{})-16]

// column reads one vector of a result in place: no value is copied until the
// caller copies it, and nothing may be used after the chunk is destroyed.
type column struct {
	data  unsafe.Pointer
	valid unsafe.Pointer // nil: no NULL in this vector
	rows  int
}

func readColumn(v mapping.Vector, rows int) column {
	return column{mapping.VectorGetData(v), mapping.VectorGetValidity(v), rows}
}

func (c column) null(row int) bool {
	if c.valid == nil {
		return false
	}
	word := unsafe.Slice((*uint64)(c.valid), (c.rows+63)/64)[row/64]
	return word>>(row%64)&1 == 0
}

func (c column) uint32s() []uint32 { return unsafe.Slice((*uint32)(c.data), c.rows) }

func (c column) int64s() []int64 { return unsafe.Slice((*int64)(c.data), c.rows) }

func (c column) int64(row int) int64 { return c.int64s()[row] }

func (c column) strings() []stringT { return unsafe.Slice((*stringT)(c.data), c.rows) }

// bytes returns a VARCHAR's or BLOB's bytes, valid until the chunk is destroyed.
func (c column) bytes(row int) []byte {
	s := &c.strings()[row]
	if s.length <= maxInline {
		return s.inline[:s.length]
	}
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&s.inline[4])), s.length)
}
