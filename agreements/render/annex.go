package render

import (
	"fmt"
	"strconv"
	"time"

	"parley/agreements"
	"parley/agreements/words"
)

func moment(t time.Time) string { return words.Day(t) }

// annex words every field that nodes enforce, and then those that say where
// the text came from.
func (b *builder) annex() error {
	a := b.a
	b.add(Block{Kind: Heading, Level: 2, Page: true, Spans: []Span{say("Annex: what the machine enforces")}})
	b.paragraph(say("This annex was made wholly from the fields of the agreement. Each owner's node compiles and checks every question against its own copy of them, and refuses what they do not allow."))
	b.heading(3, say("Answers"))
	b.named("in force", value(words.Day(a.Validity.NotBefore), "validity.notBefore"), say(" (included) until "),
		value(words.Day(a.Validity.NotAfter), "validity.notAfter"), say(" (not included)"))
	b.entry("minGroupSize", join([]Span{say("no released output rests on fewer than ")}, b.phrase("minGroupSize"), []Span{say(", or things, where a dataset is about things")})...)
	b.entry("receivers", b.phrase("receivers")...)
	b.entry("adHoc", choice(a.AdHoc, "adHoc", "yes, within the rules of each dataset that allows it", "no, only the approved analyses below"))
	b.noise(a.DP, "dp")
	b.heading(3, say("Members"))
	for i := range a.Members {
		b.member(i)
	}
	for i := range a.Datasets {
		b.dataset(i)
	}
	for i := range a.Analyses {
		b.analysis(i)
	}
	b.origins()
	return nil
}

func (b *builder) member(i int) {
	m := &b.a.Members[i]
	b.heading(4, value(m.Name, member(i, "name")))
	if m.Address == "" {
		b.entry(member(i, "address"), say("none: its node only dials out"))
	} else {
		b.entry(member(i, "address"), code(m.Address, member(i, "address")))
	}
	b.entry(member(i, "identityKey"), code(m.IdentityKey, member(i, "identityKey")))
	b.entry(member(i, "tlsFingerprint"), code(m.TLSFingerprint, member(i, "tlsFingerprint")))
	b.entry(member(i, "ageRecipient"), code(m.AgeRecipient, member(i, "ageRecipient")))
}

// noise words a demand and what it means.
func (b *builder) noise(d *agreements.DP, from string) {
	if d.None() {
		b.entry(from, value("none: answers are exact, and protected by the minimum group size alone", from))
		return
	}
	of := "noise is added to every answer"
	if d.AdHocOnly {
		of = "noise is added to every answer to free SQL; answers of approved analyses are exact"
	}
	b.entry(from, value(of, from+".adHocOnly"))
	b.entry(from+".epsilon", code(d.Epsilon, from+".epsilon"), say(": no answer becomes more than "),
		value(words.Times(d.Epsilon), from+".epsilon"), say(" as likely, or as unlikely, through the data of any one person"))
	meaning := []Span{code(d.Delta, from+".delta")}
	if s := words.OneIn(d.Delta); s != "" {
		meaning = append(meaning, say(": the chance that this does not hold is at most "), value(s, from+".delta"))
	}
	b.entry(from+".delta", meaning...)
	period := "ever"
	if d.PeriodDays > 0 {
		period = "in any " + words.Quantity(int64(d.PeriodDays), "day", "days")
	}
	for _, f := range []struct{ field, v string }{{"budgetEpsilon", d.BudgetEpsilon}, {"budgetDelta", d.BudgetDelta}} {
		b.entry(from+"."+f.field, code(f.v, from+"."+f.field), say(" on one dataset, "), value(period, from+".periodDays"), say(", under all agreements together"))
	}
}

func (b *builder) analysis(i int) {
	n, at := &b.a.Analyses[i], fmt.Sprintf("analyses[%d]", i)
	b.heading(3, say("Approved analysis "), code(n.Name, at+".name"))
	if n.Description != "" {
		b.verbatim(n.Description, at+".description", false)
	}
	b.verbatim(n.SQL, at+".sql", true)
	for j := range n.Parameters {
		b.parameter(&n.Parameters[j], fmt.Sprintf("%s.parameters[%d]", at, j))
	}
}

func (b *builder) parameter(q *agreements.Parameter, at string) {
	spans := []Span{say("parameter "), code("$"+q.Name, at+".name"), say(": ")}
	if q.Type == agreements.List {
		spans = append(spans, value("list", at+".type"), say(" of "), value(typeWords(q.Of), at+".of"), say(", at most "),
			value(words.Quantity(int64(q.MaxItems), "value", "values"), at+".maxItems"))
	} else {
		spans = append(spans, value(typeWords(q.Type), at+".type"))
	}
	spans = append(spans, limits(q.Min, q.Max, at)...)
	if len(q.Values) > 0 {
		spans = append(append(spans, say("; one of ")), literals(q.Item(), q.Values, at+".values")...)
	}
	if q.Default != "" {
		spans = append(spans, say("; unless said otherwise "), code(literal(q.Type, q.Default), at+".default"))
	}
	first := b.doc.Blocks[len(b.doc.Blocks)-1].Kind != Item
	b.add(Block{Kind: Item, Label: []Span{say("•")}, Spans: spans, First: first})
}

// origins says where the text came from. No node acts on it.
func (b *builder) origins() {
	b.heading(3, say("Where the text came from"))
	if t := b.a.Template; t == nil {
		b.named("template", say("none"))
	} else {
		b.entry("template.name", code(t.Name, "template.name"), say(", version "), value(strconv.Itoa(t.Version), "template.version"))
		b.entry("template.hash", code(t.Hash, "template.hash"))
	}
	for i, t := range b.a.Terms {
		at := fmt.Sprintf("terms[%d]", i)
		b.add(Block{Kind: Entry, Label: []Span{say("Term "), code(t.Name, at+".name")}, Spans: append(b.phrase("terms."+t.Name), say(" ("), value(string(t.Type), at+".type"), say(")"))})
	}
	if len(b.a.Clauses) > 0 {
		b.named("clauses", list(len(b.a.Clauses), func(i int) Span { return code(b.a.Clauses[i].ID, fmt.Sprintf("clauses[%d].id", i)) })...)
	}
	b.named("format", code(b.a.Format, "format"))
}
