package agreements

import (
	"fmt"
	"strconv"
	"time"

	"parley/agreements/words"
)

const refused = "refused"

func headBlanks() []Blank {
	return []Blank{
		{"title", "“Sales by campaign”", "", func(a *Agreement, _ int, f *phrase) error { f.quote(a.Title, "title"); return nil }},
		{"purpose", "the purpose in quotation marks", "", func(a *Agreement, _ int, f *phrase) error { f.quote(a.Purpose, "purpose"); return nil }},
		{"validity.notBefore", "1 January 2026", "", func(a *Agreement, _ int, f *phrase) error {
			f.value(words.Moment(a.Validity.NotBefore), "validity.notBefore")
			return nil
		}},
		{"validity.notAfter", "1 January 2027", "", func(a *Agreement, _ int, f *phrase) error {
			f.value(words.Moment(a.Validity.NotAfter), "validity.notAfter")
			return nil
		}},
		{"validity.days", "365 days", "", func(a *Agreement, _ int, f *phrase) error {
			f.value(words.Lasting(a.Validity.NotBefore, a.Validity.NotAfter), "validity")
			return nil
		}},
	}
}

// memberParts are what can be said of one member, or of each.
func memberParts() []Blank {
	return []Blank{
		{"address", "parley.agency.example:7400", "no address, since its node only dials out", func(a *Agreement, i int, f *phrase) error {
			if a.Members[i].Address == "" {
				f.say("no address, since its node only dials out")
			} else {
				f.code(a.Members[i].Address, fmt.Sprintf("members[%d].address", i))
			}
			return nil
		}},
		{"fingerprint", "the SHA-256 of its identity key, in hex, as in signatures", "", func(a *Agreement, i int, f *phrase) error {
			key, err := a.Members[i].Key()
			if err != nil {
				return err
			}
			f.code(KeyID(key), fmt.Sprintf("members[%d].identityKey", i))
			return nil
		}},
		{"tlsFingerprint", "the fingerprint of its node's connections, in hex", "", func(a *Agreement, i int, f *phrase) error {
			f.code(a.Members[i].TLSFingerprint, fmt.Sprintf("members[%d].tlsFingerprint", i))
			return nil
		}},
		{"datasets", "exposures", "no dataset", func(a *Agreement, i int, f *phrase) error {
			var own []int
			for j := range a.Datasets {
				if a.Datasets[j].Owner == a.Members[i].Name {
					own = append(own, j)
				}
			}
			if len(own) == 0 {
				f.say("no dataset")
			}
			f.join(len(own), func(j int) { f.code(a.Datasets[own[j]].Name, fmt.Sprintf("datasets[%d].name", own[j])) })
			return nil
		}},
	}
}

func memberBlanks() []Blank {
	out := []Blank{
		{"members", "agency and client", "", func(a *Agreement, _ int, f *phrase) error {
			f.join(len(a.Members), func(i int) { f.member(a, i) })
			return nil
		}},
		{"members.count", "2 members", "", func(a *Agreement, _ int, f *phrase) error {
			f.value(words.Quantity(int64(len(a.Members)), "member", "members"), "members")
			return nil
		}},
		{"members[NAME].name", "agency", "", func(a *Agreement, i int, f *phrase) error { f.member(a, i); return nil }},
		{"receivers", "client", "", func(a *Agreement, _ int, f *phrase) error {
			f.join(len(a.Receivers), func(i int) { f.value(a.Receivers[i], fmt.Sprintf("receivers[%d]", i)) })
			return nil
		}},
	}
	return append(out, spread("members", memberParts(), func(a *Agreement) int { return len(a.Members) },
		func(a *Agreement, i int, f *phrase) { f.member(a, i) })...)
}

// spread makes {{list[NAME].part}} and, naming each, {{list.part}} of the parts.
func spread(list string, parts []Blank, length func(*Agreement) int, name func(*Agreement, int, *phrase)) []Blank {
	var out []Blank
	for _, p := range parts {
		out = append(out, Blank{list + "[NAME]." + p.Path, p.Gives, p.Absent, p.fill},
			Blank{list + "." + p.Path, "the same of each, with its name", p.Absent, func(a *Agreement, _ int, f *phrase) error {
				for i := range length(a) {
					if i > 0 {
						f.say("; ")
					}
					name(a, i, f)
					f.say(": ")
					if err := p.fill(a, i, f); err != nil {
						return err
					}
				}
				return nil
			}})
	}
	return out
}

func (f *phrase) member(a *Agreement, i int) {
	f.value(a.Members[i].Name, fmt.Sprintf("members[%d].name", i))
}

func ruleBlanks() []Blank {
	number := func(name, gives string, get func(*DP) string) Blank {
		return Blank{"dp." + name, gives, refused, func(a *Agreement, _ int, f *phrase) error {
			if a.DP.None() {
				return errNoNoise
			}
			f.value(get(a.DP), "dp."+name)
			return nil
		}}
	}
	return []Blank{
		{"minGroupSize", "50 people", "", func(a *Agreement, _ int, f *phrase) error {
			f.value(words.Quantity(int64(a.MinGroupSize), "person", "people"), "minGroupSize")
			return nil
		}},
		{"adHoc", "questions may be asked freely in SQL, within the rules of each dataset that allows it", "only the approved analyses may be asked",
			func(a *Agreement, _ int, f *phrase) error {
				f.choice(a.AdHoc, "adHoc", "questions may be asked freely in SQL, within the rules of each dataset that allows it", "only the approved analyses may be asked")
				return nil
			}},
		{"dp", "noise is added to every answer (epsilon 1 and delta 0.000001 for a run, epsilon 10 and delta 0.00001 for all runs on a dataset ever)",
			"no noise is added to answers", func(a *Agreement, _ int, f *phrase) error { f.noise(a.DP, "dp"); return nil }},
		number("epsilon", "1", func(d *DP) string { return d.Epsilon }),
		number("delta", "0.000001", func(d *DP) string { return d.Delta }),
		number("budgetEpsilon", "10", func(d *DP) string { return d.BudgetEpsilon }),
		number("budgetDelta", "0.00001", func(d *DP) string { return d.BudgetDelta }),
		{"dp.periodDays", "30 days", "all time; refused without dp", func(a *Agreement, _ int, f *phrase) error {
			if a.DP.None() {
				return errNoNoise
			}
			f.period(a.DP, "dp")
			return nil
		}},
	}
}

// choice words a flag. Both wordings come from it.
func (f *phrase) choice(flag bool, from, yes, no string) {
	if !flag {
		yes = no
	}
	f.value(yes, from)
}

// noise words a demand, which stands at the path from.
func (f *phrase) noise(d *DP, from string) {
	if d.None() {
		f.value("no noise is added to answers", from)
		return
	}
	f.choice(d.AdHocOnly, from+".adHocOnly", "noise is added to every answer that is not of an approved analysis", "noise is added to every answer")
	f.say(" (epsilon ")
	f.value(d.Epsilon, from+".epsilon")
	f.say(" and delta ")
	f.value(d.Delta, from+".delta")
	f.say(" for a run, epsilon ")
	f.value(d.BudgetEpsilon, from+".budgetEpsilon")
	f.say(" and delta ")
	f.value(d.BudgetDelta, from+".budgetDelta")
	f.say(" for all runs on a dataset ")
	f.value(ever(d), from+".periodDays")
	f.say(")")
}

func ever(d *DP) string {
	if d.PeriodDays > 0 {
		return "in any " + words.Quantity(int64(d.PeriodDays), "day", "days")
	}
	return "ever"
}

func (f *phrase) period(d *DP, from string) {
	text := "all time"
	if d.PeriodDays > 0 {
		text = words.Quantity(int64(d.PeriodDays), "day", "days")
	}
	f.value(text, from+".periodDays")
}

func lastBlanks() []Blank {
	return []Blank{
		{"analyses", "sales", "no approved analysis", func(a *Agreement, _ int, f *phrase) error {
			if len(a.Analyses) == 0 {
				f.value("no approved analysis", "analyses")
			}
			f.join(len(a.Analyses), func(i int) { f.code(a.Analyses[i].Name, fmt.Sprintf("analyses[%d].name", i)) })
			return nil
		}},
		{"analyses[NAME].description", "its description in quotation marks", refused, func(a *Agreement, i int, f *phrase) error {
			if a.Analyses[i].Description == "" {
				return fmt.Errorf("the analysis %s has no description", quoted(a.Analyses[i].Name))
			}
			f.quote(a.Analyses[i].Description, fmt.Sprintf("analyses[%d].description", i))
			return nil
		}},
		{"clauses[NAME]", "clause 7", refused, func(a *Agreement, i int, f *phrase) error {
			f.say("clause ")
			f.value(strconv.Itoa(i+1), fmt.Sprintf("clauses[%d]", i))
			return nil
		}},
		{"template", "campaign-measurement, version 3", "no template", func(a *Agreement, _ int, f *phrase) error {
			if a.Template == nil {
				f.say("no template")
				return nil
			}
			f.code(a.Template.Name, "template.name")
			f.say(", version ")
			f.value(strconv.Itoa(a.Template.Version), "template.version")
			return nil
		}},
		{"predecessor", "the id of the agreement that this one amends", "no earlier agreement", func(a *Agreement, _ int, f *phrase) error {
			if a.Predecessor == "" {
				f.say("no earlier agreement")
			} else {
				f.code(a.Predecessor, "predecessor")
			}
			return nil
		}},
	}
}

// dayCount and dateWords word the values of terms.
func dayCount(v string) string {
	n, _ := strconv.ParseInt(v, 10, 64)
	return words.Quantity(n, "day", "days")
}

func dateWords(v string) string {
	d, err := time.Parse(time.DateOnly, v)
	if err != nil {
		return v
	}
	return d.Format("2 January 2006")
}
