package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"parley/agreements/templates"
	"parley/cleanroom"
	"parley/cleanroom/api"
	"parley/cleanroom/store"
)

func templateCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "template",
		Short: "Read, change and approve the forms that agreements are made from",
		Long: `A template is the text of an agreement with blanks, the rules that the nodes
will enforce, and the questions that may be asked. Six come with the program.
Agreements are made only from versions that somebody of your organisation with
the role legal has approved:

  parley template list --home DIR                  find one
  parley template show NAME --home DIR             read it: under each clause stands
                                                   which rule is behind its words
  parley template edit NAME --home DIR             change it: makes the next version, a draft
  parley template diff NAME --home DIR             see what was changed
  parley template review NAME --home DIR           send the draft to review
  parley template comment NAME CLAUSE TEXT …       comment on a clause; resolve settles it
  parley template approve NAME --home DIR          let agreements be made from it
  parley agreement new --template NAME …           make one

NAME is the newest version, NAME@2 the second. Approvals are signed by the node
and verified whenever the template is used.`,
	}
	c.AddCommand(templateList(), templateShow(), templateNew(), templateEdit(), templateDiff(), templateReview(), templateComment(), templateResolve(),
		templateApprove(), templateRetire(), templateExport(), templateImport())
	return c
}

var (
	stateText  = map[store.TemplateState]string{store.TemplateDraft: "draft", store.TemplateInReview: "in review", store.TemplateApproved: "approved", store.TemplateRetired: "retired"}
	originText = map[store.TemplateOrigin]string{store.TemplateOwn: "your organisation", store.TemplateImported: "imported", store.TemplateShipped: "the program"}
)

func templatePath(ref string, more ...string) string {
	return "/v1/templates/" + strings.Join(append([]string{url.PathEscape(ref)}, more...), "/")
}

func getTemplate(cmd *cobra.Command, d *door, ref string) (*cleanroom.TemplateView, error) {
	v := &cleanroom.TemplateView{}
	return v, d.call(cmd.Context(), http.MethodGet, templatePath(ref), nil, v)
}

func refOf(v *cleanroom.TemplateView) string { return fmt.Sprintf("%s@%d", v.Name, v.Version) }

func templateList() *cobra.Command {
	var h home
	var asJSON bool
	c := &cobra.Command{
		Use: "list --home DIR", Short: "List the templates this node has, every version", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				var all []cleanroom.TemplateView
				if err := d.call(cmd.Context(), http.MethodGet, "/v1/templates", nil, &all); err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd, all)
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
				fmt.Fprintln(w, "TEMPLATE\tVERSION\tSTATE\tFROM\tOPEN COMMENTS\tTITLE")
				for _, v := range all {
					state := stateText[v.State]
					if v.Tampered != "" {
						state = "NOT VALID"
					}
					fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%d\t%s\n", v.Name, v.Version, state, originText[v.Origin], v.OpenComments, v.Title)
				}
				if err := w.Flush(); err != nil {
					return err
				}
				for _, v := range all {
					if v.Tampered != "" {
						fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s\n", refOf(&v), v.Tampered)
					}
				}
				return nil
			})
		},
	}
	h.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func templateShow() *cobra.Command {
	var h home
	var asJSON, blanks bool
	var clause string
	c := &cobra.Command{
		Use: "show NAME --home DIR", Short: "Print a template to read and decide about", Args: cobra.ExactArgs(1),
		Long: `Prints the clauses with their numbers and ids. [Words in brackets] are blanks;
‹words like these› come from the rules, so they change with them. A line that
begins with = names the rule behind the words above it and says what it does; a
line that begins with # is a comment.`,
		Example: "  parley template show audience-overlap --home ~/acme\n  parley template show audience-overlap --clause retention --home ~/acme\n  parley template show audience-overlap --blanks --home ~/acme > blanks.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				v, err := getTemplate(cmd, d, args[0])
				if err != nil {
					return err
				}
				out := cmd.OutOrStdout()
				switch {
				case asJSON:
					return printJSON(cmd, v)
				case blanks:
					_, err := io.WriteString(out, blanksFile(v.Template))
					return err
				case clause != "":
					text, ok := v.Template.ClauseText(clause, notes(v))
					if !ok {
						return withCode(exitUsage, fmt.Errorf("%s has no clause %q; the words in parentheses behind the titles are their ids", refOf(v), clause))
					}
					_, err := io.WriteString(out, text)
					return err
				}
				fmt.Fprint(out, templateHead(v))
				_, err = fmt.Fprintf(out, "\n%s", v.Template.Text(notes(v)))
				return err
			})
		},
	}
	h.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&blanks, "blanks", false, "print a file to fill the blanks in, for \"parley agreement new --blanks\"")
	c.Flags().StringVar(&clause, "clause", "", "print one clause, by its `ID`")
	return c
}

// templateHead says where a version stands.
func templateHead(v *cleanroom.TemplateView) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Template %s, version %d: %s. From: %s.\n%s\n", v.Name, v.Version, stateText[v.State], originText[v.Origin], v.Hash)
	for _, d := range v.Decisions {
		word := map[string]string{templates.Approve: "Approved", templates.Retire: "Retired"}[d.Decision]
		fmt.Fprintf(&b, "%s by %s of %s on %s.", word, both(d.People), d.Organisation, d.Time.Format("2 January 2006"))
		if d.Reason != "" {
			fmt.Fprintf(&b, " Reason: %s", d.Reason)
		}
		b.WriteString("\n")
	}
	switch {
	case v.State == store.TemplateInReview && v.OpenComments == 0:
		fmt.Fprintf(&b, "No open comments. When it is right: parley template approve %s\n", refOf(v))
	case v.OpenComments > 0:
		fmt.Fprintf(&b, "%s to be resolved.\n", plural(v.OpenComments, "comment"))
	case v.State == store.TemplateDraft:
		fmt.Fprintf(&b, "When it is ready to be read by others: parley template review %s\n", refOf(v))
	}
	return b.String()
}

// notes are the comments on a version, as they are printed under its clauses.
func notes(v *cleanroom.TemplateView) []templates.Note {
	var out []templates.Note
	for _, c := range v.Comments {
		line := fmt.Sprintf("comment %d, %s, %s: %s", c.Number, c.Author, c.Created.Local().Format(time.DateTime), c.Text)
		if !c.Open() {
			line += fmt.Sprintf(" (resolved by %s, %s)", c.ResolvedBy, c.Resolved.Local().Format(time.DateTime))
		}
		out = append(out, templates.Note{Clause: c.Clause, Line: line})
	}
	return out
}

func templateNew() *cobra.Command {
	var h home
	var in api.NewTemplate
	c := &cobra.Command{
		Use: "new NAME --from TEMPLATE --home DIR", Short: "Copy a template under a name of your own, as a draft", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Name = args[0]
			return with(cmd.Context(), h, func(d *door) error {
				var v cleanroom.TemplateView
				if err := d.call(cmd.Context(), http.MethodPost, "/v1/templates", in, &v); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s is a draft. Next: parley template edit %s\n", refOf(&v), v.Name)
				return nil
			})
		},
	}
	h.flags(c)
	c.Flags().StringVar(&in.From, "from", "", "the `TEMPLATE` to copy")
	required(c, "from")
	return c
}

func required(c *cobra.Command, flag string) {
	if err := c.MarkFlagRequired(flag); err != nil {
		panic(err) // the flag is defined by the caller
	}
}

func templateExport() *cobra.Command {
	var h home
	c := &cobra.Command{
		Use: "export NAME --home DIR", Short: "Print a template as a file: to edit, or for a partner to import", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				v, err := getTemplate(cmd, d, args[0])
				if err != nil {
					return err
				}
				b, err := v.Template.Encode()
				if err != nil {
					return err
				}
				_, err = cmd.OutOrStdout().Write(b)
				return err
			})
		},
	}
	h.flags(c)
	return c
}

func templateImport() *cobra.Command {
	var h home
	var in api.NewTemplate
	c := &cobra.Command{
		Use: "import FILE --home DIR", Short: "Take in a partner's template, as a draft", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			in.Text = string(b)
			return with(cmd.Context(), h, func(d *door) error {
				var v cleanroom.TemplateView
				if err := d.call(cmd.Context(), http.MethodPost, "/v1/templates", in, &v); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s is %s here. %s\n", refOf(&v), stateText[v.State], v.Hash)
				return nil
			})
		},
	}
	h.flags(c)
	c.Flags().StringVar(&in.Name, "as", "", "take it in under another `NAME`")
	return c
}

func templateEdit() *cobra.Command {
	var h home
	var file, clause, text string
	c := &cobra.Command{
		Use: "edit NAME --home DIR", Short: "Change a template; what was approved stays, and the change makes the next version", Args: cobra.ExactArgs(1),
		Long: `Opens the template in your editor ($VISUAL or $EDITOR), or takes it from --file,
or changes one clause alone with --clause and --text. A text is checked before
it is taken: every placeholder must exist, every blank must be used, and numbers
and names stand in placeholders only (parley help clauses).

A draft is changed in place, one in review becomes a draft again. A version that
was approved, or that comes with the program, is never changed: the text becomes
the next version, a draft.`,
		Example: `  parley template edit audience-overlap --home ~/acme
  parley template edit audience-overlap --clause liability --text 'Each party is liable as the law says.' --home ~/acme
  parley template export audience-overlap --home ~/acme > overlap.md    # change the file, then:
  parley template edit audience-overlap --file overlap.md --home ~/acme`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if (clause == "") != (text == "") || clause != "" && file != "" {
				return withCode(exitUsage, errors.New("give --file, or --clause with --text, or neither to open an editor"))
			}
			return with(cmd.Context(), h, func(d *door) error {
				v, err := getTemplate(cmd, d, args[0])
				if err != nil {
					return err
				}
				in := api.EditTemplate{Hash: v.Hash}
				kept := ""
				switch {
				case clause != "":
					part, _ := v.Template.Clause(clause)
					if part == nil {
						return withCode(exitUsage, fmt.Errorf("%s has no clause %q; `parley template show` has the ids in parentheses behind the titles", refOf(v), clause))
					}
					part.Text = text
					b, err := v.Template.Encode()
					if err != nil {
						return err
					}
					in.Text = string(b)
				case file != "":
					b, err := os.ReadFile(file)
					if err != nil {
						return err
					}
					in.Text = string(b)
				default:
					if in.Text, kept, err = inEditor(cmd, v); err != nil {
						return err
					}
				}
				var out cleanroom.TemplateView
				if err := d.call(cmd.Context(), http.MethodPut, templatePath(refOf(v)), in, &out); err != nil {
					if kept != "" {
						err = fmt.Errorf("%w\nYour text is kept in %s; mend it there and give it with --file", err, kept)
					}
					return err
				}
				if kept != "" {
					os.Remove(kept)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s is a draft now. What was changed: parley template diff %s. Next: parley template review %s\n", refOf(&out), refOf(&out), refOf(&out))
				return nil
			})
		},
	}
	h.flags(c)
	c.Flags().StringVar(&file, "file", "", "take the text from a `FILE`")
	c.Flags().StringVar(&clause, "clause", "", "change one clause, by its `ID`")
	c.Flags().StringVar(&text, "text", "", "with --clause: its new text")
	return c
}

func templateDiff() *cobra.Command {
	var h home
	var asJSON bool
	c := &cobra.Command{
		Use: "diff NAME [OTHER] --home DIR", Short: "Compare a template with what it was made from, or with another one", Args: cobra.RangeArgs(1, 2),
		Long: `Lists what differs: rules and blanks field by field, clauses by words. What was
taken out stands as [-words-], what was put in as {+words+}.`,
		Example: "  parley template diff audience-overlap --home ~/acme\n  parley template diff audience-overlap@1 audience-overlap@3 --home ~/acme",
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				a, err := getTemplate(cmd, d, args[0])
				if err != nil {
					return err
				}
				b := a
				if len(args) == 2 {
					b, err = getTemplate(cmd, d, args[1])
				} else {
					a, err = madeFrom(cmd, d, b)
				}
				if err != nil {
					return err
				}
				all := templates.Diff(a.Template, b.Template)
				if asJSON {
					return printJSON(cmd, all)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "From %s to %s:\n", refOf(a), refOf(b))
				printDifferences(cmd.OutOrStdout(), all)
				return nil
			})
		},
	}
	h.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// madeFrom is the version that one was made from.
func madeFrom(cmd *cobra.Command, d *door, v *cleanroom.TemplateView) (*cleanroom.TemplateView, error) {
	from := v.Template.From
	if from == nil {
		return nil, withCode(exitUsage, fmt.Errorf("%s was made from no other template; name the one to compare it with", refOf(v)))
	}
	return getTemplate(cmd, d, fmt.Sprintf("%s@%d", from.Name, from.Version))
}

func printDifferences(w io.Writer, all []templates.Difference) {
	if len(all) == 0 {
		fmt.Fprintln(w, "  nothing differs")
	}
	for _, d := range all {
		fmt.Fprintf(w, "  %s\n", d)
	}
}

// stdinIsTerminal reports whether somebody can be asked.
func stdinIsTerminal() bool { return term.IsTerminal(int(os.Stdin.Fd())) }
