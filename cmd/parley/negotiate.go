package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"parley/agreements"
	"parley/agreements/render"
	"parley/cleanroom"
	"parley/cleanroom/api"
	"parley/cleanroom/store"
)

func negotiationCommands() []*cobra.Command {
	return []*cobra.Command{agreementPropose(), agreementCounter(), agreementDiff(), agreementAccept(), agreementReject(), agreementDraft(),
		agreementAmend(), agreementHistory(),
		agreementNotice("suspend", "Stop everything under an agreement until this organisation resumes it", "Runs that are going on are stopped. ", "an error in our records", "suspended", "resume"),
		agreementNotice("resume", "Take this organisation's own suspension of an agreement back", "What others suspended, they must resume. ", "the records are mended", "resumed", ""),
		agreementNotice("revoke", "End an agreement for good", "Runs that are going on are stopped, and there is no way back. ", "the campaign is over", "revoked", "")}
}

// talkCommand is a command that changes a negotiation and prints what follows.
func talkCommand(use, short, long string, args cobra.PositionalArgs, flags func(*cobra.Command), do func(*cobra.Command, *door, []string, *cleanroom.Talk) error) *cobra.Command {
	var h home
	var asJSON bool
	c := &cobra.Command{
		Use: use, Short: short, Long: long, Args: args,
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				var t cleanroom.Talk
				if err := do(cmd, d, args, &t); err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd, &t)
				}
				printTalk(cmd.OutOrStdout(), &t)
				return nil
			})
		},
	}
	h.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	if flags != nil {
		flags(c)
	}
	return c
}

func agreementPropose() *cobra.Command {
	var message string
	return talkCommand("propose DRAFT --home DIR", "Lay a draft on the table with its other members",
		`Sends the draft to the nodes of its other members, who can sign it, make a
counter-proposal or reject it. A node that is off gets it when it is up again.
The other members must be partners that people have confirmed (parley partner
list), or members of an agreement in force with this node.`, cobra.ExactArgs(1),
		func(c *cobra.Command) {
			c.Flags().StringVar(&message, "message", "", "what the others should know, up to 2,000 bytes")
		},
		func(cmd *cobra.Command, d *door, args []string, t *cleanroom.Talk) error {
			b, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			return d.call(cmd.Context(), http.MethodPost, "/v1/negotiations", api.Laid{Draft: string(b), Message: message}, t)
		})
}

func agreementCounter() *cobra.Command {
	var message string
	return talkCommand("counter ID DRAFT --home DIR", "Lay another version on the table of a negotiation",
		"`parley agreement draft ID` prints the version on the table, to be changed and laid\ndown as a counter-proposal. Whoever had signed the earlier version signs anew.", cobra.ExactArgs(2),
		func(c *cobra.Command) {
			c.Flags().StringVar(&message, "message", "", "what the others should know, up to 2,000 bytes")
		},
		func(cmd *cobra.Command, d *door, args []string, t *cleanroom.Talk) error {
			b, err := os.ReadFile(args[1])
			if err != nil {
				return err
			}
			return d.call(cmd.Context(), http.MethodPost, talkPath(args[0], "/counter"), api.Laid{Draft: string(b), Message: message}, t)
		})
}

func agreementReject() *cobra.Command {
	var reason string
	return talkCommand("reject ID --reason TEXT --home DIR", "End a negotiation; what was signed of it is void",
		"", cobra.ExactArgs(1),
		func(c *cobra.Command) { reasonFlag(c, &reason) },
		func(cmd *cobra.Command, d *door, args []string, t *cleanroom.Talk) error {
			return d.call(cmd.Context(), http.MethodPost, talkPath(args[0], "/reject"), api.Reason{Reason: reason}, t)
		})
}

func reasonFlag(c *cobra.Command, reason *string) {
	c.Flags().StringVar(reason, "reason", "", "why, in one line that the other members read (--reason TEXT)")
	if err := c.MarkFlagRequired("reason"); err != nil {
		panic(err) // the flag is defined above
	}
}

func talkPath(id, what string) string { return "/v1/negotiations/" + url.PathEscape(id) + what }

func agreementPath(id, what string) string { return "/v1/agreements/" + url.PathEscape(id) + what }

func agreementAccept() *cobra.Command {
	var h home
	var asJSON bool
	c := &cobra.Command{
		Use: "accept ID --home DIR", Short: "Sign the version on the table of a negotiation, and tell the others",
		Long: `Signs what lies on the table: read it first with ` + "`parley agreement show ID`" + `. Once
more than one version has lain there, ID is that of the version that you have
read, so that nothing else is signed if the others have changed it meanwhile. It
is refused if its rules for this node's own data are wider than their contracts.
Once every member has signed, the agreement is in force.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				var a cleanroom.Collaboration
				if err := d.call(cmd.Context(), http.MethodPost, talkPath(args[0], "/accept"), nil, &a); err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd, &a)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "Signed: %s\n%s\n", a.Agreement.Title, a.ID)
				if len(a.Missing) > 0 {
					fmt.Fprintf(cmd.OutOrStdout(), "Not in force yet: %s must sign.\n", strings.Join(a.Missing, ", "))
				} else {
					fmt.Fprintf(cmd.OutOrStdout(), "Signed by every member: it is %s.\n", a.State)
				}
				return nil
			})
		},
	}
	h.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// agreementNotice is suspend, resume or revoke.
func agreementNotice(kind, short, long, example, done, undo string) *cobra.Command {
	var h home
	var reason string
	var asJSON bool
	c := &cobra.Command{
		Use: kind + " ID --reason TEXT --home DIR", Short: short, Args: cobra.ExactArgs(1),
		Long: short + `.
` + long + `The notice is signed and
gives your reason; it takes effect here at once, and goes to the other members'
nodes, now or when they answer again.`,
		Example: "  parley agreement " + kind + " 5c1e0b7e0f3f --reason '" + example + "' --home ~/acme",
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				var a cleanroom.Collaboration
				if err := d.call(cmd.Context(), http.MethodPost, agreementPath(args[0], "/"+kind), api.Reason{Reason: reason}, &a); err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd, &a)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "You have %s %s (%s): it is %s.\n", done, shortID(a.ID), a.Agreement.Title, a.State)
				if undo != "" {
					fmt.Fprintf(cmd.OutOrStdout(), "Undo: parley agreement %s %s --reason TEXT --home %s\n", undo, shortID(a.ID), shellWord(h.dir))
				}
				return nil
			})
		},
	}
	h.flags(c)
	reasonFlag(c, &reason)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func agreementDraft() *cobra.Command {
	var h home
	c := &cobra.Command{
		Use: "draft FILE|ID[:VERSION]", Short: "Print an agreement or a version of a negotiation as a draft to change", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := readOrFetch(cmd, h, args[0])
			if err != nil {
				return err
			}
			fmt.Fprint(cmd.OutOrStdout(), draftHeader)
			return printYAML(cmd, e.Agreement())
		},
	}
	optionalHome(c, &h)
	return c
}

func agreementAmend() *cobra.Command {
	var h home
	c := &cobra.Command{
		Use: "amend ID --home DIR", Short: "Print a draft that amends an agreement; change it, then propose it", Args: cobra.ExactArgs(1),
		Long: `Prints the agreement as a draft that names it as its predecessor. Once every
member has signed the draft, it takes the agreement's place for good: nothing can
be asked under the earlier one any more. Budgets that were spent stay spent.`,
		Example: "  parley agreement amend 5c1e0b7e0f3f --home ~/acme > draft.yaml\n  parley agreement propose draft.yaml --home ~/acme",
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				var a agreements.Agreement
				if err := d.call(cmd.Context(), http.MethodGet, agreementPath(args[0], "/amendment"), nil, &a); err != nil {
					return err
				}
				fmt.Fprint(cmd.OutOrStdout(), draftHeader)
				return printYAML(cmd, &a)
			})
		},
	}
	h.flags(c)
	return c
}

func agreementDiff() *cobra.Command {
	var h home
	var asJSON bool
	c := &cobra.Command{
		Use: "diff FILE|ID[:VERSION] [FILE|ID[:VERSION]]", Short: "Say in words what two agreements, or versions, say differently", Args: cobra.RangeArgs(1, 2),
		Long: `Compares two files, agreements or versions of negotiations. With one negotiation
alone its last version is compared with the one before.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				var err error
				if args, err = lastTwo(cmd, h, args[0]); err != nil {
					return err
				}
			}
			var both [2]*agreements.Agreement
			for i, arg := range args {
				e, err := readOrFetch(cmd, h, arg)
				if err != nil {
					return err
				}
				both[i] = e.Agreement()
			}
			all, err := agreements.Diff(both[0], both[1])
			if err != nil {
				return err
			}
			if asJSON {
				if all == nil {
					all = []agreements.Difference{}
				}
				return printJSON(cmd, all)
			}
			reworded, err := render.Rewordings(both[0], both[1])
			if err != nil {
				return err
			}
			_, err = io.WriteString(cmd.OutOrStdout(), agreements.DiffText(all)+render.RewordedText(reworded))
			return err
		},
	}
	optionalHome(c, &h)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, with the path of each difference")
	return c
}

// lastTwo names the last two versions of a negotiation.
func lastTwo(cmd *cobra.Command, h home, id string) ([]string, error) {
	t, err := fetchTalk(cmd, h, id)
	if err != nil {
		return nil, err
	}
	if n := len(t.Versions); n >= 2 {
		return []string{t.Versions[n-2].Agreement, t.Versions[n-1].Agreement}, nil
	}
	return nil, errors.New("this negotiation has one version only, so there is nothing to compare it with")
}

func fetchTalk(cmd *cobra.Command, h home, id string) (*cleanroom.Talk, error) {
	if h.dir == "" {
		return nil, fmt.Errorf("there is no file %s; to look a negotiation up by id, give --home", id)
	}
	var t cleanroom.Talk
	err := with(cmd.Context(), h, func(d *door) error {
		return d.call(cmd.Context(), http.MethodGet, talkPath(id, ""), nil, &t)
	})
	return &t, err
}

// fetchVersion is a version of a negotiation, named by its own id, or by the
// negotiation's as ID or ID:NUMBER; no number is the one on the table.
func fetchVersion(cmd *cobra.Command, h home, what string) (*agreements.Envelope, error) {
	id, number, numbered := strings.Cut(what, ":")
	if strings.HasPrefix(what, "sha256:") {
		id, numbered = what, false
	}
	t, err := fetchTalk(cmd, h, id)
	if err != nil {
		return nil, err
	}
	if !numbered {
		number = ""
	}
	v, err := versionOf(t, id, number)
	if err != nil {
		return nil, withCode(exitRefused, err)
	}
	return agreements.Open(v.Envelope)
}

// versionOf picks the version that a person named: nobody must be shown another
// text than the one whose id they gave.
func versionOf(t *cleanroom.Talk, id, number string) (*cleanroom.Version, error) {
	var found []*cleanroom.Version
	n, err := strconv.Atoi(number)
	for i := range t.Versions {
		v := &t.Versions[i]
		switch {
		case number == "" && strings.HasPrefix(strings.TrimPrefix(v.Agreement, "sha256:"), strings.TrimPrefix(id, "sha256:")),
			number != "" && err == nil && v.Number == n:
			found = append(found, v)
		}
	}
	last := &t.Versions[len(t.Versions)-1]
	switch {
	case len(found) == 0 && number == "":
		return last, nil
	case len(found) == 0:
		return nil, fmt.Errorf("this negotiation has no version %s; it has 1 to %d", number, last.Number)
	case len(found) == 1:
		return found[0], nil
	}
	var each []string
	for _, v := range found {
		each = append(each, fmt.Sprintf("%s by %s", shortID(v.Agreement), v.By))
	}
	return nil, fmt.Errorf("that names more than one version of this negotiation; name one by its own id: %s", strings.Join(each, ", "))
}

// printTalk tells how a negotiation stands, and who must act.
func printTalk(w io.Writer, t *cleanroom.Talk) {
	fmt.Fprintf(w, "Negotiation %s  %s\n%s\n", t.ID[:12], t.State, t.Title)
	fmt.Fprintf(w, "Members: %s\n", strings.Join(t.Members, ", "))
	if t.Predecessor != "" {
		fmt.Fprintf(w, "Amends agreement %s.\n", shortID(t.Predecessor))
	}
	for _, v := range t.Versions {
		mark := ""
		if v.OnTable {
			mark = ", on the table"
		}
		fmt.Fprintf(w, "\nVersion %d by %s, %s, %s%s\n", v.Number, v.By, moment(v.Received), shortID(v.Agreement), mark)
		if v.Message != "" {
			fmt.Fprintf(w, "  | %s\n", strings.ReplaceAll(v.Message, "\n", "\n  | "))
		}
		if len(v.Changes) > 0 {
			fmt.Fprintf(w, "  %s\n", strings.ReplaceAll(strings.TrimRight(agreements.DiffText(v.Changes), "\n"), "\n", "\n  "))
		}
	}
	fmt.Fprintln(w)
	switch t.State {
	case store.Offered:
		fmt.Fprintf(w, "Nobody has signed it yet. Waits for %s: accept, counter or reject.\n", strings.Join(t.WaitsFor, ", "))
	case store.Agreed:
		fmt.Fprintf(w, "Signed by %s. Waits for %s: accept, counter or reject.\n", strings.Join(t.Signed, ", "), strings.Join(t.WaitsFor, ", "))
	case store.Finalized:
		fmt.Fprintf(w, "Signed by every member: agreement %s.\n", shortID(t.Agreement))
	case store.Terminated:
		fmt.Fprintf(w, "Ended by %s on %s: %s\n", t.By, moment(t.Updated), t.Reason)
	}
	if t.Second != nil {
		fmt.Fprintf(w, "Here %s said yes, and %s.\n", strings.Join(t.Second.Have, " and "), t.Second.Others())
	}
	if len(t.Undelivered) > 0 {
		fmt.Fprintf(w, "Not delivered yet to %s: it is sent when both nodes are up.\n", strings.Join(t.Undelivered, ", "))
	}
	if len(t.Refused) > 0 {
		fmt.Fprintf(w, "Refused by the node of %s.\n", strings.Join(t.Refused, ", "))
	}
}

func moment(t time.Time) string { return t.UTC().Format("2 January 2006 15:04 UTC") }

func agreementHistory() *cobra.Command {
	var h home
	var asJSON bool
	c := &cobra.Command{
		Use: "history ID --home DIR", Short: "Tell how an agreement came to be, what became of it, and who must act", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				var all cleanroom.AgreementHistory
				if err := d.call(cmd.Context(), http.MethodGet, agreementPath(args[0], "/history"), nil, &all); err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd, &all)
				}
				return printHistory(cmd.OutOrStdout(), &all)
			})
		},
	}
	h.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func printHistory(out io.Writer, h *cleanroom.AgreementHistory) error {
	if a := h.Agreement; a != nil {
		fmt.Fprintf(out, "%s\nAgreement %s  %s since %s\n", a.Agreement.Title, shortID(a.ID), a.State, moment(a.Since))
		if waits := waitsFor(a); waits != "" {
			fmt.Fprintf(out, "Waits for %s.\n", waits)
		}
	}
	for _, id := range h.Chain {
		fmt.Fprintf(out, "Belongs together with agreement %s.\n", shortID(id))
	}
	if h.Agreement != nil || len(h.Chain) > 0 {
		fmt.Fprintln(out)
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, e := range h.Events {
		words := e.Words
		if e.Reason != "" {
			words += ": " + strings.ReplaceAll(e.Reason, "\n", " ")
		}
		by := e.By
		if by == "" {
			by = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", moment(e.Time), by, words)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, t := range h.Talks {
		fmt.Fprintln(out)
		printTalk(out, t)
	}
	return nil
}

// waitsFor says who must act on an agreement, "" for nobody.
func waitsFor(a *cleanroom.Collaboration) string {
	switch a.State {
	case store.AgreementPending:
		return strings.Join(a.Missing, ", ") + " to sign"
	case store.AgreementSuspended:
		return strings.Join(a.SuspendedBy, ", ") + " to resume"
	}
	return ""
}

// printTalks lists the negotiations that are going on.
func printTalks(out io.Writer, all []cleanroom.Talk) error {
	open := 0
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, t := range all {
		if t.State.Final() {
			continue
		}
		if open++; open == 1 {
			fmt.Fprintln(w, "NEGOTIATION\tSTATE\tVERSION\tWAITS FOR\tMEMBERS\tTITLE")
		}
		fmt.Fprintf(w, "%s\t%s\t%d by %s\t%s\t%s\t%s\n", t.ID[:12], t.State, t.Versions[len(t.Versions)-1].Number, t.Versions[len(t.Versions)-1].By,
			strings.Join(t.WaitsFor, ", "), strings.Join(t.Members, ", "), t.Title)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, t := range all {
		if !t.State.Final() && t.Second != nil {
			fmt.Fprintf(out, "%s: %s said yes, and %s.\n", t.ID[:12], strings.Join(t.Second.Have, " and "), t.Second.Others())
		}
	}
	return nil
}
