package cleanroom

import (
	"fmt"

	"parley/analysis/plan"
	"parley/analysis/release"
	"parley/cleanroom/engine"
	"parley/crypto/garble"
)

// table makes the answer from the cells that the circuit opened. The asker
// knows its own groups' labels; the other owner's came with the cells.
func (j *joint) table(out *outcome) (*release.Table, error) {
	cells := make([]release.Cell, len(out.cells))
	groupsV := out.other
	if j.plan.Secure.V == j.me() {
		groupsV = len(out.groups.labels)
	}
	for i, opened := range out.cells {
		c, err := j.cell(out, opened, j.ownGroup(i, groupsV))
		if err != nil {
			return nil, err
		}
		cells[i] = c
	}
	return release.Join(j.plan, j.n.cfg.Org, cells)
}

func (j *joint) cell(out *outcome, opened garble.Released, own int) (release.Cell, error) {
	if !opened.Pass {
		return release.Cell{Padding: out.groups.labels[own] == nil}, nil
	}
	mine, err := out.groups.text(own)
	if err != nil {
		return release.Cell{}, err
	}
	theirs, err := decodeLabel(j.plan.Locals[j.other()].Groups, opened.Label)
	if err != nil {
		return release.Cell{}, err
	}
	c := release.Cell{Pass: true}
	labels := [2][]engine.Text{}
	labels[j.me()], labels[j.other()] = mine, theirs
	next := 0
	for _, col := range j.plan.Output.Columns {
		if col.Group != nil {
			l := labels[col.Group.Local][col.Group.Index]
			c.Groups = append(c.Groups, release.Text(l))
			continue
		}
		if col.Calc != nil {
			continue
		}
		if next >= len(opened.Aggregates) {
			return release.Cell{}, fmt.Errorf("the circuit opened %d aggregates, the plan has more", len(opened.Aggregates))
		}
		c.Aggregates = append(c.Aggregates, number(col.Aggregate, opened.Aggregates[next]))
		next++
	}
	return c, nil
}

func number(a *plan.Aggregate, v garble.Value) release.Number {
	if !v.Pass {
		return release.Number{Null: true}
	}
	n := release.Number{Total: v.Numbers[0]}
	if a.Rows >= 0 {
		n.Rows = v.Numbers[1]
	}
	if a.Squares > 0 {
		n.Squares = v.Numbers[2]
	}
	return n
}
