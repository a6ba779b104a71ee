package templates

import (
	"fmt"
	"strings"

	"parley/agreements"
)

// meaning says which field of the agreement stands behind a placeholder and
// what changing it does, to people who decide about it. "" if the placeholder
// only names something.
func meaning(path string) string {
	if i := strings.IndexByte(path, '['); i >= 0 {
		if j := strings.IndexByte(path, ']'); j > i {
			path = path[:i] + path[j+1:]
		}
	}
	if strings.HasPrefix(path, "dp.") {
		path = "dp"
	}
	return meanings[path]
}

var meanings = map[string]string{
	"purpose":               "purpose: what the answers may be used for. Text for people; the nodes cannot test it.",
	"validity.notBefore":    "validity.notBefore: before this moment every node refuses every question.",
	"validity.notAfter":     "validity.notAfter: from this moment on every node refuses every question, and stops those under way.",
	"validity.days":         "validity: the time between begin and end. It follows from the two.",
	"minGroupSize":          "minGroupSize: the fewest people behind any number that is released. A larger number withholds more groups; it cannot be below 10 unless all data is public. Tested on every output, inside the encryption where two owners' data are joined.",
	"datasets.minGroupSize": "minGroupSize of each dataset: the larger of the owner's and the agreement's number holds.",
	"datasets.minSetSize":   "minSetSize of each dataset: with fewer people in it, its owner's node answers nothing about it. The owner sets it in the data contract.",
	"dp":                    "dp: noise on every number (differential privacy). A smaller epsilon means more noise and less that can be learned about one person; when the budget is spent, the owner's node refuses. \"none\" means exact answers, protected by the group size alone.",
	"adHoc":                 "adHoc: whether an analyst may write questions of their own. \"no\" leaves the approved analyses alone, which is the stronger protection.",
	"datasets.adHoc":        "adHoc of each dataset: free questions need the owner's yes as well.",
	"receivers":             "receivers: nobody else is given an answer. Who asks receives.",
	"datasets.receivers":    "receivers of each dataset: an owner may allow fewer than the agreement does.",
	"datasets":              "datasets: the tables that may be asked about, with the hash of their data contracts. An owner's node refuses when its contract was changed.",
	"datasets.columns":      "columns: a column that is not listed does not exist for a question, and is used only as listed.",
	"datasets.runsPerDay":   "runsPerDay of each dataset: when it is reached, the owner's node refuses until the next day (UTC), counting all agreements together.",
	"datasets.approveRuns":  "approveRuns of each dataset: \"yes\" makes every run wait until a person at the owner's approves it, for seven days at most.",
	"datasets.publicData":   "publicData of each dataset: lower limits, because the rows are public anyway.",
	"analyses":              "analyses: the questions that may be asked by name, word by word as the annex prints them.",
	"members":               "members: the organisations whose nodes take part, each with the keys it is known by.",
}

// rulesText says in a few lines what the skeleton lets the nodes do.
func (t *Template) rulesText(line func(string, ...any)) {
	p := &t.Policy
	line("  Released numbers rest on at least %d people (minGroupSize). Contracts may ask for more.", p.MinGroupSize)
	if p.DP.None() {
		line("  No noise is added (dp: none): answers are exact and protected by the group size.")
	} else {
		line("  Noise is added to every answer (dp): %s.", p.DP)
	}
	if p.AdHoc {
		line("  Analysts may write questions of their own (adHoc: true), where the contracts allow it.")
	} else {
		line("  Only the analyses below may be asked (adHoc: false).")
	}
	line("  In force for %s from the day it is drawn up (days).", count(p.Days, "day", "days"))
	var who []string
	for _, r := range p.Receivers {
		who = append(who, "the "+t.title(r))
	}
	line("  Answers go to %s (receivers).", list(who))
	if p.RunsPerDay > 0 {
		line("  At most %s a day on every dataset (runsPerDay). Contracts may allow fewer.", count(p.RunsPerDay, "run", "runs"))
	}
	if p.ApproveRuns {
		line("  Every run waits until a person at each owner's approves it (approveRuns).")
	}
}

// list is "a", "a and b", "a, b and c".
func list(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}

// blankText describes a blank.
func (b *Blank) text(line func(string, ...any)) {
	line("  %s: %s (%s)", b.Name, b.Ask, typeWords[b.Type])
	line("      %s", b.Help)
	if b.Default != "" {
		line("      Unless something else is written: %s", b.Default)
	} else if b.Example != "" {
		line("      Such as: %s", b.Example)
	}
}

var typeWords = map[agreements.TermType]string{
	agreements.TermText: "text", agreements.TermParty: "a member", agreements.TermDate: "a date",
	agreements.TermDays: "a number of days", agreements.TermCountry: "a country or its law",
	agreements.TermEmail: "an e-mail address", agreements.TermList: "a list",
}

func (d *Dataset) text(t *Template, line func(string, ...any)) {
	line("  %s, brought by the %s: %s", d.Name, t.title(d.Owner), d.About)
	line("      %s: the person or thing, joined on and counted, never shown", d.Unit)
	for _, c := range d.Columns {
		line("      %s: %s (%s; %s)", c.Name, strings.TrimSuffix(c.About, "."), c.Type, useWords(c.Uses))
	}
}

func useWords(all []agreements.Use) string {
	words := map[agreements.Use]string{agreements.Dimension: "answers are grouped by it", agreements.Measure: "it is added up", agreements.Filter: "rows are picked by it"}
	var out []string
	for _, u := range all {
		out = append(out, words[u])
	}
	return list(out)
}

func parameterText(q *agreements.Parameter) string {
	s := fmt.Sprintf("%s (%s)", q.Name, q.Type)
	if q.Min != "" || q.Max != "" {
		s += fmt.Sprintf(", from %s to %s", q.Min, q.Max)
	}
	if len(q.Values) > 0 {
		s += ", one of " + strings.Join(q.Values, ", ")
	}
	if q.Default != "" {
		s += ", " + q.Default + " unless said otherwise"
	}
	return s
}
