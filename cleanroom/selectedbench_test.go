package cleanroom

import (
	"testing"

	"parley/analysis/plan"
	"parley/cleanroom/history"
)

// BenchmarkSelection is what a new question about a million units takes: two
// vectors, in all and in ten groups.
func BenchmarkSelection(b *testing.B) {
	const units, groups = 1 << 20, 10
	h := history.NewHasher([32]byte{7})
	own := &reduced{ints: [][]int64{make([]int64, units), make([]int64, units), make([]int64, units)}, sizes: make([]uint64, groups)}
	ids := make([]uint64, units)
	for i := range units {
		ids[i] = h.Unit([]byte{byte(i), byte(i >> 8), byte(i >> 16)})
		own.units, own.group = append(own.units, uint32(i)), append(own.group, uint32(i*7%groups))
		own.ints[0][i], own.ints[1][i], own.ints[2][i] = 1, int64(i%1000), 1
		own.sizes[i*7%groups]++
	}
	vectors := []plan.Vector{{Of: plan.Units, MaxAbs: 1}, {Of: plan.Sum, MaxAbs: 1000}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := selectionOf(h, ids, own, &plan.Local{Measures: make([]plan.Measure, 1)}, vectors, 50); err != nil {
			b.Fatal(err)
		}
	}
}
