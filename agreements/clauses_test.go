package agreements

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

const (
	receiversLine = "Answers go to {{receivers}} and are kept for {{terms.retention}}. They are"
	basisTerm     = "{name: legalBasis, type: text, value: legitimate interests}"
	retentionTerm = `{name: retention, type: days, value: "90"}`
)

// clauseEdits are drafts whose text could disagree with what the nodes
// enforce, or cannot be read in one way.
func clauseEdits() []edit {
	in := func(name, wording string) edit { return one(name, "nothing is asked any more.", wording) }
	term := func(name, to string) edit { return one(name, retentionTerm, to) }
	return []edit{
		in("a number in digits", "no group below 50 people."),
		in("digits of another script", "no group below ٥٠ people."),
		in("full-width digits", "no group below ５０ people."),
		in("superscript", "no group below ⁵⁰ people."),
		in("a number in words", "no group below Fifty people."),
		in("a number in words in two parts", "no group below twenty-five people."),
		in("a number in words, emphasised in the middle", "no group below f*if*ty people."),
		in("a number in words with an accent", "no group below fífty people."),
		in("a number in mathematical letters", "no group below 𝐟𝐢𝐟𝐭𝐲 people."),
		in("a number in words with a Cyrillic letter", "no group below f\u0456fty people."),
		in("an ordinal in words", "the tenth day."),
		in("a Roman number", "no group below XXV people."),
		in("an ideograph", "no group below 五十 people."),
		in("digits against a placeholder", "no group below {{minGroupSize}}0."),
		in("a member's name", "only agency sees them."),
		in("a dataset's name", "only the dataset orders is asked."),
		in("a column's name in quotation marks", "only “amount” is summed."),
		in("a column's name", "only the column Amount is summed."),
		in("an analysis's name", "only the analysis sales is asked."),
		in("a number that stands as a citation", "no group below [[50]] people."),
		in("a sentence as a citation", "no group [[Section below 50 people]]."),
		in("a citation of Markdown", "[[Article *5* GDPR]]."),
		in("an open citation", "[[Article 5 GDPR."),
		in("an unknown placeholder", "{{maxGroupSize}}."),
		in("an index", "{{members[0].address}}."),
		in("a strange member", "{{members[bank].address}}."),
		in("a strange part of a member", "{{members[agency].age}}."),
		in("a strange clause", "{{clauses[liability]}}."),
		in("noise that is not agreed", "{{dp.epsilon}}."),
		in("no such term", "{{terms.liability}}."),
		in("a member by a term that names none", "{{members[terms.legalBasis].address}}."),
		in("spaces in a placeholder", "{{ minGroupSize }}."),
		in("nested braces", "{{{{minGroupSize}}}}."),
		in("an open placeholder", "{{minGroupSize."),
		in("one brace", "{minGroupSize}."),
		in("a link", "[here](more)."),
		in("HTML", "<b>here</b>."),
		in("a heading", "\n      # Heading"),
		in("code", "`here`."),
		in("a table", "a | b"),
		in("open emphasis", "*here."),
		in("open strong emphasis", "**here*."),
		in("a list that begins at two", "\n      2. here"),
		in("a list that leaves out two", "\n      1. here\n      3. there"),
		in("an item of two paragraphs", "\n      - here\n\n        there"),
		in("an item that goes on at the margin", "\n      - here\n      there"),
		in("an empty item", "\n      - "),
		one("no wording", "    text: |\n      Each of {{members}} is the controller of its own data, as\n      [[Article 4(7) GDPR]] has it, and relies on {{terms.legalBasis}}.\n", "    text: '  '\n"),
		one("a number in a title", "title: Answers", "title: 50 answers"),
		one("a placeholder in a title", "title: Answers", "title: Answers of {{minGroupSize}}"),
		one("a member's name in a title", "title: Answers", "title: Answers of client"),
		one("a clause's id", "id: answers", "id: Answers"),
		one("a clause's id twice", "id: answers", "id: controllers"),
		one("no title of a clause", "title: Answers", "title: ''"),
		one("a title of two lines", "title: Answers", `title: "Answers\nB"`),
		one("long wording", "They are", strings.Repeat("long ", 4000)),
		term("a term without use", retentionTerm+"\n  - {name: liability, type: text, value: none}"),
		term("a term that is not filled in", `{name: retention, type: days, value: ""}`),
		term("a term of spaces", `{name: retention, type: text, value: "  "}`),
		term("a term twice", retentionTerm+"\n  - "+retentionTerm),
		term("a term's name", `{name: Retention, type: days, value: "90"}`),
		term("a term's type", `{name: retention, type: number, value: "90"}`),
		term("a term with a space at its end", `{name: retention, type: text, value: "90 days "}`),
		term("a term of two paragraphs", `{name: retention, type: text, value: "none\n\n9. Liability"}`),
		term("a term with a direction mark", `{name: retention, type: text, value: "\u202enone"}`),
		term("a party that is no member", `{name: retention, type: party, value: bank}`),
		term("a date that does not exist", `{name: retention, type: date, value: 2026-02-30}`),
		term("days in words", `{name: retention, type: days, value: ninety}`),
		term("too many days", `{name: retention, type: days, value: "36501"}`),
		term("a country of digits", `{name: retention, type: country, value: "49"}`),
		term("an address of two people", `{name: retention, type: email, value: "a@b.example, c@d.example"}`),
		term("a list with an empty item", `{name: retention, type: list, value: "a\n\nb"}`),
		one("a template without hash", "clauses:\n", "template: {name: overlap, version: 1}\nclauses:\n"),
		one("a template's version", "clauses:\n", "template: {name: overlap, version: 0, hash: \"sha256:"+tlsOne+"\"}\nclauses:\n"),
		one("a template's name", "clauses:\n", "template: {name: Over lap, version: 1, hash: \"sha256:"+tlsOne+"\"}\nclauses:\n"),
	}
}

func TestAcceptedClauses(t *testing.T) {
	in := func(name, wording string) edit { return one(name, "nothing is asked any more.", wording) }
	for _, e := range []edit{
		in("every kind of list and emphasis", "**all** *of* it\n\n      1. this,\n         {{minGroupSize}}\n      2. *that* {{clauses[controllers]}}\n\n      - and\n\n      so"),
		in("no one, third parties", "no one and no third party, in the first or second place"),
		in("ordinary words that are names too", "what the campaign sold, and which orders are returned"),
		in("accents and other alphabets", "Vertragsstrafe für Überschreitung, Договор, 合意"),
		in("citations", "[[Article 28(3) GDPR]], [[§ 26 BDSG]], [[Regulation (EU) 2016/679 of the European Parliament]], [[Section 3(1)(a)]]"),
		one("a term as key", retentionTerm, `{name: retention, type: party, value: client}`),
		one("a template", "clauses:\n", "template: {name: campaign-measurement, version: 3, hash: \"sha256:"+tlsOne+"\"}\nclauses:\n"),
		one("a list", retentionTerm, `{name: retention, type: list, value: "one year\ntwo\nthree"}`),
		one("a country", retentionTerm, `{name: retention, type: country, value: Côte d'Ivoire}`),
	} {
		if _, err := ParseDraft([]byte(replaced(t, example(t), e.pairs...))); err != nil {
			t.Errorf("%s: %v", e.name, err)
		}
	}
	if _, err := ParseDraft([]byte(replaced(t, example(t), retentionTerm, `{name: retention, type: party, value: client}`,
		"kept for {{terms.retention}}", "kept at {{members[terms.retention].address}}"))); err != nil {
		t.Error(err)
	}
}

// Every placeholder in the words it gives for the example.
func TestPhrases(t *testing.T) {
	a := edited(t, "clauses:\n", "template: {name: campaign-measurement, version: 3, hash: \"sha256:"+tlsOne+"\"}\nclauses:\n")
	var out strings.Builder
	for _, b := range Blanks() {
		for _, path := range withNames(b.Path) {
			pieces, err := a.Phrase(path)
			if err != nil {
				fmt.Fprintf(&out, "%s\n    refused: %v\n", path, err)
				continue
			}
			fmt.Fprintf(&out, "%s\n    %s\n", path, joined(pieces))
		}
	}
	golden(t, "phrases.txt", []byte(out.String()))
}

// withNames puts the example's names for NAME.
func withNames(path string) []string {
	var out []string
	for list, names := range map[string][]string{"members": {"agency", "client"}, "datasets": {"exposures", "orders"}, "analyses": {"sales"}, "clauses": {"answers"}} {
		if strings.HasPrefix(path, list+"[NAME]") {
			for _, n := range names {
				out = append(out, strings.Replace(path, "NAME", n, 1))
			}
			return out
		}
	}
	return []string{path}
}

func joined(pieces []Piece) string {
	var b strings.Builder
	for _, p := range pieces {
		b.WriteString(p.Text)
	}
	return b.String()
}

// What a value says is never read: neither as a placeholder nor as markup.
func TestValuesAreNotRead(t *testing.T) {
	a := edited(t, "value: legitimate interests", `value: "{{minGroupSize}} **and** {{terms.retention}} [[Article 1]] {{{{"`)
	pieces, err := a.Phrase("terms.legalBasis")
	must(t, err)
	if got, want := joined(pieces), "{{minGroupSize}} **and** {{terms.retention}} [[Article 1]] {{{{"; got != want || len(pieces) != 1 {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A short draft must not make a long text.
func TestFilledInClausesAreBounded(t *testing.T) {
	a := edited(t)
	a.Purpose = strings.Repeat("purpose ", 490)
	a.Clauses[0].Text += strings.Repeat("{{purpose}}", 300)
	if err := a.Check(); err == nil || err.Error() != "clauses: with their placeholders filled in they have more than 1048576 bytes" {
		t.Error(err)
	}
}

// The table in AGREEMENT.md is this one.
func TestDocumentedBlanks(t *testing.T) {
	var want strings.Builder
	want.WriteString("| placeholder | gives | without the field |\n|---|---|---|\n")
	for _, b := range Blanks() {
		fmt.Fprintf(&want, "| `{{%s}}` | %s | %s |\n", b.Path, b.Gives, b.Absent)
	}
	doc, err := os.ReadFile("AGREEMENT.md")
	must(t, err)
	if !strings.Contains(string(doc), want.String()) {
		t.Errorf("AGREEMENT.md does not have this table:\n%s", want.String())
	}
}
