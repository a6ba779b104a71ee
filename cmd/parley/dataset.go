package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"parley/cleanroom"
	"parley/cleanroom/api"
	"parley/cleanroom/catalog"
	"parley/cleanroom/engine"
)

func datasetCommand() *cobra.Command {
	c := &cobra.Command{Use: "dataset", Short: "Offer datasets under their contracts"}
	c.AddCommand(datasetAdd(), datasetList(), datasetProfile(), datasetOffer(), datasetExample())
	return c
}

func datasetAdd() *cobra.Command {
	var h home
	var contract string
	c := &cobra.Command{
		Use:   "add --home DIR --contract FILE",
		Short: "Import a file into an encrypted snapshot under its contract",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, err := readContract(contract)
			if err != nil {
				return err
			}
			return with(cmd.Context(), h, func(d *door) error {
				fmt.Fprintln(cmd.ErrOrStderr(), "importing …")
				var got cleanroom.Dataset
				if err := d.call(cmd.Context(), http.MethodPost, "/v1/datasets", in, &got); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: %s rows of %s different people or things, version %s\n", got.Name, count(got.Rows), count(got.Units), got.Version)
				if got.Dropped > 0 {
					fmt.Fprintf(cmd.OutOrStdout(), "%s rows have an empty or malformed join key and are in no answer.\n", count(got.Dropped))
				}
				return nil
			})
		},
	}
	h.flags(c)
	c.Flags().StringVar(&contract, "contract", "", "ODCS 3.1.0 contract; the data file is where its servers entry says")
	if err := c.MarkFlagRequired("contract"); err != nil {
		panic(err) // the flag is defined above
	}
	return c
}

func readContract(file string) (api.AddDataset, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return api.AddDataset{}, err
	}
	dir, err := filepath.Abs(filepath.Dir(file))
	return api.AddDataset{Contract: string(b), Dir: dir}, err
}

func datasetList() *cobra.Command {
	var h home
	var asJSON bool
	c := &cobra.Command{
		Use: "list --home DIR", Short: "List the datasets of this node", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				var all []cleanroom.Dataset
				if err := d.call(cmd.Context(), http.MethodGet, "/v1/datasets", nil, &all); err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd, all)
				}
				if len(all) == 0 {
					fmt.Fprintln(cmd.OutOrStdout(), "No datasets yet. `parley dataset example` prints a contract to start from.")
					return nil
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
				fmt.Fprintln(w, "NAME\tROWS\tUNITS\tIMPORTED\tVERSION\tCONTRACT")
				for _, s := range all {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", s.Name, count(s.Rows), count(s.Units),
						s.ImportedAt.Local().Format(time.DateTime), shortID(s.Version), shortID(s.ContractHash))
				}
				return w.Flush()
			})
		},
	}
	h.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func datasetProfile() *cobra.Command {
	var h home
	var asJSON bool
	c := &cobra.Command{
		Use: "profile NAME --home DIR", Short: "Show a dataset's figures to its owner", Args: cobra.ExactArgs(1),
		Long: "Shows counts, NULLs, distinct values and bounds. They are data: they are printed\nhere, for the owner, and are never sent to a partner.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				var p engine.Profile
				if err := d.call(cmd.Context(), http.MethodGet, "/v1/datasets/"+url.PathEscape(args[0])+"/profile", nil, &p); err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd, p)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s rows, %s units\n", count(p.Rows), count(p.Units))
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
				fmt.Fprintln(w, "COLUMN\tTYPE\tNULL\tDISTINCT\tMIN\tMAX")
				for _, col := range p.Columns {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", col.Name, col.Type, count(col.Nulls), count(col.Distinct), printable(col.Min), printable(col.Max))
				}
				return w.Flush()
			})
		},
	}
	h.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func datasetExample() *cobra.Command {
	return &cobra.Command{
		Use: "example", Short: "Print a commented contract to start from", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(cmd.OutOrStdout(), catalog.Example())
			return err
		},
	}
}

func printJSON(cmd *cobra.Command, v any) error {
	e := json.NewEncoder(cmd.OutOrStdout())
	e.SetIndent("", "  ")
	return e.Encode(v)
}
