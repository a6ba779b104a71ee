package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"parley/agreements"
	"parley/agreements/render"
	"parley/agreements/render/pdf"
	"parley/cleanroom"
	"parley/cleanroom/store"
)

func agreementRender() *cobra.Command {
	var h home
	var to, out string
	c := &cobra.Command{
		Use: "render FILE|ID --to text|html|pdf -o FILE", Short: "Print an agreement to read, to file or to print out",
		Long: `Writes the clauses with every placeholder filled in, who has signed, and an annex
that says in words what the nodes enforce. Every page of the PDF, and of the
printed HTML, carries the agreement's id. Signatures are verified first. A file
always gives the same bytes; by id, with --home, it also says when this node had
the first signature and what the agreement is now. HTML is the form for screen
readers.`,
		Example: "  parley agreement render draft.yaml --to pdf -o draft.pdf\n  parley agreement render 1f0c27 --home ~/acme --to html -o agreement.html",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			form, ok := renderers[to]
			if !ok {
				return withCode(exitUsage, fmt.Errorf("--to %s is not known; use text, html or pdf", to))
			}
			e, known, err := lookUp(cmd, h, args[0])
			if err != nil {
				return err
			}
			b, err := rendered(e, known, form)
			if err != nil {
				return err
			}
			if out == "" {
				_, err = io.Copy(cmd.OutOrStdout(), bytes.NewReader(b))
				return err
			}
			return os.WriteFile(out, b, 0o644)
		},
	}
	optionalHome(c, &h)
	c.Flags().StringVar(&to, "to", "text", "`FORM`: text, html or pdf")
	c.Flags().StringVarP(&out, "output", "o", "", "`FILE` to write; default: standard output")
	return c
}

var renderers = map[string]func(*render.Document) ([]byte, error){
	"text": func(d *render.Document) ([]byte, error) { return []byte(render.Text(d)), nil },
	"html": func(d *render.Document) ([]byte, error) { return render.HTML(d), nil },
	"pdf":  pdf.Render,
}

// stateWords are the states of an agreement for people.
var stateWords = map[store.AgreementState]string{
	store.AgreementPending: "waiting for signatures", store.AgreementActive: "signed by every member", store.AgreementSuspended: "suspended",
	store.AgreementSuperseded: "replaced by an amendment", store.AgreementRevoked: "revoked", store.AgreementExpired: "expired",
}

// rendered renders an envelope, with what a node knows of it; nil: nothing.
func rendered(e *agreements.Envelope, known *cleanroom.Collaboration, form func(*render.Document) ([]byte, error)) ([]byte, error) {
	var o render.Options
	if known != nil {
		o = render.Options{State: stateWords[known.State], Since: known.Since, FirstSeen: known.FirstSeen}
	}
	d, err := render.New(e, o)
	if err == nil {
		var b []byte
		if b, err = form(d); err == nil {
			return b, nil
		}
	}
	if errors.Is(err, agreements.ErrTampered) || errors.Is(err, pdf.ErrLetters) {
		err = withCode(exitRefused, err)
	}
	return nil, err
}

// clausesTopic is `parley help clauses`.
func clausesTopic() *cobra.Command {
	long := clausesHelp
	for _, b := range agreements.Blanks() {
		long += "  {{" + b.Path + "}}\n      " + b.Gives + "\n"
		if b.Absent != "" {
			long += "      without it: " + b.Absent + "\n"
		}
	}
	return &cobra.Command{Use: "clauses", Short: "How the clauses of an agreement are written, and what they may quote", Long: long + clausesEnd}
}

const clausesHelp = `How the clauses of an agreement are written

A clause is text that binds people. Where it needs a number or a name, it quotes
the field of the agreement that holds it, so that the text says what the nodes
enforce and changes with it:

    clauses:
      - id: answers
        title: Answers
        text: |
          No answer rests on fewer than {{minGroupSize}}. Answers are kept for
          {{terms.retention}}, as [[Article 5(1)(e) GDPR]] asks, and go

          1. to {{receivers}} and
          2. to *nobody* else.
    terms:
      - {name: retention, type: days, value: 90}

Empty lines part paragraphs. Lists begin with "- " or with "1. ", "2. " and so on.
*One* star is emphasis, **two** are strong emphasis. Nothing else is markup.

Digits, numbers in words, and names of members, datasets and columns may not stand
in the wording. Numbers of laws are citations: [[Article 28(3) GDPR]].

Terms are blanks of your own. Their types are text, party (a member), date, days,
country, email, and list (one item a line). No node acts on a term; each must be
used in a clause.

Placeholders. [NAME] is the name of a member, dataset or analysis, or the id of a
clause; or terms.X, whose value is the name: {{members[terms.publisher].address}}.

  {{terms.NAME}}
      the value of a term
`

const clausesEnd = `
parley agreement show FILE shows a draft with everything filled in; what comes
from a field that the nodes enforce is _underlined_ there.
`
