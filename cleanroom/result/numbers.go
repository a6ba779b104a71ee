package result

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"parley/analysis/release"
)

// digits is the precision of every decimal column: the most that Arrow's
// decimal128, Parquet readers and DuckDB hold.
const digits = 38

// wide reports an integer column with a value beyond 64 bits.
func wide(t *release.Table, column int) bool {
	for _, r := range t.Rows {
		if _, err := strconv.ParseInt(r[column].Text, 10, 64); !r[column].Null && err != nil {
			return true
		}
	}
	return false
}

// unscaled reads decimal text exactly as an integer times 10^-scale; digits
// beyond the scale are refused, not rounded.
func unscaled(text string, scale int) (*big.Int, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	if len(fraction) > scale {
		return nil, fmt.Errorf("%q has more than %d decimals", text, scale)
	}
	n, ok := new(big.Int).SetString(whole+fraction+strings.Repeat("0", scale-len(fraction)), 10)
	if !ok || len(strings.TrimLeft(n.String(), "-")) > digits {
		return nil, fmt.Errorf("%q is not a number of at most %d digits", text, digits)
	}
	return n, nil
}
