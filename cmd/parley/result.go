package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"parley/cleanroom"
	"parley/cleanroom/result"
	"parley/cleanroom/store"
)

// outputs is the part of the command line that says what to print.
type outputs struct {
	format  string
	file    string
	receipt string
	quiet   bool
}

func (o *outputs) flags(c *cobra.Command) {
	c.Flags().StringVar(&o.format, "format", "table", "form of the answer: "+strings.Join(result.Formats(), ", "))
	c.Flags().StringVarP(&o.file, "output", "o", "", "file to write the answer to (default: standard output)")
	c.Flags().StringVar(&o.receipt, "receipt", "", "file to write the receipt to")
	c.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "no progress")
}

func (o *outputs) check() error {
	switch {
	case !result.Known(o.format):
		return withCode(exitUsage, fmt.Errorf("--format %q: expected one of %s", o.format, strings.Join(result.Formats(), ", ")))
	case result.Binary(o.format) && o.file == "":
		return withCode(exitUsage, fmt.Errorf("--format %s writes bytes that are not text: give a file with -o FILE", o.format))
	}
	return nil
}

func resultCommand() *cobra.Command {
	var h home
	var o outputs
	var asJSON bool
	c := &cobra.Command{
		Use:   "result RUN --home DIR",
		Short: "Print or save the answer of an earlier run",
		Long: `Prints the answer of a run that this node asked for, in any form: a table, CSV,
JSON, an Arrow IPC file or a Parquet file. RUN is the run's id as ` + "`parley runs`" + `
shows it, or its first digits.

With the answer come the run, the agreement, the version of every dataset, the
minimum group size, how many groups were withheld, and the hash of the receipt:
as lines under a table, as fields in JSON, as metadata in Arrow and Parquet
(keys that begin with "parley."), and on standard error beside CSV.

Answers are kept, sealed to this node's key, for resultDays (see parley.yaml; 30
unless changed). After that they are removed; the record of the run stays.`,
		Example: `  parley result 3f2a91 --home ~/acme
  parley result 3f2a91 --home ~/acme --format parquet -o sales.parquet
  parley result 3f2a91 --home ~/acme --receipt sales.receipt.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return with(cmd.Context(), h, func(d *door) error {
				v, err := findRun(cmd, d, args[0])
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd, v)
				}
				return showResult(cmd, v, o)
			})
		},
	}
	h.flags(c)
	o.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print all that the node knows of the run as JSON")
	return c
}

// findRun takes an id or the beginning of one among the latest runs.
func findRun(cmd *cobra.Command, d *door, id string) (*cleanroom.View, error) {
	if len(id) < 32 {
		var all []cleanroom.View
		if err := d.call(cmd.Context(), http.MethodGet, "/v1/runs?limit=1000", nil, &all); err != nil {
			return nil, err
		}
		var found []string
		for _, v := range all {
			if id != "" && strings.HasPrefix(v.ID, id) {
				found = append(found, v.ID)
			}
		}
		switch len(found) {
		case 0:
			return nil, fmt.Errorf("no run here begins with %q; `parley runs` lists the latest", id)
		case 1:
			id = found[0]
		default:
			return nil, fmt.Errorf("%d runs begin with %q; give more digits", len(found), id)
		}
	}
	v := &cleanroom.View{}
	return v, d.call(cmd.Context(), http.MethodGet, "/v1/runs/"+id, nil, v)
}

func showResult(cmd *cobra.Command, v *cleanroom.View, o outputs) error {
	switch {
	case !v.Ended:
		return fmt.Errorf("run %s has not ended; it is %s", v.ID, strings.ToLower(string(v.State)))
	case v.State != store.Success:
		return failure(v)
	case v.Removed != nil:
		stays := ""
		if v.ReceiptHash != "" {
			stays = " The record of the run stays, and the hash of its receipt, with which a copy can be compared: " + v.ReceiptHash + "."
		}
		return fmt.Errorf("the answer of run %s was removed on %s, when the days for which this node keeps answers were over.%s Ask again for a new answer",
			v.ID, v.Removed.Local().Format(time.DateTime), stays)
	case v.Hidden:
		return withCode(exitRefused, fmt.Errorf("run %s has an answer, which is shown only to those with the role analyst", v.ID))
	case v.Result == nil:
		fmt.Fprintf(cmd.OutOrStdout(), "Run %s succeeded; its answer went to %s.\n", v.ID, v.Asker)
		return nil
	}
	return printAnswer(cmd.OutOrStdout(), cmd.ErrOrStderr(), v, o)
}

// printAnswer writes the answer to out, or to the file that was asked for, and
// what else there is to say to notes.
func printAnswer(out, notes io.Writer, v *cleanroom.View, o outputs) error {
	a, err := result.Open(v.Receipt)
	if err != nil {
		return err
	}
	if o.file == "" {
		err = a.Write(out, o.format)
	} else {
		err = writeTo(o.file, func(w io.Writer) error { return a.Write(w, o.format) })
	}
	if err != nil {
		return err
	}
	for _, w := range v.Warnings {
		fmt.Fprintf(notes, "Warning: %s\n", printable(w))
	}
	if v.StoredFrom != "" {
		fmt.Fprintln(notes, "The same question over the same data was answered before; this is that answer again, and cost nothing.")
	}
	if o.file != "" || o.format == "csv" {
		for _, n := range append(a.Table.Notes(), a.About()...) {
			fmt.Fprintln(notes, n)
		}
	}
	for _, m := range v.More {
		fmt.Fprintf(notes, "About %d more runs like this on %s.\n", m.Runs, m.Dataset)
	}
	if o.file != "" {
		fmt.Fprintf(notes, "Answer written to %s.\n", o.file)
	}
	if o.receipt == "" {
		return nil
	}
	if err := os.WriteFile(o.receipt, v.Receipt, 0o600); err != nil {
		return err
	}
	fmt.Fprintf(notes, "Receipt written to %s; check it with `parley verify %s`.\n", o.receipt, o.receipt)
	return nil
}

// writeTo makes a file that only its owner reads. One that could not be
// finished is removed.
func writeTo(path string, fill func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(fill(f), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
