package render

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"parley/agreements"
	"parley/agreements/clause"
)

// head is what a reader needs first: what this is, between whom, for what and
// for how long.
func (b *builder) head(signers []agreements.Signed) {
	b.named("agreement", code(b.doc.ID, fromID))
	b.named("between", b.phrase("members")...)
	b.named("in force", join([]Span{say("from ")}, b.phrase("validity.notBefore"), []Span{say(" until ")}, b.phrase("validity.notAfter"),
		[]Span{say(" (")}, b.phrase("validity.days"), []Span{say(")")})...)
	if b.a.Predecessor != "" {
		b.named("takes the place of", b.phrase("predecessor")...)
	}
	var missing []Span
	for i, s := range signers {
		if !s.Signed {
			missing = append(missing, value(s.Member, member(i, "name")))
		}
	}
	if len(missing) == 0 {
		b.named("signatures", Span{Piece: agreements.Piece{Text: "signed by every member", From: fromSignatures}})
	} else {
		b.named("signatures", join([]Span{{Piece: agreements.Piece{Text: "not yet signed by ", From: fromSignatures}}},
			list(len(missing), func(i int) Span { return missing[i] }))...)
	}
	b.heading(2, say("Purpose"))
	b.verbatim(b.a.Purpose, "purpose", false)
}

func member(i int, field string) string { return fmt.Sprintf("members[%d].%s", i, field) }

// clauses renders the text that binds people.
func (b *builder) clauses() error {
	if len(b.a.Clauses) == 0 {
		return nil
	}
	b.heading(2, say("What is agreed"))
	b.paragraph(say("What is "), Span{Piece: agreements.Piece{Text: "underlined"}, Enforced: true}, say(" was filled in from fields that every owner's node enforces; the annex has all of them. The rest of the wording binds the members, and no node acts on it."))
	for i := range b.a.Clauses {
		c, at := &b.a.Clauses[i], fmt.Sprintf("clauses[%d]", i)
		b.add(Block{Kind: Heading, Level: 3, Label: []Span{value(strconv.Itoa(i+1)+".", at)}, Spans: []Span{value(c.Title, at+".title")}})
		blocks, problems := clause.Parse(c.Text)
		if len(problems) > 0 {
			return fmt.Errorf("clause %s: %w", c.ID, problems[0])
		}
		for k, block := range blocks {
			for j, item := range block.Items {
				spans, err := b.filled(item, at+".text")
				if err != nil {
					return err
				}
				out := Block{Kind: Paragraph, Level: 1, Spans: spans, First: j == 0}
				if k+1 < len(blocks) && blocks[k+1].Form != clause.Paragraph && block.Form == clause.Paragraph {
					out.Leads = true
				}
				switch block.Form {
				case clause.Bullets:
					out.Kind, out.Label = Item, []Span{say("•")}
				case clause.Numbers:
					out.Kind, out.Label = Item, []Span{value(strconv.Itoa(j+1)+".", at+".text")}
				}
				b.add(out)
			}
		}
	}
	return nil
}

// filled puts what the fields say in the places of the placeholders.
func (b *builder) filled(item []clause.Span, from string) ([]Span, error) {
	var out []Span
	for _, s := range item {
		if s.Kind != clause.Placeholder {
			out = append(out, Span{Piece: agreements.Piece{Text: s.Text, From: from}, Emphasis: s.Emphasis || s.Kind == clause.Citation, Strong: s.Strong})
			continue
		}
		pieces, err := b.a.Phrase(s.Text)
		if err != nil {
			return nil, err
		}
		marked := slices.ContainsFunc(pieces, func(p agreements.Piece) bool { return enforced(p.From) })
		for _, p := range pieces {
			out = append(out, Span{Piece: p, Emphasis: s.Emphasis, Strong: s.Strong, Enforced: marked})
		}
	}
	return out, nil
}

// enforced reports whether nodes act on the field. Title, purpose, text and
// terms bind people.
func enforced(from string) bool {
	for _, people := range []string{"title", "purpose", "template", "clauses", "terms"} {
		if from == people || strings.HasPrefix(from, people+".") || strings.HasPrefix(from, people+"[") {
			return false
		}
	}
	return from != "" && !strings.HasSuffix(from, ".description")
}

// signatures says who has signed, with which key, and when if that is known.
func (b *builder) signatures(signers []agreements.Signed, o Options) {
	b.heading(2, say("Signatures"))
	b.paragraph(say("A member signs every field of this agreement at once, with the key of its node. The id at the head of this agreement changes with every letter of any field."))
	if !o.FirstSeen.IsZero() {
		b.named("first signature here", value(moment(o.FirstSeen), fromNode), say(", by the clock of the node that rendered this"))
	}
	if o.State != "" {
		b.named("state at that node", value(o.State, fromNode), say(" since "), value(moment(o.Since), fromNode))
	}
	for i, s := range signers {
		b.heading(3, value(s.Member, member(i, "name")))
		state := "not signed yet"
		if s.Signed {
			state = "signed; the signature was verified when this was rendered"
		}
		b.named("signature", Span{Piece: agreements.Piece{Text: state, From: fromSignatures}})
		b.named("fingerprint of its key", code(s.KeyID, member(i, "identityKey")))
	}
}
