package check

import (
	"strings"

	"parley/agreements"
	"parley/analysis/sql"
)

// Asker refuses someone who may not ask at all. It needs no SQL and comes
// first, so that a stranger learns nothing from how a question is refused.
func Asker(a *agreements.Agreement, asker string) error {
	src := sql.Source{}
	if a.Member(asker) == nil {
		return src.Refuse(sql.NoPos, "not-a-member", "members", "", "%s is not a member of this agreement.", sql.Name(asker))
	}
	if !a.Receives(asker) {
		return src.Refuse(sql.NoPos, "not-a-receiver", "receivers", "Answers go to "+strings.Join(a.Receivers, ", ")+"; somebody there can ask.", "%s is not a receiver of answers.", sql.Name(asker))
	}
	return nil
}

// access settles who may ask this question of these datasets, and k.
func (b *binder) access() error {
	if b.Analysis == nil { // the agreement's own adHoc was judged before parsing
		for _, t := range b.out.Tables {
			if !t.Dataset.Rules.AdHoc {
				return b.src.Refuse(t.pos, "ad-hoc", rule(t.Dataset, "adHoc"), AnalysesHint(b.Agreement),
					"The owner of %s allows approved analyses only.", sql.Name(t.Dataset.Name))
			}
		}
	}
	if err := b.receives(); err != nil {
		return err
	}
	if len(b.out.Tables) == 2 && b.out.Tables[0].Dataset.Owner != b.Asker && b.out.Tables[1].Dataset.Owner != b.Asker {
		return b.src.Refuse(b.out.Tables[0].pos, "asker-not-owner", "datasets", "Ask one of the two owners to run it: the answer is opened by the node that asks, and that node must hold one side of the join.",
			"In this version only one of the two owners can ask a question that joins %s and %s.",
			sql.Name(b.out.Tables[0].Dataset.Name), sql.Name(b.out.Tables[1].Dataset.Name))
	}
	return b.threshold()
}

// threshold computes k and the differential privacy demanded: the strictest of
// agreement, datasets and floor.
func (b *binder) threshold() error {
	b.out.PublicData = true
	for _, t := range b.out.Tables {
		b.out.PublicData = b.out.PublicData && t.Dataset.Rules.PublicData
	}
	k := floor
	if b.out.PublicData {
		k = floorPublic
	}
	k = max(k, b.Agreement.MinGroupSize)
	for _, t := range b.out.Tables {
		k = max(k, t.Dataset.Rules.MinGroupSize)
	}
	b.out.MinGroupSize = k
	names := make([]string, 0, len(b.out.Tables))
	for _, t := range b.out.Tables {
		names = append(names, t.Dataset.Name)
	}
	b.out.DP = b.Agreement.Demand(names, b.Analysis != nil)
	if !b.out.DP.None() && !dpReady {
		return b.src.Refuse(sql.NoPos, "dp-unsupported", "dp", "",
			"Differential privacy is demanded (%s), which this version does not offer.", sql.Name(b.out.DP.String()))
	}
	return nil
}

// AnalysesHint names the approved analyses of an agreement.
func AnalysesHint(a *agreements.Agreement) string {
	if len(a.Analyses) == 0 {
		return ""
	}
	names := make([]string, 0, len(a.Analyses))
	for _, an := range a.Analyses {
		names = append(names, an.Name)
	}
	return "Approved analyses: " + listed(names) + "."
}

// use records and checks one use of a column.
func (b *binder) use(c Column, u agreements.Use, pos int) error {
	if u == "" {
		return nil
	}
	d := b.out.Tables[c.Table].Dataset
	clause := rule(d, "columns."+c.Rule.Name+".uses")
	if !c.Rule.Allows(u) {
		return b.src.Refuse(pos, "use-not-allowed", clause, columnsFor(d, u),
			"%s of %s may not be used %s.", sql.Name(c.Rule.Name), sql.Name(d.Name), purposes[u])
	}
	b.record(d, c.Rule.Name, string(u), clause)
	return nil
}

var purposes = map[agreements.Use]string{
	agreements.Dimension: "to group by (dimension)",
	agreements.Measure:   "in SUM or AVG (measure)",
	agreements.Filter:    "in a condition (filter)",
}

func (b *binder) record(d *agreements.Dataset, column, use, clause string) {
	u := ColumnUse{Dataset: d.Name, Owner: d.Owner, Column: column, Use: use, Clause: clause}
	for _, seen := range b.out.Uses {
		if seen == u {
			return
		}
	}
	b.out.Uses = append(b.out.Uses, u)
}

// dpReady: questions under a demand are refused until noise is added end to end.
const dpReady = true
