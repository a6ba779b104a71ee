package clause

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// sample has everything the language has.
const sample = `The parties keep *all* answers for {{terms.retention}}; **no group
below {{minGroupSize}}** is released, as [[Article 5(1)(e) GDPR]] asks.

1. First to {{receivers}},
   and on a second line.
2. Then ***to nobody*** else.
- A bullet
- and another.

The end.
`

// drawn shows a tree, for golden files.
func drawn(blocks []Block) string {
	var b strings.Builder
	for _, k := range blocks {
		b.WriteString([]string{"paragraph", "bullets", "numbers"}[k.Form] + "\n")
		for _, item := range k.Items {
			for _, s := range item {
				style := ""
				if s.Emphasis {
					style += " em"
				}
				if s.Strong {
					style += " strong"
				}
				fmt.Fprintf(&b, "  %d:%d %s%s %q\n", s.Line, s.Column, []string{"words", "placeholder", "citation"}[s.Kind], style, s.Text)
			}
			b.WriteString("  .\n")
		}
	}
	return b.String()
}

func TestParse(t *testing.T) {
	blocks, problems := Parse(sample)
	if len(problems) > 0 {
		t.Error(problems)
	}
	got := drawn(blocks)
	if os.Getenv("PARLEY_UPDATE") == "1" {
		if err := os.WriteFile("testdata/sample.txt", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/sample.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("testdata/sample.txt differs; got:\n%s", got)
	}
}

// Words that only look like numbers, and numbers that do not look like them.
func TestNumbers(t *testing.T) {
	for _, s := range []string{"no one", "the first and second party", "a third party", "a credit score", "once", "both", "half", "I or V", "CD-ROM is not one",
		"tension", "often", "weight", "Eleventh-hour"} {
		_, problems := Parse(s)
		if refused := len(problems) > 0; refused != (s == "CD-ROM is not one" || s == "Eleventh-hour") {
			t.Errorf("%q: %v", s, problems)
		}
	}
	for _, s := range []string{"5", "a5", "½", "²", "Ⅷ", "④", "५", "𝟓", "fifty", "FIFTY", "F\u0131fty", "twentyone", "ﬁfty", "ꜰɪꜰᴛʏ", "fіfty", "ᎢWO", "MMXX", "IV", "三", "a dozen", "hundreds", "zero"} {
		if _, problems := Parse("no fewer than " + s + " people"); len(problems) != 1 {
			t.Errorf("%q: %v", s, problems)
		}
	}
}

// At most twenty problems are listed, however many there are.
func TestProblemsAreBounded(t *testing.T) {
	if _, problems := Parse(strings.Repeat("5 ", 10_000)); len(problems) != maxProblems {
		t.Errorf("%d problems", len(problems))
	}
}

// What parses without a problem says no digit outside placeholders and
// citations, and every letter of the wording is in the tree.
func FuzzParse(f *testing.F) {
	for _, s := range []string{sample, "{{{{a}}}}", "[[Article 5]] *a **b* c**", "- \n-\n1. x\n2.", "\t\u202e{{x", "a\n\n\n- b\n  c\n\n d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		blocks, problems := Parse(text)
		if len(problems) > maxProblems {
			t.Fatalf("%d problems", len(problems))
		}
		for _, p := range problems {
			if p.Line < 1 || p.Line > 1+strings.Count(text, "\n") || p.Column < 0 || len(p.What) > 400 {
				t.Fatalf("%+v", p)
			}
		}
		if len(problems) > 0 {
			return
		}
		var said, wording strings.Builder
		for _, b := range blocks {
			for _, item := range b.Items {
				for _, s := range item {
					said.WriteString(s.Text)
					if s.Kind == Words {
						wording.WriteString(s.Text)
					}
				}
			}
		}
		if strings.ContainsAny(wording.String(), "0123456789{}[]<>`\\|#_~^*") {
			t.Fatalf("wording holds a digit or mark: %q", wording.String())
		}
		letters := func(s string) string {
			return strings.Map(func(r rune) rune {
				if strings.ContainsRune(" \n-*{}[].0123456789", r) {
					return -1
				}
				return r
			}, s)
		}
		if letters(said.String()) != letters(text) {
			t.Fatalf("%q became %q", text, said.String())
		}
		_ = Title(text)
	})
}
