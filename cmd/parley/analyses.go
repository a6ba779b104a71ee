package main

import (
	"bytes"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"parley/agreements"
	"parley/cmd/parley/rooms"
)

// shipped is an analysis that comes with the program, in a built-in room.
type shipped struct {
	Room string `json:"room"`
	agreements.Analysis
}

func analysesCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "analyses",
		Short: "Show the analyses that come with parley, for copying into an agreement",
		Long: `The usual clean-room analyses, written in the language of parley. Each is an
entry for the list "analyses" of an agreement: a name, a description, SQL and
typed parameters. Tables and columns are those of a built-in room, where each
can be tried; put your own in their place.

An agreement's analyses may be asked by name also where free SQL (adHoc) is not
allowed. They get into one with ` + "`parley agreement new --analyses FILE`" + `, or by
hand into the list "analyses" of a draft. The language: ` + "`parley help sql`" + `.`,
		Example: `  parley analyses list
  parley analyses show last_touch
  parley analyses show last_touch >> analyses.yaml
  parley rehearse --room media --analysis last_touch`,
	}
	c.AddCommand(analysesList(), analysesShow())
	return c
}

// shippedAnalyses are those of all built-in rooms, in the rooms' order.
func shippedAnalyses() ([]shipped, error) {
	var out []shipped
	for _, name := range rooms.Names() {
		b, err := rooms.Read(name)
		if err != nil {
			return nil, err
		}
		var r struct {
			Agreement struct {
				Analyses []agreements.Analysis `yaml:"analyses"`
			} `yaml:"agreement"`
		}
		if err := yaml.Unmarshal(b, &r); err != nil {
			return nil, err
		}
		for _, a := range r.Agreement.Analyses {
			out = append(out, shipped{name, a})
		}
	}
	return out, nil
}

func analysesList() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "list", Short: "List them", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := shippedAnalyses()
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd, all)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "ANALYSIS\tROOM\tWHAT IT TELLS")
			for _, a := range all {
				fmt.Fprintf(w, "%s\t%s\t%s\n", a.Name, a.Room, a.Description)
			}
			return w.Flush()
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func analysesShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Print one as YAML, an entry of an agreement's analyses",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := shippedAnalyses()
			if err != nil {
				return err
			}
			var names []string
			for _, a := range all {
				names = append(names, a.Name)
				if a.Name != args[0] {
					continue
				}
				text, err := asEntry(a)
				if err != nil {
					return err
				}
				_, err = cmd.OutOrStdout().Write(text)
				return err
			}
			return withCode(exitUsage, fmt.Errorf("there is no analysis %q; there are %s", args[0], strings.Join(names, ", ")))
		},
	}
}

// asEntry is the YAML of one analysis in a list, with a line on how to try it.
func asEntry(a shipped) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Try it: parley rehearse --room %s --analysis %s\n", a.Room, a.Name)
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode([]agreements.Analysis{a.Analysis}); err != nil {
		return nil, err
	}
	return b.Bytes(), e.Close()
}
