package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"parley/cleanroom"
	"parley/cleanroom/api"
)

func inviteCommand() *cobra.Command {
	var h home
	var in api.Invite
	var list, asJSON bool
	var withdraw string
	c := &cobra.Command{
		Use:   "invite --home DIR",
		Short: "Invite another organisation to become a partner",
		Long: `Prints one line for the other organisation, which runs "parley join" with it.
The line works once, for one organisation, until it runs out. Send it to a
person you know. Whoever reads it on the way could use it first; the words that
both sides compare afterwards ("parley partner list") show whether that happened.`,
		Example: `  parley invite --home ~/acme --note "for Beta, to Ms Weber"
  parley invite --home ~/acme --list
  parley invite --home ~/acme --withdraw 3f9a01`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				switch {
				case list:
					return listInvitations(cmd, d, asJSON)
				case withdraw != "":
					if err := d.call(cmd.Context(), http.MethodDelete, "/v1/invitations/"+url.PathEscape(withdraw), nil, nil); err != nil {
						return err
					}
					fmt.Fprintln(cmd.OutOrStdout(), "Withdrawn: nobody can use it any more.")
					return nil
				}
				var got cleanroom.Invited
				if err := d.call(cmd.Context(), http.MethodPost, "/v1/invitations", in, &got); err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd, got)
				}
				fmt.Fprintln(cmd.OutOrStdout(), got.Line)
				fmt.Fprintf(cmd.ErrOrStderr(), "Send this line to your partner, who runs `parley join` with it. It works once,\nuntil %s; this node has to be running (`parley serve`) then.\n",
					got.Expires.Local().Format(time.DateTime))
				return nil
			})
		},
	}
	h.flags(c)
	c.Flags().DurationVar(&in.For, "for", cleanroom.DefaultInvitation, "how long the invitation is good, 30 days at most")
	c.Flags().StringVar(&in.Note, "note", "", "a note for your own list; it is not sent")
	c.Flags().BoolVar(&list, "list", false, "list invitations")
	c.Flags().StringVar(&withdraw, "withdraw", "", "withdraw the invitation with this `ID`, or a beginning of it")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.MarkFlagsMutuallyExclusive("list", "withdraw")
	return c
}

func listInvitations(cmd *cobra.Command, d *door, asJSON bool) error {
	var all []cleanroom.InvitationView
	if err := d.call(cmd.Context(), http.MethodGet, "/v1/invitations", nil, &all); err != nil {
		return err
	}
	if asJSON {
		return printJSON(cmd, all)
	}
	if len(all) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "No invitations yet. `parley invite` makes one.")
		return nil
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tSTATE\tGOOD UNTIL\tUSED BY\tNOTE")
	for _, i := range all {
		by := i.UsedBy
		if by == "" {
			by = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", i.ID[:12], i.State, i.Expires.Local().Format(time.DateTime), by, printable(i.Note))
	}
	return w.Flush()
}

func joinCommand() *cobra.Command {
	var h home
	var asJSON bool
	c := &cobra.Command{
		Use:   "join LINE --home DIR",
		Short: "Become the partner of an organisation that has invited you",
		Long: `LINE is what the other organisation's "parley invite" printed. With - in its
place it is read from standard input, and so stands in no list of processes.
Afterwards both organisations compare words over the phone and confirm.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			line := args[0]
			if line == "-" {
				b, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), 4<<10))
				if err != nil {
					return err
				}
				line = string(b)
			}
			return with(cmd.Context(), h, func(d *door) error {
				var p cleanroom.PartnerView
				if err := d.call(cmd.Context(), http.MethodPost, "/v1/partners", api.Join{Line: line}, &p); err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd, p)
				}
				out := cmd.OutOrStdout()
				if p.Confirmed != nil {
					fmt.Fprintf(out, "%s is your partner already, and confirmed; its address is now %s.\n", p.Name, p.Card.Address)
					return nil
				}
				fmt.Fprintf(out, "Met %s at %s.\n\nNow call a person whom you know at %s, on a number that you have from elsewhere.\nBoth of you see the same words if nobody stands between you:\n\n%s\n", p.Name, p.Card.Address, p.Name, wordLines(p.Words))
				fmt.Fprintf(out, "If they read the same:  parley partner confirm %q --home %s\nThey do the same for your organisation. Until both have, nothing can be agreed.\n", p.Name, h.dir)
				return nil
			})
		},
	}
	h.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// wordLines are the words, four in a line, indented.
func wordLines(words []string) string {
	var b strings.Builder
	for i, w := range words {
		switch {
		case i%4 == 0:
			b.WriteString("    ")
		default:
			b.WriteString(" ")
		}
		b.WriteString(w)
		if i%4 == 3 || i == len(words)-1 {
			b.WriteString("\n")
		}
	}
	return b.String()
}

var errNeedsWords = errors.New("type the words that your partner reads to you, as in --words \"one two …\"; `parley partner list` shows those of this node")
