package release

import (
	"math"
	"strconv"
)

// exactly says that a column is shown with all its digits.
const exactly = -1

// digits says with how many decimals Text shows each column. Averages and
// quotients have sixteen digits, of which a reader wants few: the smallest
// number of the column is shown with four, all others alike, and none with
// fewer than two decimals or more than six. The other forms have all of them.
func (t *Table) digits() []int {
	out := make([]int, len(t.Columns))
	for i, c := range t.Columns {
		out[i] = exactly
		if c.Type != Double {
			continue
		}
		for _, r := range t.Rows {
			f, err := strconv.ParseFloat(r[i].Text, 64)
			if r[i].Null || err != nil {
				continue
			}
			need := 2
			if f != 0 {
				need = 3 - int(math.Floor(math.Log10(math.Abs(f))))
			}
			out[i] = max(out[i], min(max(need, 2), 6))
		}
	}
	return out
}

// rounded is a value with so many decimals, and its interval with as many.
// What would look like 0 then, and is not, stays as it is.
func (v Value) rounded(decimals int) Value {
	return Value{Null: v.Null, Text: roundedText(v.Text, decimals), PlusMinus: roundedText(v.PlusMinus, decimals)}
}

func roundedText(s string, decimals int) string {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || decimals == exactly {
		return s
	}
	out := strconv.FormatFloat(f, 'f', decimals, 64)
	if back, _ := strconv.ParseFloat(out, 64); back == 0 && f != 0 || math.Abs(f) >= 1e15 {
		return s
	}
	return out
}
