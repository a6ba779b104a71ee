package agreements

import (
	"fmt"

	"parley/agreements/words"
)

// datasetParts are what can be said of one dataset, or of each.
func datasetParts() []Blank {
	at := func(i int, field string) string { return fmt.Sprintf("datasets[%d].%s", i, field) }
	return []Blank{
		{"owner", "agency", "", func(a *Agreement, i int, f *phrase) error {
			f.value(a.Datasets[i].Owner, at(i, "owner"))
			return nil
		}},
		{"unit", "E-Mail", "", func(a *Agreement, i int, f *phrase) error {
			f.code(a.Datasets[i].Rules.Unit.Column, at(i, "rules.unit.column"))
			return nil
		}},
		{"contract", "the hash of the data contract", "", func(a *Agreement, i int, f *phrase) error {
			f.code(a.Datasets[i].ContractHash, at(i, "contractHash"))
			return nil
		}},
		{"minGroupSize", "60 people, the larger of the owner's and the agreement's", "the agreement's", func(a *Agreement, i int, f *phrase) error {
			n, from := a.MinGroupSize, "minGroupSize"
			if own := a.Datasets[i].Rules.MinGroupSize; own > n {
				n, from = own, at(i, "rules.minGroupSize")
			}
			f.value(words.Quantity(int64(n), "person", "people"), from)
			return nil
		}},
		{"minSetSize", "2,000 people", "1,000 people; of public data: no minimum", func(a *Agreement, i int, f *phrase) error {
			f.setSize(&a.Datasets[i].Rules, at(i, "rules.minSetSize"))
			return nil
		}},
		{"maxRowsPerUnit", "500 rows", "", func(a *Agreement, i int, f *phrase) error {
			f.value(words.Quantity(a.Datasets[i].Rules.MaxRowsPerUnit, "row", "rows"), at(i, "rules.maxRowsPerUnit"))
			return nil
		}},
		{"columns", "campaign (grouped by and filtered by)", "no column", func(a *Agreement, i int, f *phrase) error {
			f.columns(&a.Datasets[i].Rules, at(i, "rules.columns"))
			return nil
		}},
		{"receivers", "client", "the agreement's receivers", func(a *Agreement, i int, f *phrase) error {
			r, from := a.Datasets[i].Rules.Receivers, at(i, "rules.receivers")
			if len(r) == 0 {
				r, from = a.Receivers, "receivers"
			}
			f.join(len(r), func(j int) { f.value(r[j], fmt.Sprintf("%s[%d]", from, j)) })
			return nil
		}},
		{"runsPerDay", "20 runs a day", "any number of runs a day", func(a *Agreement, i int, f *phrase) error {
			text := "any number of runs a day"
			if n := a.Datasets[i].Rules.RunsPerDay; n > 0 {
				text = words.Quantity(int64(n), "run", "runs") + " a day"
			}
			f.value(text, at(i, "rules.runsPerDay"))
			return nil
		}},
		{"approveRuns", "every run waits until a person at its owner's approves it", "runs begin without a person's approval", func(a *Agreement, i int, f *phrase) error {
			f.choice(a.Datasets[i].Rules.ApproveRuns, at(i, "rules.approveRuns"),
				"every run waits until a person at its owner's approves it", "runs begin without a person's approval")
			return nil
		}},
		{"adHoc", "SQL may be asked that nobody approved before", "only approved analyses may be asked", func(a *Agreement, i int, f *phrase) error {
			switch r := &a.Datasets[i].Rules; {
			case r.AdHoc && !a.AdHoc:
				f.value("only approved analyses may be asked", "adHoc")
			default:
				f.choice(r.AdHoc, at(i, "rules.adHoc"), "SQL may be asked that nobody approved before", "only approved analyses may be asked")
			}
			return nil
		}},
		{"dp", "the owner's own demand, as {{dp}}", "the owner demands no noise of its own", func(a *Agreement, i int, f *phrase) error {
			if d := a.Datasets[i].Rules.DP; d.None() {
				f.value("the owner demands no noise of its own", at(i, "rules.dp"))
			} else {
				f.noise(d, at(i, "rules.dp"))
			}
			return nil
		}},
		{"publicData", "its rows are public anyway, so lower limits apply", "its rows are not public", func(a *Agreement, i int, f *phrase) error {
			f.choice(a.Datasets[i].Rules.PublicData, at(i, "rules.publicData"), "its rows are public anyway, so lower limits apply", "its rows are not public")
			return nil
		}},
	}
}

func datasetBlanks() []Blank {
	name := func(a *Agreement, i int, f *phrase) { f.code(a.Datasets[i].Name, fmt.Sprintf("datasets[%d].name", i)) }
	out := []Blank{
		{"datasets", "exposures of agency and orders of client", "", func(a *Agreement, _ int, f *phrase) error {
			f.join(len(a.Datasets), func(i int) {
				name(a, i, f)
				f.say(" of ")
				f.value(a.Datasets[i].Owner, fmt.Sprintf("datasets[%d].owner", i))
			})
			return nil
		}},
		{"datasets.count", "2 datasets", "", func(a *Agreement, _ int, f *phrase) error {
			f.value(words.Quantity(int64(len(a.Datasets)), "dataset", "datasets"), "datasets")
			return nil
		}},
	}
	return append(out, spread("datasets", datasetParts(), func(a *Agreement) int { return len(a.Datasets) }, name)...)
}

// setSize words the fewest units, with what holds where none is written.
func (f *phrase) setSize(r *Rules, from string) {
	switch {
	case r.MinSetSize > 0:
		f.value(words.Quantity(int64(r.MinSetSize), "person", "people"), from)
	case r.PublicData:
		f.value("no minimum", from)
	default:
		f.value(words.Quantity(FloorSetSize, "person", "people"), from)
	}
}

// columns words the columns and their uses.
func (f *phrase) columns(r *Rules, from string) {
	if len(r.Columns) == 0 {
		f.value("no column", from)
	}
	f.join(len(r.Columns), func(i int) {
		c := &r.Columns[i]
		f.code(c.Name, fmt.Sprintf("%s[%d].name", from, i))
		f.say(" (")
		f.join(len(c.Uses), func(j int) { f.value(UseWords(c.Uses[j]), fmt.Sprintf("%s[%d].uses[%d]", from, i, j)) })
		f.say(")")
	})
}

// UseWords says what a column may be, by a use of it.
func UseWords(u Use) string {
	return map[Use]string{Dimension: "grouped by", Measure: "added up", Filter: "filtered by"}[u]
}
