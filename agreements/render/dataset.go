package render

import (
	"fmt"
	"strings"

	"parley/agreements"
	"parley/agreements/words"
)

// dataset words one dataset's rules; what is not written is said as it holds.
func (b *builder) dataset(i int) {
	d, at := &b.a.Datasets[i], fmt.Sprintf("datasets[%d]", i)
	r, rules := &d.Rules, fmt.Sprintf("datasets[%d].rules", i)
	part := func(name string) []Span { return b.phrase("datasets[" + d.Name + "]." + name) }
	b.heading(3, say("Dataset "), code(d.Name, at+".name"), say(" of "), value(d.Owner, at+".owner"))
	b.entry(at+".contractHash", part("contract")...)
	b.entry(rules+".unit.column", join(part("unit"), []Span{say(", "), value(normWords[r.Unit.Normalisation], rules+".unit.normalisation")}, region(r.Unit.Region, rules))...)
	if r.MinGroupSize > 0 {
		b.entry(rules+".minGroupSize", value(words.Quantity(int64(r.MinGroupSize), "person", "people"), rules+".minGroupSize"), say("; the larger of it and the agreement's holds"))
	} else {
		b.entry(rules+".minGroupSize", value("none of its own", rules+".minGroupSize"))
	}
	b.entry(rules+".minSetSize", part("minSetSize")...)
	b.entry(rules+".maxRowsPerUnit", part("maxRowsPerUnit")...)
	b.entry(rules+".publicData", choice(r.PublicData, rules+".publicData", "yes, so lower limits apply", "no"))
	b.entry(rules+".adHoc", choice(r.AdHoc, rules+".adHoc", "yes, where the agreement allows it", "no, only approved analyses"))
	if r.DP.None() {
		b.entry(rules+".dp", value("none of its own", rules+".dp"))
	} else {
		b.noise(r.DP, rules+".dp")
	}
	b.entry(rules+".groupsPerUnit", value(words.Quantity(int64(max(r.GroupsPerUnit, 1)), "group", "groups"), rules+".groupsPerUnit"))
	b.entry(rules+".rowsPerUnit", value(words.Quantity(max(r.RowsPerUnit, 1), "row", "rows"), rules+".rowsPerUnit"))
	if r.RunsPerDay > 0 {
		b.entry(rules+".runsPerDay", value(words.Quantity(int64(r.RunsPerDay), "run", "runs"), rules+".runsPerDay"), say(" from midnight to midnight UTC, under all agreements together"))
	} else {
		b.entry(rules+".runsPerDay", value("any number", rules+".runsPerDay"))
	}
	b.entry(rules+".approveRuns", choice(r.ApproveRuns, rules+".approveRuns", "yes, until a person there approves it", "no"))
	b.entry(rules+".receivers", part("receivers")...)
	if len(r.Functions) > 0 {
		b.entry(rules+".functions", values(r.Functions, rules+".functions", true)...)
	} else {
		b.entry(rules+".functions", value("all that questions may use", rules+".functions"))
	}
	if len(r.Columns) == 0 {
		b.named("columns", value("none: only its people are counted", rules+".columns"))
		return
	}
	b.add(Block{Kind: Paragraph, Leads: true, Spans: []Span{say("What is not among these columns does not exist for a question:")}})
	for j := range r.Columns {
		b.add(Block{Kind: Item, Label: []Span{say("•")}, Spans: column(&r.Columns[j], fmt.Sprintf("%s.columns[%d]", rules, j)), First: j == 0})
	}
}

func region(r, rules string) []Span {
	if r == "" {
		return nil
	}
	return []Span{say(", numbers without a country code being of "), value(r, rules+".unit.region")}
}

// column is what may be done with a column, in one sentence.
func column(c *agreements.Column, at string) []Span {
	spans := []Span{code(c.Name, at+".name"), say(": "), value(typeWords(c.Type), at+".type")}
	if c.Type == agreements.Decimal {
		spans = append(spans, say(" with "), value(words.Quantity(int64(c.Scale), "decimal", "decimals"), at+".scale"))
	}
	spans = append(spans, say(", "), choice(c.Nullable, at+".nullable", "may be missing", "never missing"), say("; may be "))
	spans = append(spans, list(len(c.Uses), func(i int) Span { return value(agreements.UseWords(c.Uses[i]), fmt.Sprintf("%s.uses[%d]", at, i)) })...)
	spans = append(spans, limits(c.Min, c.Max, at)...)
	if len(c.Operators) > 0 {
		spans = append(append(spans, say("; tested only by ")), values(c.Operators, at+".operators", true)...)
	}
	if c.Clip != "" {
		spans = append(spans, say("; one person adds at most "), code(c.Clip, at+".clip"), say(" to a noisy sum in one group"))
	}
	if len(c.Domain) > 0 {
		spans = append(append(spans, say("; has "), value(words.Quantity(int64(len(c.Domain)), "value", "values"), at+".domain"), say(": ")),
			literals(c.Type, c.Domain, at+".domain")...)
	}
	return spans
}

// limits words optional bounds.
func limits(low, high, at string) []Span {
	switch l, h := code(low, at+".min"), code(high, at+".max"); {
	case low != "" && high != "":
		return []Span{say("; from "), l, say(" to "), h}
	case low != "":
		return []Span{say("; at least "), l}
	case high != "":
		return []Span{say("; at most "), h}
	}
	return nil
}

// literals spells values as in SQL: an analyst has to know them to ask for one.
func literals(t agreements.Type, all []string, at string) []Span {
	return list(len(all), func(i int) Span {
		return Span{Piece: agreements.Piece{Text: literal(t, all[i]), From: fmt.Sprintf("%s[%d]", at, i), Code: true}}
	})
}

func literal(t agreements.Type, v string) string {
	if t == agreements.Text {
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	}
	return v
}

func typeWords(t agreements.Type) string {
	switch t {
	case agreements.Integer:
		return "whole number"
	case agreements.Decimal:
		return "decimal number"
	case agreements.Boolean:
		return "true or false"
	}
	return string(t)
}

var normWords = map[agreements.Normalisation]string{
	agreements.NormExact:  "compared letter by letter (exact/v1)",
	agreements.NormEmail:  "an e-mail address (email/v1)",
	agreements.NormPhone:  "a phone number (phone-e164/v1)",
	agreements.NormSHA256: "a SHA-256 hash of a value (sha256/v1)",
}
