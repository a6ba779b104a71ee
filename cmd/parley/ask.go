package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"parley/analysis"
	"parley/analysis/release"
	"parley/cleanroom"
	"parley/cleanroom/api"
	"parley/cleanroom/store"
)

// question is the part of the command line that says what to ask.
type question struct {
	cleanroom.Question
	sqlFile string
	params  []string
}

func (q *question) flags(c *cobra.Command) {
	c.Flags().StringVar(&q.Agreement, "agreement", "", "id of the agreement, or its first six digits or more, as `parley agreement list` shows it")
	c.Flags().StringVar(&q.SQL, "sql", "", "the question, in SQL")
	c.Flags().StringVar(&q.sqlFile, "sql-file", "", "file holding the SQL; - for standard input")
	c.Flags().StringVar(&q.Analysis, "analysis", "", "name of an approved analysis of the agreement")
	c.Flags().StringArrayVar(&q.params, "param", nil, "parameter of the analysis, NAME=VALUE, of a list NAME=A,B or a JSON array; may be repeated")
}

// read completes the question from the flags.
func (q *question) read() error {
	if q.sqlFile != "" {
		var b []byte
		var err error
		if q.sqlFile == "-" {
			b, err = io.ReadAll(os.Stdin)
		} else {
			b, err = os.ReadFile(q.sqlFile)
		}
		if err != nil {
			return err
		}
		q.SQL = string(b)
	}
	if (q.SQL == "") == (q.Analysis == "") {
		return withCode(exitUsage, errors.New("give either --sql (or --sql-file) or --analysis"))
	}
	q.Params = map[string]string{}
	for _, p := range q.params {
		name, value, ok := strings.Cut(p, "=")
		if !ok {
			return withCode(exitUsage, fmt.Errorf("--param %q: expected NAME=VALUE", p))
		}
		q.Params[name] = value
	}
	return nil
}

func runCommand() *cobra.Command {
	var h home
	var q question
	var o outputs
	c := &cobra.Command{
		Use:     "run --home DIR --agreement ID (--sql SQL | --analysis NAME)",
		Aliases: []string{"ask"},
		Short:   "Ask a question and print the released answer",
		Long: `Asks a question under an agreement and prints the released answer, or saves it.

Which tables and columns there are, what each may be used for, and which
analyses are approved: ` + "`parley agreement show ID`" + `. What SQL may be asked:
` + "`parley help sql`" + `. What a question would do, before it does it: ` + "`parley explain`" + `.`,
		Example: `  parley run --home ~/acme --agreement 3f2a91 \
      --sql 'SELECT campaign, COUNT(DISTINCT e.email) AS buyers, SUM(amount) AS sales
             FROM exposures e JOIN orders o ON e.email = o.email GROUP BY campaign'
  parley run --home ~/acme --agreement 3f2a91 --analysis sales_by_campaign --param from=2026-01-01`,
		Args: noQuestionHere,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if err := errors.Join(q.read(), o.check()); err != nil {
				return err
			}
			defer func() { err = refusedJSON(cmd, q.SQL, o.format == "json", err) }()
			d, err := dial(h)
			if err != nil {
				return err
			}
			defer d.close()
			v, err := follow(cmd.Context(), d, q.Question, !o.quiet)
			if err != nil {
				return err
			}
			return printAnswer(cmd.OutOrStdout(), cmd.ErrOrStderr(), v, o)
		},
	}
	c.AddCommand(approveCommand(), denyCommand())
	h.flags(c)
	q.flags(c)
	o.flags(c)
	c.Flags().BoolVar(&q.Fresh, "fresh", false, "compute the answer anew where it would be given again (never with noise)")
	if err := c.MarkFlagRequired("agreement"); err != nil {
		panic(err) // the flag is defined above
	}
	return c
}

// follow submits a question and watches its run to the end. When ctx ends the
// run is cancelled, here and at the other node.
func follow(ctx context.Context, d *door, q cleanroom.Question, progress bool) (*cleanroom.View, error) {
	var sub api.Submitted
	if err := d.call(ctx, http.MethodPost, "/v1/runs", q, &sub); err != nil {
		return nil, err
	}
	bars := newProgress(progress)
	v, err := watchRun(ctx, d, sub.ID, bars.show)
	bars.close()
	if ctx.Err() != nil {
		return nil, cancelRun(d, sub.ID)
	}
	if err != nil {
		return nil, err
	}
	if v.State != store.Success {
		return nil, failure(v)
	}
	return v, nil
}

func watchRun(ctx context.Context, d *door, id string, show func(*cleanroom.View)) (*cleanroom.View, error) {
	resp, err := d.send(ctx, http.MethodGet, "/v1/runs/"+id+"/events", nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	lines := bufio.NewReader(resp.Body)
	var last *cleanroom.View
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		v := &cleanroom.View{}
		if err := json.Unmarshal(line, v); err != nil {
			return nil, err
		}
		last = v
		show(v)
	}
	if last == nil || !last.Ended {
		return nil, errors.New("the connection to the node ended before the run did; `parley runs` shows how it stands")
	}
	return last, nil
}

// cancelRun ends a run after Ctrl-C and waits a moment for both nodes.
func cancelRun(d *door, id string) error {
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	if err := d.call(ctx, http.MethodDelete, "/v1/runs/"+id, nil, nil); err != nil {
		return err
	}
	if _, err := watchRun(ctx, d, id, func(*cleanroom.View) {}); err != nil {
		return err
	}
	return context.Canceled
}

func failure(v *cleanroom.View) error {
	became := strings.ToLower(string(v.State))
	if v.Code == "refused" {
		became = v.Code
	}
	err := fmt.Errorf("run %s %s: %s", v.ID[:8], became, v.Error)
	switch {
	case v.State == store.Cancelled:
		return withCode(exitCancelled, err)
	case v.Code == "unreachable":
		return withCode(exitNoPartner, err)
	case v.Code == "refused":
		return withCode(exitRefused, err)
	}
	return err
}

func parseTable(v *cleanroom.View) (*release.Table, error) {
	t := &release.Table{}
	if err := json.Unmarshal(v.Result, t); err != nil {
		return nil, fmt.Errorf("the stored answer cannot be read: %w", err)
	}
	return t, nil
}

// texts is the answer's values as text, nil for NULL.
func texts(t *release.Table) [][]*string {
	out := make([][]*string, len(t.Rows))
	for i, r := range t.Rows {
		out[i] = make([]*string, len(r))
		for c := range r {
			if !r[c].Null {
				out[i][c] = &r[c].Text
			}
		}
	}
	return out
}

func explainCommand() *cobra.Command {
	var h home
	var q question
	var asJSON bool
	var stage string
	c := &cobra.Command{
		Use:   "explain --home DIR --agreement ID (--sql SQL | --analysis NAME)",
		Short: "Say what a question would do: who runs what, what leaves, who learns what",
		Args:  noQuestionHere,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := q.read(); err != nil {
				return err
			}
			if stage != "" && !slices.Contains(analysis.Passes, stage) {
				return withCode(exitUsage, fmt.Errorf("--stage %s: write parse, check or plan", stage))
			}
			return with(cmd.Context(), h, func(d *door) error {
				if stage != "" {
					return printPass(cmd, d, q, stage, asJSON)
				}
				var e analysis.Explanation
				if err := d.call(cmd.Context(), http.MethodPost, "/v1/explain", q.Question, &e); err != nil {
					return refusedJSON(cmd, q.SQL, asJSON, err)
				}
				if asJSON {
					return printJSON(cmd, e)
				}
				_, err := io.WriteString(cmd.OutOrStdout(), e.Text())
				return err
			})
		},
	}
	h.flags(c)
	q.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().StringVar(&stage, "stage", "", "print one step instead: parse (the syntax tree), check (the question with the rule for each column) or plan")
	if err := c.MarkFlagRequired("agreement"); err != nil {
		panic(err) // the flag is defined above
	}
	return c
}

// printPass prints one pass from a question to its plan.
func printPass(cmd *cobra.Command, d *door, q question, stage string, asJSON bool) error {
	var p analysis.Pass
	if err := d.call(cmd.Context(), http.MethodPost, "/v1/explain/"+stage, q.Question, &p); err != nil {
		return refusedJSON(cmd, q.SQL, asJSON, err)
	}
	if asJSON {
		return printJSON(cmd, p.Tree)
	}
	_, err := io.WriteString(cmd.OutOrStdout(), p.Text)
	return err
}

func runsCommand() *cobra.Command {
	var h home
	var asJSON, waiting bool
	c := &cobra.Command{
		Use:   "runs --home DIR",
		Short: "List the latest runs",
		Long:  "Lists the latest runs, and below one that failed why. `parley result RUN` prints\nthe answer of one again.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				if waiting {
					return listWaiting(cmd, d, asJSON)
				}
				return listRuns(cmd, d, asJSON)
			})
		},
	}
	h.flags(c)
	c.Flags().BoolVar(&waiting, "waiting", false, "list the questions that wait for your approval")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func listRuns(cmd *cobra.Command, d *door, asJSON bool) error {
	var all []cleanroom.View
	if err := d.call(cmd.Context(), http.MethodGet, "/v1/runs", nil, &all); err != nil {
		return err
	}
	if asJSON {
		return printJSON(cmd, all)
	}
	if len(all) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "No runs yet.")
		return nil
	}
	_, err := io.WriteString(cmd.OutOrStdout(), runsText(all))
	return err
}

// runsText is a line for each run, and below one that failed why.
func runsText(all []cleanroom.View) string {
	var table, out strings.Builder
	w := tabwriter.NewWriter(&table, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "RUN\tSTATE\tASKER\tWHEN\tAGREEMENT\tQUESTION")
	for _, v := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", v.ID, v.State, v.Asker, v.Created.Local().Format(time.DateTime), shortID(v.Agreement), asked(v.Question))
	}
	w.Flush() // into memory
	for i, line := range strings.SplitAfter(table.String(), "\n") {
		out.WriteString(line)
		if i > 0 && i <= len(all) && all[i-1].Error != "" {
			out.WriteString("  " + printable(all[i-1].Error) + "\n")
		}
	}
	return out.String()
}

// asked is the beginning of a question, on one line, or its analysis' name.
func asked(raw json.RawMessage) string {
	const most = 60
	var q cleanroom.Question
	if json.Unmarshal(raw, &q) != nil {
		return ""
	}
	if q.Analysis != "" {
		return printable(q.Analysis)
	}
	text := []rune(printable(strings.Join(strings.Fields(q.SQL), " ")))
	if len(text) > most {
		return strings.TrimSpace(string(text[:most-2])) + " …"
	}
	return string(text)
}

func statusCommand() *cobra.Command {
	var h home
	var asJSON bool
	c := &cobra.Command{
		Use: "status --home DIR", Short: "Say whether the node is running", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := dial(h)
			if err != nil {
				return err
			}
			defer d.close()
			var s api.Status
			if err := d.call(cmd.Context(), http.MethodGet, "/v1/status", nil, &s); err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd, s)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "The node of %s is running (partners dial %s).\n", s.Org, s.Address)
			return nil
		},
	}
	h.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
