package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"parley/cleanroom"
	"parley/cleanroom/api"
	"parley/cleanroom/store"
)

// approveCommand and denyCommand decide requests for approval.
func approveCommand() *cobra.Command {
	return decideCommand("approve ID --home DIR", "Approve one run of a question that waits (`parley runs --waiting`)", true)
}

func denyCommand() *cobra.Command {
	return decideCommand("deny ID --home DIR --reason TEXT", "Deny a question that waits", false)
}

func decideCommand(use, short string, approve bool) *cobra.Command {
	var h home
	in := api.Decision{Approve: approve}
	c := &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !approve && in.Reason == "" {
				return withCode(exitUsage, errors.New("give a --reason: it is kept here for your own people, and not sent"))
			}
			return with(cmd.Context(), h, func(d *door) error {
				var a store.Approval
				if err := d.call(cmd.Context(), http.MethodPost, "/v1/approvals/"+args[0], in, &a); err != nil {
					return err
				}
				if approve {
					fmt.Fprintf(cmd.OutOrStdout(), "Approved: one run of this question of %s, within 7 days of the request.\n", a.Asker)
				} else {
					fmt.Fprintf(cmd.OutOrStdout(), "Denied. %s learns that it was, and not why.\n", a.Asker)
				}
				return nil
			})
		},
	}
	h.flags(c)
	if !approve {
		c.Flags().StringVar(&in.Reason, "reason", "", "why, for this node's own records")
	}
	return c
}

// listWaiting prints the requests that wait for approval here.
func listWaiting(cmd *cobra.Command, d *door, asJSON bool) error {
	var all []store.Approval
	if err := d.call(cmd.Context(), http.MethodGet, "/v1/approvals", nil, &all); err != nil {
		return err
	}
	if asJSON {
		return printJSON(cmd, all)
	}
	if len(all) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "Nothing waits for approval.")
		return nil
	}
	_, err := fmt.Fprint(cmd.OutOrStdout(), waitingText(all))
	return err
}

// waitingText prints requests with their questions: a person decides by them.
func waitingText(all []store.Approval) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "REQUEST\tASKER\tWHEN\tAGREEMENT\tQUESTION")
	for _, a := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", a.ID, a.Asker, a.Created.Local().Format(time.DateTime), shortID(a.Agreement), waitingQuestion(a.Question))
	}
	w.Flush() // into memory
	return out.String()
}

func budgetCommand() *cobra.Command {
	var h home
	var asJSON bool
	c := &cobra.Command{
		Use:   "budget [DATASET] --home DIR",
		Short: "Say who used your datasets under which agreement, and what is left",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "/v1/budget"
			if len(args) == 1 {
				path += "?dataset=" + args[0]
			}
			return with(cmd.Context(), h, func(d *door) error {
				var all []cleanroom.Spending
				if err := d.call(cmd.Context(), http.MethodGet, path, nil, &all); err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd, all)
				}
				for _, s := range all {
					if err := printSpending(cmd, &s); err != nil {
						return err
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

func printSpending(cmd *cobra.Command, s *cleanroom.Spending) error {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "Dataset %s\n", s.Dataset)
	for _, other := range s.SharedWith {
		fmt.Fprintf(out, "  shares its budget with %s, which is the same data\n", other)
	}
	if len(s.Lines) == 0 {
		fmt.Fprintln(out, "  not used yet")
	} else {
		w := tabwriter.NewWriter(out, 2, 4, 2, ' ', 0)
		fmt.Fprintln(w, "  AGREEMENT\tASKER\tRUNS\tALIGNMENTS\tEPSILON\tDELTA")
		for _, l := range s.Lines {
			fmt.Fprintf(w, "  %s\t%s\t%d\t%d\t%s\t%s\n", shortID(l.Agreement), l.Asker, l.Runs, l.Alignments, l.Epsilon, l.Delta)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	for _, b := range s.Budgets {
		fmt.Fprintf(out, "  under agreement %s: %s\n", shortID(b.Agreement), left(b))
	}
	return nil
}

// left says what an agreement leaves, in a sentence.
func left(b cleanroom.BudgetLine) string {
	if b.More == nil {
		return "thresholds only; nothing limits the number of runs"
	}
	if b.BudgetEpsilon == "" && *b.More == 0 {
		return fmt.Sprintf("no more runs today (of %d a day); the day ends at midnight UTC", b.RunsPerDay)
	}
	if b.BudgetEpsilon == "" {
		return fmt.Sprintf("%d more runs today (of %d a day)", *b.More, b.RunsPerDay)
	}
	period := "in all"
	if b.PeriodDays > 0 {
		period = fmt.Sprintf("in %d days", b.PeriodDays)
	}
	more := fmt.Sprintf("about %s", plural(*b.More, "more run"))
	if *b.More == 0 {
		more = "no more runs"
	}
	return fmt.Sprintf("%s at the epsilon that the agreement gives one (epsilon %s of %s used, %s)", more, b.Spent, b.BudgetEpsilon, period)
}
