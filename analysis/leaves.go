package analysis

import (
	"fmt"
	"strings"

	"parley/analysis/plan"
)

// joinLeaves describes the messages of an encrypted join.
func joinLeaves(c *Compiled) []Message {
	p := &c.Plan
	w, v := p.Locals[p.Secure.W].Member, p.Locals[p.Secure.V].Member
	out := []Message{
		{w, v, "the ids of its people or things, hidden under a secret key, in sorted order, with dummies mixed in (once per pair of dataset versions)",
			"points on an elliptic curve; no id can be read or tried"},
		{v, w, "the ids of its people or things, in the same form (once per pair of dataset versions)",
			"points on an elliptic curve; no id can be read or tried"},
		{v, w, fmt.Sprintf("%s for every slot%s, present or not", numbers(len(p.Secure.Values)), everyDay(p)),
			"encrypted under a key that only " + v + " holds"},
		{w, v, fmt.Sprintf("%s for every cell", sums(sent(p.Secure))),
			"encrypted and masked by one-time random numbers: each side holds one half that means nothing alone"},
		{w + " and " + v, "each other", "the test of the minimum group size",
			"a garbled circuit: only cells that pass are opened"},
	}
	if n := groupsOf(p, p.Secure.V); n > 0 && v != c.Asker {
		out = append(out, Message{v, c.Asker, "the labels of its own groups in cells that pass", "encrypted, one key for each cell"})
	}
	if n := groupsOf(p, p.Secure.W); n > 0 && w != c.Asker {
		out = append(out, Message{w, c.Asker, "the labels of its own groups in cells that pass", "encrypted, one key for each cell"})
	}
	return out
}

func numbers(n int) string {
	if n == 1 {
		return "one number"
	}
	return fmt.Sprintf("%d numbers", n)
}

func sums(n int) string {
	if n == 1 {
		return "one sum"
	}
	return fmt.Sprintf("%d sums", n)
}

// sent counts the products for which something is sent.
func sent(s *plan.Secure) (n int) {
	for i := range s.Products {
		if s.OwnOf(i) < 0 {
			n++
		}
	}
	return n
}

// everyDay says how often a join on time sends its numbers.
func everyDay(p *plan.Plan) string {
	if p.Secure.Days == 0 {
		return ""
	}
	d := p.Locals[p.Secure.W].Days
	return fmt.Sprintf(" and, where they depend on the day, for each of %d days from %s, with and without rows", d.Count, d.First)
}

func groupsOf(p *plan.Plan, local int) int { return len(p.Locals[local].Groups) }

func joinLearns(c *Compiled) []Lesson {
	p := &c.Plan
	w, v := p.Locals[p.Secure.W].Member, p.Locals[p.Secure.V].Member
	out := []Lesson{{c.Asker, append([]string{"the released answer: " + columnNames(p)}, behind(p)...)}}
	out[0].Learns = append(out[0].Learns, "how many groups were withheld, or at most how many")
	common := []string{
		"how many people or things the other's dataset has, and about how many are shared (with noise, once per alignment)",
		"the question itself, the number of cells, and the sizes and times of messages",
		"not which people or things are shared, and no row or id of the other",
	}
	for _, m := range []string{w, v} {
		if m == c.Asker {
			out[0].Learns = append(out[0].Learns, common...)
			continue
		}
		out = append(out, Lesson{m, append([]string{"nothing of the answer"}, common...)})
	}
	return out
}

func oneOwnerLeaves(c *Compiled) []Message {
	owner := c.Plan.Locals[0].Member
	if owner == c.Asker {
		return []Message{}
	}
	return []Message{{owner, c.Asker, "the released answer: " + columnNames(&c.Plan), "over the encrypted connection of the two nodes, with a signed receipt"}}
}

func oneOwnerLearns(c *Compiled) []Lesson {
	owner := c.Plan.Locals[0].Member
	answer := []string{"the released answer: " + columnNames(&c.Plan), "how many groups were withheld, where that tells nothing about a group"}
	if owner == c.Asker {
		return []Lesson{{owner, answer}}
	}
	return []Lesson{{c.Asker, answer}, {owner, []string{"the question, and the answer about its own rows"}}}
}

func columnNames(p *plan.Plan) string {
	var names []string
	for _, c := range p.Output.Columns {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	return strings.Join(names, ", ")
}

// behind says which numbers the receiver of a join gets besides those that it
// is shown, because it computes these from them.
func behind(p *plan.Plan) []string {
	var hidden, averages, spreads, out []string
	for _, c := range p.Output.Columns {
		switch a := c.Aggregate; {
		case a == nil:
			continue
		case a.Func == plan.AvgOf:
			averages = append(averages, c.Name)
		case a.Func.Spread():
			spreads = append(spreads, c.Name)
		}
		if c.Hidden {
			hidden = append(hidden, c.Name)
		}
	}
	if len(hidden) > 0 {
		out = append(out, "for every released group, the numbers from which others are computed: "+strings.Join(hidden, ", "))
	}
	if len(averages) > 0 {
		out = append(out, "the sum and the number of rows behind "+strings.Join(averages, ", "))
	}
	if len(spreads) > 0 {
		out = append(out, "the sum, the sum of squares and the number of rows behind "+strings.Join(spreads, ", "))
	}
	return out
}
