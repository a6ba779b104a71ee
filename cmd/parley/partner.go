package main

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"parley/agreements"
	"parley/cleanroom"
	"parley/cleanroom/api"
)

func partnerCommand() *cobra.Command {
	c := &cobra.Command{Use: "partner", Short: "Look at, confirm and remove partners", Long: `A partner is an organisation that you met by an invitation ("parley invite",
"parley join"). Before anything can be agreed with it, a person on either side
compares the words of both nodes over the phone and confirms.`}
	c.AddCommand(partnerList(), partnerConfirm(), partnerRemove(), partnerContracts())
	return c
}

func partnerPath(name, rest string) string { return "/v1/partners/" + url.PathEscape(name) + rest }

func partnerList() *cobra.Command {
	var h home
	var asJSON bool
	c := &cobra.Command{
		Use: "list --home DIR", Short: "List partners, with the words to compare", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				var all []cleanroom.PartnerView
				if err := d.call(cmd.Context(), http.MethodGet, "/v1/partners", nil, &all); err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd, all)
				}
				if len(all) == 0 {
					fmt.Fprintln(cmd.OutOrStdout(), "No partners yet. `parley invite` invites one; `parley join` accepts an invitation.")
				}
				for i, p := range all {
					if i > 0 {
						fmt.Fprintln(cmd.OutOrStdout())
					}
					showPartner(cmd, h, &p)
				}
				return nil
			})
		},
	}
	h.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func showPartner(cmd *cobra.Command, h home, p *cleanroom.PartnerView) {
	out := cmd.OutOrStdout()
	at := "dials out only"
	if p.Card.Address != "" {
		at = "node at " + p.Card.Address
	}
	if p.Connections > 0 {
		at += ", connected"
	}
	fmt.Fprintf(out, "%s (%s)\n", p.Name, at)
	if p.Confirmed != nil {
		fmt.Fprintf(out, "  confirmed on %s by %s\n", p.Confirmed.Local().Format(time.DateTime), p.ConfirmedBy)
	} else {
		fmt.Fprintf(out, "  NOT CONFIRMED. Compare these words over the phone, then run\n  parley partner confirm %q --home %s\n", p.Name, h.dir)
	}
	fmt.Fprint(out, wordLines(p.Words))
	if len(p.Offered) > 0 {
		fmt.Fprintf(out, "  may see the terms of: %s\n", strings.Join(p.Offered, ", "))
	}
}

func partnerConfirm() *cobra.Command {
	var h home
	var words string
	c := &cobra.Command{
		Use:   "confirm NAME --home DIR",
		Short: "Confirm a partner after comparing the words over the phone",
		Long: `Call a person whom you know at the partner, on a number that you have from
elsewhere, and have them read their words ("parley partner list"). The same words
at both ends mean that the two nodes hold each other's true keys.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				in := api.Confirm{Words: words}
				if words == "" {
					var p cleanroom.PartnerView
					if err := d.call(cmd.Context(), http.MethodGet, partnerPath(args[0], ""), nil, &p); err != nil {
						return err
					}
					if err := askWords(cmd, &p); err != nil {
						return err
					}
					in.Words = strings.Join(p.Words, " ")
				}
				var p cleanroom.PartnerView
				if err := d.call(cmd.Context(), http.MethodPost, partnerPath(args[0], "/confirm"), in, &p); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s is confirmed here. Once its people have confirmed your organisation too, you can\nagree on something: parley agreement new --with %q …\n", p.Name, p.Name)
				return nil
			})
		},
	}
	h.flags(c)
	c.Flags().StringVar(&words, "words", "", "the `WORDS` that the partner reads to you; without it you are asked")
	return c
}

// askWords shows the words to a person at a terminal and has them decide.
func askWords(cmd *cobra.Command, p *cleanroom.PartnerView) error {
	if p.Confirmed != nil {
		return nil
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return withCode(exitUsage, errNeedsWords)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s\nDoes a person at %s, on the phone, read exactly these words? Type yes or no: ", wordLines(p.Words), p.Name)
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil {
		return err
	}
	if strings.TrimSpace(line) != "yes" {
		return withCode(exitRefused, errors.New("not confirmed. If the words differ, someone may stand between you: remove the partner and meet again by a new invitation, sent another way"))
	}
	return nil
}

func partnerRemove() *cobra.Command {
	var h home
	c := &cobra.Command{
		Use: "remove NAME --home DIR", Short: "End a partnership", Args: cobra.ExactArgs(1),
		Long: "The partner's node is no longer let in, unless an agreement in force names it; such\nagreements stay as they are. It may be invited anew.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				if err := d.call(cmd.Context(), http.MethodDelete, partnerPath(args[0], ""), nil, nil); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s is no longer a partner. Agreements in force that name it stay in force.\n", args[0])
				return nil
			})
		},
	}
	h.flags(c)
	return c
}

func partnerContracts() *cobra.Command {
	var h home
	var asJSON bool
	c := &cobra.Command{
		Use: "contracts NAME --home DIR", Short: "See the terms of the datasets that a partner offers to you", Args: cobra.ExactArgs(1),
		Long: "Asks the partner's node. Its owner decides which datasets it shows (\"parley dataset offer\").\nWhat it shows can stand in a draft: parley agreement new --with NAME --partner-dataset DATASET.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				var all []agreements.Dataset
				if err := d.call(cmd.Context(), http.MethodGet, partnerPath(args[0], "/contracts"), nil, &all); err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd, all)
				}
				if len(all) == 0 {
					fmt.Fprintf(cmd.OutOrStdout(), "%s offers no dataset to you. Its owner can: parley dataset offer NAME --to YOU.\n", args[0])
					return nil
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
				for _, s := range all {
					fmt.Fprintf(w, "%s\tjoined on %s (%s)\tcontract %s\n", s.Name, s.Rules.Unit.Column, s.Rules.Unit.Normalisation, shortID(s.ContractHash))
					for _, col := range s.Rules.Columns {
						fmt.Fprintf(w, "  %s\t%s\t%s\n", col.Name, col.Type, usesOf(col.Uses))
					}
				}
				return w.Flush()
			})
		},
	}
	h.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func usesOf(uses []agreements.Use) string {
	var s []string
	for _, u := range uses {
		s = append(s, string(u))
	}
	return strings.Join(s, ", ")
}

func datasetOffer() *cobra.Command {
	var h home
	var in api.Offering
	c := &cobra.Command{
		Use: "offer NAME --to PARTNER --home DIR", Short: "Let a partner see the terms of a dataset, so that a draft can be written", Args: cobra.ExactArgs(1),
		Long: `The partner's people see what an agreement would state: columns and what each may
be used for, the values of columns that the contract lists, bounds, limits and the
contract's hash. They see no row, no figure, not where the data lies and none of
the contract's texts. Nothing may be asked before an agreement is signed.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				if err := d.call(cmd.Context(), http.MethodPost, "/v1/datasets/"+url.PathEscape(args[0])+"/offers", in, nil); err != nil {
					return err
				}
				if in.Withdraw {
					fmt.Fprintf(cmd.OutOrStdout(), "%s no longer sees the terms of %s.\n", in.To, args[0])
				} else {
					fmt.Fprintf(cmd.OutOrStdout(), "%s can see the terms of %s: parley partner contracts\n", in.To, args[0])
				}
				return nil
			})
		},
	}
	h.flags(c)
	c.Flags().StringVar(&in.To, "to", "", "the `PARTNER`")
	c.Flags().BoolVar(&in.Withdraw, "withdraw", false, "end it")
	if err := c.MarkFlagRequired("to"); err != nil {
		panic(err) // the flag is defined above
	}
	return c
}
