package align

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"parley/crypto/curve"
)

// compare orders points bytewise.
func compare(a, b *curve.Point) int {
	if c := cmp.Compare(binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(b[:8])); c != 0 {
		return c
	}
	return bytes.Compare(a[8:], b[8:])
}

// sortPoints sorts the whole list bytewise. Values are pseudorandom, so the
// time taken tells nothing of the units behind them.
func sortPoints(points []curve.Point) {
	slices.SortFunc(points, func(a, b curve.Point) int { return compare(&a, &b) })
}

// order returns the indices of the points in bytewise order.
func order(points []curve.Point) []uint32 {
	perm := make([]uint32, len(points))
	for i := range perm {
		perm[i] = uint32(i)
	}
	slices.SortFunc(perm, func(a, b uint32) int { return compare(&points[a], &points[b]) })
	return perm
}

// permuted returns the points in the given order.
func permuted(points []curve.Point, perm []uint32) []curve.Point {
	out := make([]curve.Point, len(points))
	for i, from := range perm {
		out[i] = points[from]
	}
	return out
}

// increasing reports whether the list is in strictly increasing bytewise
// order, over its whole length. It excludes duplicates with it.
func increasing(points []curve.Point) bool {
	for i := 1; i < len(points); i++ {
		if compare(&points[i-1], &points[i]) >= 0 {
			return false
		}
	}
	return true
}

// without returns the members of sorted list a that are not in sorted list b,
// in order.
func without(a, b []curve.Point) []curve.Point {
	out := make([]curve.Point, 0, len(a))
	j := 0
	for i := range a {
		for j < len(b) && compare(&b[j], &a[i]) < 0 {
			j++
		}
		if j == len(b) || b[j] != a[i] {
			out = append(out, a[i])
		}
	}
	return out
}
