package main

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"parley/agreements"
	"parley/analysis/release"
)

// chart draws the first numeric column of an answer as bars, one per row,
// labelled by the first column. An answer without both has no chart.
func chart(t *release.Table) string {
	const width, most = 40, 30
	rows := texts(t)
	column := -1
	for c := 1; c < len(t.Columns) && column < 0; c++ {
		if isNumber(t.Columns[c].Type) {
			column = c
		}
	}
	if column < 0 || len(rows) < 2 || len(rows) > most {
		return ""
	}
	labels, values := make([]string, len(rows)), make([]float64, len(rows))
	longest, largest := 0, 0.0
	for i, r := range rows {
		labels[i] = "NULL"
		if r[0] != nil {
			labels[i] = printable(*r[0])
		}
		if r[column] != nil {
			values[i], _ = strconv.ParseFloat(*r[column], 64)
		}
		longest = max(longest, utf8.RuneCountInString(labels[i]))
		largest = max(largest, values[i])
	}
	if largest <= 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n", printable(t.Columns[column].Name))
	for i := range rows {
		fmt.Fprintf(&b, "  %s%s %s\n", labels[i], strings.Repeat(" ", longest-utf8.RuneCountInString(labels[i])), bar(values[i]/largest, width))
	}
	return b.String()
}

func isNumber(t agreements.Type) bool {
	return t == agreements.Integer || t == agreements.Decimal || t == release.Double
}

// bar is a horizontal bar with a resolution of an eighth of a cell.
func bar(share float64, width int) string {
	if share <= 0 {
		return ""
	}
	eighths := int(share*float64(width)*8 + 0.5)
	parts := []rune("▏▎▍▌▋▊▉")
	s := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		s += string(parts[rest-1])
	}
	return s
}
