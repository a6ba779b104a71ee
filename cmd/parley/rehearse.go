package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"parley/cleanroom"
	"parley/cleanroom/audit"
	"parley/cmd/parley/rooms"
)

// rehearseOptions are the flags of `parley rehearse`.
type rehearseOptions struct {
	builtin string
	dataDir string
	dir     string
	as      string
	rows    int
	all     bool
	keep    bool
	question
	outputs
}

func rehearseCommand() *cobra.Command {
	var o rehearseOptions
	c := &cobra.Command{
		Use:   "rehearse ROOM.yaml | --room NAME",
		Short: "Try a whole collaboration on this machine",
		Long: `Starts every member of a described collaboration as a separate node with its own
home, imports the files, has the agreement signed by each, asks the question over
the encrypted join, prints the answer, checks the receipt, and cleans up. The
traffic between the nodes is real; only the distance is short.

Built-in rooms: ` + strings.Join(rooms.Names(), ", ") + `. Those with approved
analyses ask one of them, or with --analysis another, or with --all each; their
answers are compared with plain DuckDB over the same files.`,
		Example: `  parley rehearse --room demo
  parley rehearse --room media --analysis lift --param from=2026-03-01
  parley rehearse --room health --all
  parley rehearse --room flights --sql 'SELECT a.country, COUNT(*) FROM flights f JOIN airports a ON f.origin = a.iata GROUP BY a.country'
  parley rehearse my-room.yaml --keep`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 1) == (o.builtin != "") {
				return withCode(exitUsage, errors.New("give either a ROOM.yaml or --room NAME"))
			}
			return rehearse(cmd, &o, args)
		},
	}
	c.Flags().StringVar(&o.builtin, "room", "", "a built-in room: "+strings.Join(rooms.Names(), ", "))
	c.Flags().StringVar(&o.dataDir, "data", "e2e/data", "`DIR` where \"make data\" put the full flights file")
	c.Flags().StringVar(&o.as, "as", "", "the member that asks (default: the room's)")
	c.Flags().IntVar(&o.rows, "rows", 0, "rows a side of the generated rooms health, lending, media and reach (default: the room's)")
	c.Flags().BoolVar(&o.all, "all", false, "ask every approved analysis of the room, one after the other")
	c.Flags().StringVar(&o.dir, "dir", "", "folder for the members' homes (default: a new temporary one)")
	c.Flags().BoolVar(&o.keep, "keep", false, "leave the nodes running and the folder in place")
	o.question.flags(c)
	o.outputs.flags(c)
	if err := c.Flags().MarkHidden("agreement"); err != nil {
		panic(err) // the flag is defined two lines above
	}
	return c
}

func rehearse(cmd *cobra.Command, o *rehearseOptions, args []string) (err error) {
	if err := o.outputs.check(); err != nil {
		return err
	}
	ctx, notes := cmd.Context(), cmd.ErrOrStderr()
	dir, err := workDir(o.dir)
	if err != nil {
		return err
	}
	r, err := loadRoom(o, args, dir, notes)
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	if err := o.complete(r); err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	say(notes, o.quiet, "%s\n%s\nStarting %d nodes, importing their files, signing the agreement …\n", r.Title, r.Note, len(r.Members))
	began := time.Now()
	re, err := openRehearsal(ctx, r, dir, o.keep)
	defer func() { err = errors.Join(err, re.close()) }()
	if err != nil {
		re.keep = false
		return err
	}
	say(notes, o.quiet, "%s", re.haves(time.Since(began)))
	if !o.all {
		err = re.answer(ctx, cmd, o)
	} else {
		err = re.answerAll(ctx, cmd, o)
	}
	if !o.keep || ctx.Err() != nil {
		return err
	}
	text, failed := re.left() // also after a refusal: the nodes are up, to ask otherwise
	fmt.Fprint(notes, text)
	return errors.Join(err, failed)
}

// both is "A and B", or "A, B and C".
func both(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// answerAll asks every approved analysis with its parameters' defaults. One
// that is refused does not stop the others.
func (re *rehearsal) answerAll(ctx context.Context, cmd *cobra.Command, o *rehearseOptions) error {
	var failed []string
	for _, a := range re.room.Agreement.Analyses {
		one := *o
		one.SQL, one.Analysis, one.Params = "", a.Name, map[string]string{}
		err := re.answer(ctx, cmd, &one)
		if ctx.Err() != nil {
			return err
		}
		if err != nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: %v\n", a.Name, err)
			failed = append(failed, a.Name)
		}
		say(cmd.ErrOrStderr(), o.quiet, "\n")
	}
	if len(failed) > 0 {
		return fmt.Errorf("no answer from %s; see above", strings.Join(failed, ", "))
	}
	return nil
}

// answer asks the room's question and shows what came of it.
func (re *rehearsal) answer(ctx context.Context, cmd *cobra.Command, o *rehearseOptions) error {
	notes := cmd.ErrOrStderr()
	asker := re.member(o.as)
	q := o.Question
	q.Agreement = re.agreement
	say(notes, o.quiet, "%s asks:\n%s\n", asker.name, indent(re.text(q)))
	v, err := follow(ctx, asker.door, q, !o.quiet)
	if err != nil {
		return err
	}
	if err := printAnswer(cmd.OutOrStdout(), notes, v, o.outputs); err != nil {
		return err
	}
	if o.format == "table" {
		t, err := parseTable(v)
		if err != nil {
			return err
		}
		fmt.Fprint(cmd.OutOrStdout(), chart(t))
	}
	if !o.quiet {
		fmt.Fprint(notes, re.crossed(ctx, v))
	}
	return re.verify(notes, o, v)
}

func workDir(dir string) (string, error) {
	if dir == "" {
		return os.MkdirTemp("", "parley-rehearsal-")
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the rehearsal's folder: %w", err)
	}
	return filepath.Abs(dir)
}

func loadRoom(o *rehearseOptions, args []string, dir string, notes io.Writer) (*room, error) {
	if o.builtin == "" {
		return readRoom(args[0])
	}
	say(notes, o.quiet, "Unpacking room %q …\n", o.builtin)
	unpacked := filepath.Join(dir, "room")
	if err := os.Mkdir(unpacked, 0o700); err != nil {
		return nil, err
	}
	file, err := rooms.Unpack(o.builtin, unpacked, o.dataDir)
	if err != nil {
		return nil, err
	}
	r, err := readRoom(file)
	if err != nil {
		return nil, err
	}
	if o.rows == 0 {
		o.rows = r.Rows
	}
	return r, rooms.Generate(o.builtin, unpacked, o.rows)
}

// complete takes the room's question where the flags give none.
func (o *rehearseOptions) complete(r *room) error {
	own := o.SQL != "" || o.Analysis != "" || o.sqlFile != ""
	if !own {
		o.SQL, o.Analysis = r.Ask.SQL, r.Ask.Analysis
		for k, v := range r.Ask.Params {
			o.params = append(o.params, k+"="+v)
		}
	} else {
		r.Check, r.Withheld = "", "" // they belong to the room's own question
	}
	if o.all && own {
		return withCode(exitUsage, errors.New("--all asks the approved analyses, so it goes with no --sql or --analysis"))
	}
	if o.as == "" {
		o.as = r.Ask.Member
	}
	known := false
	for _, m := range r.Members {
		known = known || m.Name == o.as
	}
	if !known {
		return withCode(exitUsage, fmt.Errorf("--as %q: no such member in this room", o.as))
	}
	return o.question.read()
}

func say(w io.Writer, quiet bool, format string, args ...any) {
	if !quiet {
		fmt.Fprintf(w, format, args...)
	}
}

func indent(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n    ")
}

// text is the question as its asker wrote or approved it.
func (re *rehearsal) text(q cleanroom.Question) string {
	for _, a := range re.room.Agreement.Analyses {
		if a.Name == q.Analysis {
			return "approved analysis " + a.Name + ":\n" + a.SQL
		}
	}
	return q.SQL
}

// haves says what each side brought.
func (re *rehearsal) haves(took time.Duration) string {
	var b strings.Builder
	member, dataset := 0, 0
	for _, m := range re.members {
		member = max(member, utf8.RuneCountInString(m.name))
		for _, d := range m.datasets {
			dataset = max(dataset, utf8.RuneCountInString(d.Name))
		}
	}
	for _, m := range re.members {
		for _, d := range m.datasets {
			fmt.Fprintf(&b, "  %-*s  %-*s  %s rows of %s different people or things", member, m.name, dataset, d.Name, count(d.Rows), count(d.Units))
			if d.Dropped > 0 {
				fmt.Fprintf(&b, " (%s rows without a usable key left out)", count(d.Dropped))
			}
			b.WriteByte('\n')
		}
	}
	fmt.Fprintf(&b, "Ready in %s; agreement %s is signed by %s.\n\n", seconds(took), shortID(re.agreement), both(re.names()))
	return b.String()
}

func (re *rehearsal) names() []string {
	out := make([]string, len(re.members))
	for i, m := range re.members {
		out[i] = m.name
	}
	return out
}

// crossed says what left the nodes, and what each spent.
func (re *rehearsal) crossed(ctx context.Context, v *cleanroom.View) string {
	var b strings.Builder
	b.WriteString("\nWhat crossed the wire\n")
	for _, s := range v.Stages {
		if s.Sent+s.Received > 0 {
			fmt.Fprintf(&b, "  %-24s %10s  %s\n", s.Name, bytesText(s.Sent+s.Received), kindOf(s.Name))
		}
	}
	for _, m := range re.members {
		var own cleanroom.View
		if m.door.call(ctx, "GET", "/v1/runs/"+v.ID, nil, &own) == nil && own.Figures != nil {
			f := own.Figures
			fmt.Fprintf(&b, "  node of %-16s %s wall, %s CPU, peak %d MiB (+ %d MiB in its engine)\n", m.name,
				seconds(f.Wall), seconds(f.CPU), f.PeakMiB, f.ChildMiB)
		}
	}
	return b.String()
}

// kindOf names the form in which a stage's bytes travel.
func kindOf(stage string) string {
	switch stage {
	case "align", "align (resumed)":
		return "curve points under both nodes' secret keys, sorted, with dummies"
	case "encrypted sums":
		return "lattice ciphertexts and one-time-padded sums"
	case "threshold and release":
		return "garbled circuits: only groups that pass open"
	}
	return ""
}

// verify checks the receipt and, where the room has one, plain DuckDB's answer.
func (re *rehearsal) verify(notes io.Writer, o *rehearseOptions, v *cleanroom.View) error {
	got, err := audit.VerifyBundle(v.Receipt)
	if err != nil {
		return fmt.Errorf("the receipt does not verify: %w", err)
	}
	say(notes, o.quiet, "\nReceipt of run %s (keep one with --receipt FILE)\n", v.ID)
	for _, c := range got.Checks() {
		say(notes, o.quiet, "  ✓ %s\n", c)
	}
	if _, known := re.room.Checks[o.Analysis]; known && o.Analysis != "" {
		return re.compareAnalysis(notes, o, v)
	}
	if re.room.Check == "" {
		return nil
	}
	return re.compare(notes, o, v)
}

// left says how to go on with nodes that were kept. Their passphrases, which
// nobody has chosen, are written beside the homes.
func (re *rehearsal) left() (string, error) {
	var b strings.Builder
	b.WriteString("\nThe nodes are still running. Talk to them with:\n")
	for _, m := range re.members {
		if err := os.WriteFile(m.home.dir+".passphrase", []byte(m.pass+"\n"), 0o600); err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "  parley run --home %s --agreement %s --sql '…'\n", m.home.dir, shortID(re.agreement))
	}
	b.WriteString("Stop them with:\n  kill")
	for _, m := range re.members {
		fmt.Fprintf(&b, " %d", m.process.Process.Pid)
	}
	fmt.Fprintf(&b, "\nStart one again with:\n  parley serve --home %[1]s --passphrase-file %[1]s.passphrase\nRemove everything with:\n  rm -r %[2]s\n",
		re.members[0].home.dir, re.dir)
	return b.String(), nil
}
