package garble

import "encoding/binary"

// transpose turns 128 columns of equal size, packed lowest bit first, into
// rows: bit i of row j is bit j of column i. Bits beyond the rows are dropped.
func transpose(columns []byte, rows []block) {
	size := len(columns) / baseOTs
	var m [4][64]uint64 // quadrants: low or high columns, low or high rows
	for at := 0; at < len(rows); at += rowsPerBlock {
		for i := range 64 {
			low, high := columns[i*size+at/8:], columns[(i+64)*size+at/8:]
			m[0][i], m[1][i] = binary.LittleEndian.Uint64(low), binary.LittleEndian.Uint64(low[8:])
			m[2][i], m[3][i] = binary.LittleEndian.Uint64(high), binary.LittleEndian.Uint64(high[8:])
		}
		for q := range m {
			transpose64(&m[q])
		}
		for j := range min(rowsPerBlock, len(rows)-at) {
			half := j / 64 // low or high rows
			rows[at+j] = block{m[half][j%64], m[2+half][j%64]}
		}
	}
}

// transpose64 transposes a square of 64 bits by swapping ever smaller halves.
func transpose64(m *[64]uint64) {
	keep := uint64(1)<<32 - 1
	for j := 32; j > 0; {
		for k := 0; k < 64; k = (k + j + 1) &^ j {
			t := (m[k]>>j ^ m[k+j]) & keep
			m[k] ^= t << j
			m[k+j] ^= t
		}
		j >>= 1
		keep ^= keep << j
	}
}
