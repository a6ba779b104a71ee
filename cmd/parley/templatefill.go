package main

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"parley/agreements"
	"parley/agreements/templates"
	"parley/cleanroom"
	"parley/cleanroom/api"
)

// templateFlags are the flags of `agreement new` that fill a template in.
type templateFlags struct {
	template string
	set      []string
	file     string
	tables   []string
	columns  []string
	only     []string
}

func (f *templateFlags) flags(c *cobra.Command) {
	c.Flags().StringVar(&f.template, "template", "", "make it from an approved `TEMPLATE` (parley template list)")
	c.Flags().StringArrayVar(&f.set, "set", nil, "with --template: fill in a blank, `NAME=VALUE`; may be repeated")
	c.Flags().StringVar(&f.file, "blanks", "", "with --template: a `FILE` with blanks, as \"parley template show --blanks\" prints it")
	c.Flags().StringArrayVar(&f.tables, "table", nil, "with --template: which dataset takes a role, `ROLE=DATASET`; may be repeated")
	c.Flags().StringArrayVar(&f.columns, "column", nil, "with --template: which column takes a role, `ROLE.COLUMN=COLUMN`; may be repeated")
	c.Flags().StringSliceVar(&f.only, "only", nil, "with --template: take up these of its `ANALYSES` alone")
}

// blanks is the YAML file of --blanks.
type blanks struct {
	Values  map[string]string `yaml:"values"`
	Tables  map[string]string `yaml:"tables"`
	Columns map[string]string `yaml:"columns"`
}

// blanksFile is such a file to fill in, with the explanations as comments.
func blanksFile(t *templates.Template) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Blanks of the template %s, version %d, for `parley agreement new --template %s --blanks FILE`.\n# A blank that begins with # has a default, or follows from the datasets.\nvalues:\n", t.Name, t.Version, t.Name)
	for _, p := range t.Parties {
		fmt.Fprintf(&b, "  # The %s: %s\n  # %s: MEMBER\n", strings.ToLower(p.Title), p.About, p.Name)
	}
	for _, k := range t.Blanks {
		fmt.Fprintf(&b, "  # %s. %s\n", k.Ask, k.Help)
		if k.Default != "" {
			fmt.Fprintf(&b, "  # %s: %q\n", k.Name, k.Default)
			continue
		}
		if k.Example != "" {
			fmt.Fprintf(&b, "  # Such as: %s\n", k.Example)
		}
		fmt.Fprintf(&b, "  %s: \"\"\n", k.Name)
	}
	b.WriteString("# Which dataset and column takes which role, where they are called otherwise:\n# tables:\n")
	for _, d := range t.Datasets {
		fmt.Fprintf(&b, "#   %s: DATASET   # %s\n", d.Name, d.About)
	}
	b.WriteString("# columns:\n")
	for _, d := range t.Datasets {
		for _, k := range d.Columns {
			fmt.Fprintf(&b, "#   %s.%s: COLUMN   # %s\n", d.Name, k.Name, k.About)
		}
	}
	return b.String()
}

// draft has the node make an agreement from a template. On a terminal it asks
// for what is missing; elsewhere all that is missing is in the error.
func (f *templateFlags) draft(cmd *cobra.Command, d *door, o *cleanroom.DraftOptions, dp *dpFlags, days int) error {
	in, err := f.request(cmd, o, dp, days)
	if err != nil {
		return err
	}
	for {
		var out api.FilledTemplate
		if err := d.call(cmd.Context(), http.MethodPost, "/v1/agreements/draft", in, &out); err != nil {
			return err
		}
		if out.Agreement != nil {
			note, err := compared(cmd, d, out.Agreement)
			if err != nil {
				return err
			}
			fmt.Fprint(cmd.OutOrStdout(), draftHeader)
			fmt.Fprint(cmd.ErrOrStderr(), note)
			return printYAML(cmd, out.Agreement)
		}
		if out.Missing == nil {
			return errors.New("the node answered with neither a draft nor what is missing")
		}
		asked := len(out.Missing.Blanks) + len(out.Missing.Parties)
		if !stdinIsTerminal() || asked == 0 {
			return withCode(exitUsage, out.Missing)
		}
		if err := askBlanks(cmd, out.Missing, in); err != nil {
			return err
		}
	}
}

func (f *templateFlags) request(cmd *cobra.Command, o *cleanroom.DraftOptions, dp *dpFlags, days int) (*api.FillTemplate, error) {
	given := blanks{}
	if f.file != "" {
		if err := readYAML(f.file, &given); err != nil {
			return nil, err
		}
	}
	in := &api.FillTemplate{Template: f.template, Members: o.Members, Datasets: o.Datasets, Only: f.only, NotBefore: time.Now().UTC().Truncate(24 * time.Hour),
		Values: orEmpty(given.Values), Tables: orEmpty(given.Tables), Columns: orEmpty(given.Columns)}
	for _, l := range []struct {
		list []string
		flag string
		into map[string]string
	}{{f.set, "set", in.Values}, {f.tables, "table", in.Tables}, {f.columns, "column", in.Columns}} {
		for _, s := range l.list {
			name, value, ok := strings.Cut(s, "=")
			if !ok || name == "" {
				return nil, withCode(exitUsage, fmt.Errorf("--%s takes NAME=VALUE, not %q", l.flag, s))
			}
			l.into[name] = value
		}
	}
	for _, c := range o.Contracts {
		in.Contracts = append(in.Contracts, api.OwnedContract{Owner: c.Owner, Contract: string(c.Contract)})
	}
	return in, f.changes(cmd, o, dp, days, in)
}

// changes takes over the flags that were given: a flag's default is not what
// the template says.
func (f *templateFlags) changes(cmd *cobra.Command, o *cleanroom.DraftOptions, dp *dpFlags, days int, in *api.FillTemplate) error {
	given := cmd.Flags().Changed
	if given("analyses") {
		return withCode(exitUsage, errors.New("a template brings its own analyses; --only picks some of them. To add others, edit the draft, or the template"))
	}
	if given("title") {
		in.Title = o.Title
	}
	if given("purpose") {
		in.Values["purpose"] = o.Purpose
	}
	if given("min-group-size") {
		in.Change.MinGroupSize = o.MinGroupSize
	}
	if given("ad-hoc") {
		in.Change.AdHoc = &o.AdHoc
	}
	if given("receiver") {
		in.Change.Receivers = o.Receivers
	}
	if given("days") {
		in.Change.Days = days
	}
	for _, name := range []string{"dp", "epsilon", "delta", "budget-epsilon", "budget-delta", "budget-days", "dp-ad-hoc-only"} {
		if given(name) {
			if dp.dp == "" {
				dp.dp = "on"
			}
			units, _, err := cleanroom.LargestKnown(o.Contracts, o.Known)
			if err != nil {
				return err
			}
			in.Change.DP, err = dp.demand(true, units)
			return err
		}
	}
	return nil
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// askBlanks asks for what is missing, one after the other, with what each is
// for. An empty answer is asked again.
func askBlanks(cmd *cobra.Command, m *templates.Missing, in *api.FillTemplate) error {
	read := bufio.NewScanner(os.Stdin)
	ask := func(what, help, name string) error {
		for in.Values[name] == "" {
			fmt.Fprintf(cmd.ErrOrStderr(), "\n%s\n  %s\n> ", what, help)
			if !read.Scan() {
				return withCode(exitUsage, errors.Join(errors.New("nothing more was typed; nothing was made"), read.Err()))
			}
			in.Values[name] = strings.TrimSpace(read.Text())
		}
		return nil
	}
	for _, p := range m.Parties {
		var names []string
		for _, member := range in.Members {
			names = append(names, member.Name)
		}
		if err := ask(fmt.Sprintf("Which member is the %s? (%s)", strings.ToLower(p.Title), strings.Join(names, ", ")), p.About, p.Name); err != nil {
			return err
		}
	}
	for _, b := range m.Blanks {
		help := b.Help
		if b.Example != "" {
			help += "\n  Such as: " + b.Example
		}
		for {
			if err := ask(b.Ask, help, b.Name); err != nil {
				return err
			}
			t := agreements.Term{Name: b.Name, Type: b.Type, Value: in.Values[b.Name]}
			err := t.Check(func(string) *agreements.Member { return &agreements.Member{} })
			if err == nil {
				break
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "This %v.\n", err)
			in.Values[b.Name] = ""
		}
	}
	return nil
}

// inEditor opens a template in the user's editor and returns the text and the
// file it is kept in.
func inEditor(cmd *cobra.Command, v *cleanroom.TemplateView) (text, file string, err error) {
	editor := os.Getenv("VISUAL")
	if editor == "" {
		editor = os.Getenv("EDITOR")
	}
	if editor == "" || !stdinIsTerminal() {
		return "", "", withCode(exitUsage, errors.New("there is no editor to open here: set EDITOR, or give --file, or --clause with --text"))
	}
	b, err := v.Template.Encode()
	if err != nil {
		return "", "", err
	}
	f, err := os.CreateTemp("", v.Name+"-*.md")
	if err != nil {
		return "", "", err
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Close()); err != nil {
		return "", "", err
	}
	words := strings.Fields(editor)
	run := exec.CommandContext(cmd.Context(), words[0], append(words[1:], f.Name())...)
	run.Stdin, run.Stdout, run.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := run.Run(); err != nil {
		return "", "", fmt.Errorf("the editor %s ended with an error, so nothing was changed: %w", words[0], err)
	}
	out, err := os.ReadFile(f.Name())
	return string(out), f.Name(), err
}
