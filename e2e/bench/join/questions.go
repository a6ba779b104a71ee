package main

import (
	"fmt"

	"parley/e2e/bench/measured"
)

// question is one question about the pair's files.
type question struct {
	how    string
	groups int
	sql    string
}

// again is how often a question is asked once everything that can be kept is
// kept; the collector takes the median.
const again = 5

// questions are asked in this order, of nodes that have just started. The
// first makes the alignment, and has so little else to do that its figures are
// the alignment's. From 10,000,000 units on, where a question is a matter of
// patience, only ten groups are asked for.
func questions(units int) []question {
	list := []question{{measured.Align, 1,
		"SELECT COUNT(DISTINCT e.id) AS people FROM exposures e JOIN orders o ON e.id = o.id"}}
	counts := []int{10, 100, 1000}
	if units >= 10_000_000 {
		counts = counts[:1]
	}
	for _, n := range counts {
		if units/2/n < 2*minGroup { // groups would be withheld
			break
		}
		list = append(list, sales(n, "amount", measured.First))
		for range again {
			list = append(list, sales(n, "amount", measured.Again))
		}
		list = append(list, sales(n, "price", measured.Other))
	}
	return list
}

// sales asks for the people and the total of a measure in each of n groups.
func sales(n int, measure, how string) question {
	return question{how, n,
		fmt.Sprintf("SELECT e.g%d AS campaign, COUNT(DISTINCT e.id) AS people, SUM(o.%s) AS sales FROM exposures e JOIN orders o ON e.id = o.id GROUP BY e.g%[1]d", n, measure)}
}
