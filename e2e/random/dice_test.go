package random

import (
	"math/rand/v2"
	"strconv"
	"strings"
)

func chance(r *rand.Rand, p float64) bool { return r.Float64() < p }

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// sample is n different ones in random order, all if there are fewer.
func sample[T any](r *rand.Rand, n int, of ...T) []T {
	out := append([]T(nil), of...)
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out[:min(n, len(out))]
}

// unscaled writes n / 10^scale with exactly scale decimals.
func unscaled(n int64, scale int) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	s := strconv.FormatInt(n, 10)
	if scale == 0 {
		return sign + s
	}
	s = strings.Repeat("0", max(0, scale+1-len(s))) + s
	return sign + s[:len(s)-scale] + "." + s[len(s)-scale:]
}

func ptr(s string) *string { return &s }
