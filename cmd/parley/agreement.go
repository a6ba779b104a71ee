package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"parley/agreements"
	"parley/cleanroom"
)

func agreementCommand() *cobra.Command {
	c := &cobra.Command{Use: "agreement", Short: "Draw up, sign, check and keep agreements",
		Long: `An agreement is a text and the rules that every owner's node enforces, in a
document that all members sign. From a template to its end:

  parley agreement new --template NAME … > draft.yaml      fill a template in
  parley agreement show draft.yaml                         read it as it will stand
  parley agreement propose draft.yaml --home DIR           lay it on the table
  parley agreement list --home DIR                         what there is, and who must act
  parley agreement diff ID --home DIR                      what the last version changed
  parley agreement draft ID --home DIR > other.yaml        change it, and:
  parley agreement counter ID other.yaml --home DIR        lay your version down
  parley agreement accept ID --home DIR                    sign; or reject ID --reason TEXT
  parley agreement render ID --home DIR --to pdf -o FILE   for people to print and file

In force since every member has signed. Later:

  parley agreement amend ID --home DIR > next.yaml         change it, and propose it
  parley agreement suspend ID --reason TEXT --home DIR     stop it; resume goes on
  parley agreement revoke ID --reason TEXT --home DIR      end it for good
  parley agreement history ID --home DIR                   all that happened

ID is that of an agreement or of a negotiation: its first six digits or more.
Where nodes cannot talk to each other, "sign" and "import" work with files.`}
	c.AddCommand(agreementNew(), agreementShow(), agreementRender(), agreementSign(), agreementVerify(), agreementImport(), agreementExport(), agreementList())
	c.AddCommand(negotiationCommands()...)
	return c
}

func cardCommand() *cobra.Command {
	var h home
	c := &cobra.Command{
		Use: "card --home DIR", Short: "Print this node's entry for an agreement: name, address, public keys", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				var m agreements.Member
				if err := d.call(cmd.Context(), http.MethodGet, "/v1/card", nil, &m); err != nil {
					return err
				}
				return printYAML(cmd, m)
			})
		},
	}
	h.flags(c)
	return c
}

func printYAML(cmd *cobra.Command, v any) error {
	e := yaml.NewEncoder(cmd.OutOrStdout())
	e.SetIndent(2)
	return errors.Join(e.Encode(v), e.Close())
}

func agreementNew() *cobra.Command {
	var h home
	var o cleanroom.DraftOptions
	var cards, own, ownNames, partner, offered, analyses []string
	var days int
	var dp dpFlags
	var from templateFlags
	c := &cobra.Command{
		Use:   "new --home DIR --with PARTNER --dataset DATASET --partner-dataset DATASET",
		Short: "Write a draft from the members' cards and contracts, and an approved template",
		Example: `  parley agreement new --home ~/acme --template audience-overlap --blanks blanks.yaml \
      --with Client --dataset audience --partner-dataset customers > draft.yaml
  parley agreement new --home ~/acme --with client.card.yaml \
      --contract exposures.contract.yaml --partner-contract orders.contract.yaml > draft.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				var me agreements.Member
				if err := d.call(cmd.Context(), http.MethodGet, "/v1/card", nil, &me); err != nil {
					return err
				}
				o.Members = []agreements.Member{me}
				for _, f := range cards {
					m, err := cardFor(cmd, d, f)
					if err != nil {
						return err
					}
					o.Members = append(o.Members, m)
				}
				if err := offeredDatasets(cmd, d, &o, offered); err != nil {
					return err
				}
				if err := contracts(&o, me.Name, own, partner); err != nil {
					return err
				}
				if err := ownDatasets(cmd, d, &o, me.Name, ownNames); err != nil {
					return err
				}
				if err := d.call(cmd.Context(), http.MethodGet, "/v1/datasets", nil, &o.Known); err != nil {
					return err
				}
				if from.template != "" {
					return from.draft(cmd, d, &o, &dp, days)
				}
				units, unknown, err := cleanroom.LargestKnown(o.Contracts, o.Known)
				if err != nil {
					return err
				}
				if o.DP, err = dp.demand(o.AdHoc, units); err != nil {
					return err
				}
				if o.Analyses, err = readAnalyses(analyses); err != nil {
					return err
				}
				o.NotBefore = time.Now().UTC().Truncate(24 * time.Hour)
				o.NotAfter = o.NotBefore.AddDate(0, 0, days)
				a, err := cleanroom.Draft(o)
				if err != nil {
					return err
				}
				fmt.Fprint(cmd.OutOrStdout(), draftHeader)
				if note := cleanroom.AssumedSizes(o.DP, unknown); note != "" {
					fmt.Fprintf(cmd.OutOrStdout(), "# %s\n", note)
				}
				return printYAML(cmd, a)
			})
		},
	}
	h.flags(c)
	c.Flags().StringArrayVar(&cards, "with", nil, "a `PARTNER`'s name, or the file with its card (\"parley card\"); may be repeated")
	c.Flags().StringArrayVar(&ownNames, "dataset", nil, "an own `DATASET` of this node, as \"parley dataset list\" shows it; may be repeated")
	c.Flags().StringArrayVar(&own, "contract", nil, "the same by its contract, a `FILE`; may be repeated")
	c.Flags().StringArrayVar(&partner, "partner-contract", nil, "contract of a partner's dataset, FILE or MEMBER=FILE; may be repeated")
	c.Flags().StringArrayVar(&offered, "partner-dataset", nil, "a `DATASET` that a partner offers, as \"parley partner contracts\" shows it, or PARTNER=DATASET; may be repeated")
	c.Flags().StringVar(&o.Title, "title", "Joint analysis", "title")
	c.Flags().StringVar(&o.Purpose, "purpose", "Joint aggregate analysis of the datasets named below.", "what the answers may be used for")
	c.Flags().IntVar(&o.MinGroupSize, "min-group-size", 50, "k: no released output rests on fewer units")
	c.Flags().StringArrayVar(&analyses, "analyses", nil, "`FILE` with a list of approved analyses, as \"parley analyses show\" prints them; may be repeated")
	c.Flags().BoolVar(&o.AdHoc, "ad-hoc", true, "allow SQL that is not an approved analysis")
	c.Flags().StringArrayVar(&o.Receivers, "receiver", nil, "a member that may receive answers; default: all")
	dp.flags(c)
	c.Flags().IntVar(&days, "days", 365, "how long the agreement is in force")
	from.flags(c)
	return c
}

const draftHeader = `# Draft of a Parley agreement. Read every line before signing: the nodes enforce
# what stands here, word by word. The format is described in agreements/AGREEMENT.md.
`

// readAnalyses reads files with lists of approved analyses.
func readAnalyses(files []string) (all []agreements.Analysis, err error) {
	for _, f := range files {
		var list []agreements.Analysis
		if err := readYAML(f, &list); err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

func contracts(o *cleanroom.DraftOptions, me string, own, partner []string) error {
	for _, f := range own {
		b, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		o.Contracts = append(o.Contracts, cleanroom.OwnedContract{Owner: me, Contract: b})
	}
	for _, f := range partner {
		owner, file, ok := strings.Cut(f, "=")
		if !ok {
			if file = owner; len(o.Members) != 2 {
				return withCode(exitUsage, errors.New("with more than one partner, say whose contract it is: --partner-contract MEMBER=FILE"))
			}
			owner = o.Members[1].Name
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		o.Contracts = append(o.Contracts, cleanroom.OwnedContract{Owner: owner, Contract: b})
	}
	return nil
}

func readYAML(file string, v any) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	d := yaml.NewDecoder(f)
	d.KnownFields(true)
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// readAgreement reads a draft or an envelope.
func readAgreement(file string) (*agreements.Envelope, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(strings.TrimSpace(string(b)), "{") {
		return agreements.Open(b)
	}
	a, err := agreements.ParseDraft(b)
	if err != nil {
		return nil, withCode(exitRefused, err)
	}
	return agreements.NewEnvelope(a)
}

// readOrFetch takes a file, or the id of an agreement the node has.
func readOrFetch(cmd *cobra.Command, h home, what string) (*agreements.Envelope, error) {
	e, _, err := lookUp(cmd, h, what)
	return e, err
}

// lookUp is readOrFetch with what the node knows of the agreement; nil for a
// file and for a version on the table.
func lookUp(cmd *cobra.Command, h home, what string) (*agreements.Envelope, *cleanroom.Collaboration, error) {
	if _, err := os.Stat(what); err == nil {
		e, err := readAgreement(what)
		return e, nil, err
	}
	if h.dir == "" {
		return nil, nil, fmt.Errorf("there is no file %s; to look an agreement up by id, give --home", what)
	}
	var c cleanroom.Collaboration
	err := with(cmd.Context(), h, func(d *door) error {
		return d.call(cmd.Context(), http.MethodGet, "/v1/agreements/"+url.PathEscape(what), nil, &c)
	})
	if err != nil {
		if e, errTalk := fetchVersion(cmd, h, what); errTalk == nil {
			return e, nil, nil
		} else if strings.Contains(strings.TrimPrefix(what, "sha256:"), ":") {
			return nil, nil, errTalk
		}
		return nil, nil, err
	}
	e, err := agreements.Open(c.Envelope)
	return e, &c, err
}

// optionalHome adds --home without requiring it.
func optionalHome(c *cobra.Command, h *home) {
	c.Flags().StringVar(&h.dir, "home", "", "folder of the node, to look an agreement up by id")
	c.Flags().StringVar(&h.passphraseFile, "passphrase-file", "", "file holding the passphrase of the key file")
}

func agreementShow() *cobra.Command {
	var h home
	var asJSON bool
	c := &cobra.Command{
		Use: "show FILE|ID", Short: "Print an agreement for people", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, known, err := lookUp(cmd, h, args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd, e.Agreement())
			}
			id, err := e.Agreement().ID()
			if err != nil {
				return err
			}
			text, err := rendered(e, known, renderers["text"])
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s\nId: %s\n%s\n", text, id, signatures(e))
			return printCompared(cmd, cmd.OutOrStdout(), h, e.Agreement())
		},
	}
	optionalHome(c, &h)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func signatures(e *agreements.Envelope) string {
	missing := e.Missing()
	if len(missing) == 0 {
		return "Signed by every member."
	}
	return "Not yet signed by: " + strings.Join(missing, ", ") + "."
}

func agreementSign() *cobra.Command {
	var h home
	c := &cobra.Command{
		Use:   "sign FILE --home DIR",
		Short: "Sign a draft or a partly signed agreement; the envelope is printed",
		Long: `Checks that the agreement gives this node's own keys and that its rules are no
wider than this node's contracts, and signs it. What you sign is what your node
will enforce: read it first with ` + "`parley agreement show`" + `.`,
		Example: "  parley agreement sign draft.yaml --home ~/acme > half.json\n  parley agreement sign half.json --home ~/client > signed.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := os.ReadFile(args[0])
			if errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("there is no file %s; `parley agreement accept ID` signs what lies on the table of a negotiation", args[0])
			}
			if err != nil {
				return err
			}
			return with(cmd.Context(), h, func(d *door) error {
				// The node says what is wrong with a file that cannot be read.
				if e, err := readAgreement(args[0]); err == nil {
					note, err := compared(cmd, d, e.Agreement())
					if err != nil {
						return err
					}
					fmt.Fprint(cmd.ErrOrStderr(), note)
				}
				var out []byte
				if err := d.call(cmd.Context(), http.MethodPost, "/v1/agreements/sign", b, &out); err != nil {
					return err
				}
				e, err := agreements.Open(out)
				if err != nil {
					return err
				}
				fmt.Fprintln(cmd.ErrOrStderr(), signatures(e))
				_, err = cmd.OutOrStdout().Write(append(out, '\n'))
				return err
			})
		},
	}
	h.flags(c)
	return c
}

func agreementVerify() *cobra.Command {
	return &cobra.Command{
		Use: "verify FILE", Short: "Check an agreement's signatures offline", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			e, err := agreements.Open(b)
			if err == nil {
				err = e.Verify()
			}
			if err != nil {
				return withCode(exitRefused, err)
			}
			id, err := e.Agreement().ID()
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s\nSigned by every member: %s.\n", id, names(e.Agreement()))
			if err := e.InForce(time.Now()); err != nil {
				fmt.Fprintf(cmd.OutOrStdout(), "Note: %v\n", err)
			}
			return nil
		},
	}
}

func names(a *agreements.Agreement) string {
	out := make([]string, len(a.Members))
	for i, m := range a.Members {
		out[i] = m.Name
	}
	return strings.Join(out, ", ")
}

func agreementImport() *cobra.Command {
	var h home
	c := &cobra.Command{
		Use: "import FILE --home DIR", Short: "Give this node an agreement, or more signatures for one", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			return with(cmd.Context(), h, func(d *door) error {
				var got cleanroom.Collaboration
				if err := d.call(cmd.Context(), http.MethodPost, "/v1/agreements", b, &got); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s\n", got.ID)
				if len(got.Missing) > 0 {
					fmt.Fprintf(cmd.ErrOrStderr(), "Not in force yet: %s must sign.\n", strings.Join(got.Missing, ", "))
				}
				return nil
			})
		},
	}
	h.flags(c)
	return c
}

func agreementExport() *cobra.Command {
	var h home
	c := &cobra.Command{
		Use: "export ID --home DIR", Short: "Print the signed envelope of an agreement", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := readOrFetch(cmd, h, args[0])
			if err != nil {
				return err
			}
			b, err := e.Bytes()
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(append(b, '\n'))
			return err
		},
	}
	h.flags(c)
	return c
}

// listed is what "agreement list --json" prints: every negotiation, also those
// that are over, and every agreement that somebody has signed.
type listed struct {
	Negotiations []cleanroom.Talk          `json:"negotiations"`
	Agreements   []cleanroom.Collaboration `json:"agreements"`
}

func agreementList() *cobra.Command {
	var h home
	var asJSON bool
	c := &cobra.Command{
		Use: "list --home DIR", Short: "List the negotiations that are going on, and the agreements this node has", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				var all []cleanroom.Collaboration
				if err := d.call(cmd.Context(), http.MethodGet, "/v1/agreements", nil, &all); err != nil {
					return err
				}
				var talks []cleanroom.Talk
				if err := d.call(cmd.Context(), http.MethodGet, "/v1/negotiations", nil, &talks); err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd, listed{talks, all})
				}
				if len(all)+len(talks) == 0 {
					fmt.Fprintln(cmd.OutOrStdout(), "No agreements yet. `parley agreement new` writes a draft.")
					return nil
				}
				if err := printTalks(cmd.OutOrStdout(), talks); err != nil || len(all) == 0 {
					return err
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
				fmt.Fprintln(w, "ID\tSTATE\tUNTIL\tWAITS FOR\tMEMBERS\tTITLE")
				for _, a := range all {
					waits := waitsFor(&a)
					if waits == "" {
						waits = "-"
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", shortID(a.ID), a.State,
						a.Agreement.Validity.NotAfter.Format(time.DateOnly), waits, names(a.Agreement), a.Agreement.Title)
				}
				return w.Flush()
			})
		},
	}
	h.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
