package main

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/tlog"

	"parley/agreements"
	"parley/cleanroom"
	"parley/cleanroom/audit"
)

// checkpointIn reads a checkpoint kept elsewhere, which key must have signed.
func checkpointIn(file string, key []byte) ([]tlog.Tree, error) {
	if file == "" {
		return nil, nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	h, err := audit.OpenHead(b, cleanroom.AuditOrigin, key)
	if err != nil {
		return nil, withCode(exitRefused, fmt.Errorf("%s: %w", file, err))
	}
	return []tlog.Tree{{N: h.Size, Hash: h.Root}}, nil
}

func cardKey(card string) ([]byte, error) {
	if card == "" {
		return nil, nil
	}
	var m agreements.Member
	if err := readYAML(card, &m); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(m.IdentityKey)
}

func auditFsck() *cobra.Command {
	var h home
	var asJSON bool
	var card string
	c := &cobra.Command{
		Use:   "fsck --home DIR",
		Short: "Account for every file and row of a home against the audit log",
		Long: `Checks a whole home: the audit log and what partners countersigned of it, the
state file against the log, and snapshots, alignments and answers against the
state file. Each damage is named, and the exit code is 1. Nothing is changed.

It works on a running node, and on a stopped one without its passphrase; then it
says what it could not look at.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			key, err := cardKey(card)
			if err != nil {
				return err
			}
			var rep *cleanroom.FsckReport
			d, err := dial(h)
			switch {
			case errors.Is(err, errNotRunning):
				rep, err = cleanroom.FsckStopped(cmd.Context(), cleanroom.Home(h.dir), key)
			case err == nil:
				rep = &cleanroom.FsckReport{}
				err = errors.Join(d.call(cmd.Context(), http.MethodGet, "/v1/records/fsck", nil, rep), d.close())
			}
			if err != nil {
				return err
			}
			if asJSON {
				if err := printJSON(cmd, rep); err != nil {
					return err
				}
			} else {
				list := func(title string, lines []string) {
					if len(lines) > 0 {
						fmt.Fprintf(cmd.OutOrStdout(), "%s\n  %s\n", title, strings.Join(lines, "\n  "))
					}
				}
				list("Damage", rep.Damage)
				list("Checked", rep.Checked)
				list("Not checked", rep.NotChecked)
			}
			if len(rep.Damage) > 0 {
				return withCode(exitFailed, fmt.Errorf("the home is damaged in %d places", len(rep.Damage)))
			}
			return nil
		},
	}
	h.flags(c)
	c.Flags().StringVar(&card, "card", "", "the node's card, to check a stopped node's log by its own key")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func auditExchange() *cobra.Command {
	var h home
	var asJSON bool
	c := &cobra.Command{
		Use:   "exchange [PARTNER] --home DIR",
		Short: "Compare and countersign audit logs with partners now",
		Long: `Compares this node's audit log with a partner's, or with all partners', each by
what it countersigned last. It happens by itself at the start of every run, after
every release, and every recordsEvery (see parley.yaml) while the node is up.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var in struct {
				Member string `json:"member,omitempty"`
			}
			if len(args) > 0 {
				in.Member = args[0]
			}
			var all []cleanroom.Exchanged
			var rec cleanroom.Records
			err := with(cmd.Context(), h, func(d *door) error {
				if err := d.call(cmd.Context(), http.MethodPost, "/v1/records/exchange", in, &all); err != nil {
					return err
				}
				return d.call(cmd.Context(), http.MethodGet, "/v1/records", nil, &rec)
			})
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd, all)
			}
			failed := 0
			for _, x := range all {
				if x.Error != "" {
					failed++
					fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", x.Member, x.Error)
					continue
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: its log of %s entries goes on from what was countersigned, root %s; it has countersigned %s entries of this node's, root %s.\n",
					x.Member, count(x.Theirs.Size), x.Theirs.Root[:16], count(x.Ours.Size), x.Ours.Root[:16])
			}
			if len(all) == 0 {
				fmt.Fprintln(cmd.OutOrStdout(), "There is nobody to compare logs with: no agreement is in force, and no partner is confirmed.")
			}
			if failed > 0 {
				return withCode(exitRefused, fmt.Errorf("the logs of %d partners were not compared, or do not fit", failed))
			}
			return nil
		},
	}
	h.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func auditAcceptHead() *cobra.Command {
	var h home
	var root string
	c := &cobra.Command{
		Use:   "accept-head PARTNER --home DIR --root HEX",
		Short: "Decide that runs go on with a log that does not fit",
		Long: `When a partner's audit log is not a continuation of the one that this node
countersigned, or this node's is not of what the partner countersigned, nothing
is run with that partner until a person decides.

First find out why. If an older copy of a home was put back, put the newest one
back: then the logs fit again by themselves. If two copies of a node run, stop
one. If the newest home is lost, what it recorded since is lost with it: charges
on budgets among them, so that they could be spent again, and agreements that
were ended. Talk about that with the partner's people, and end or amend
agreements where it matters.

Then, without --root, the command shows the head that the log would go on from.
Have the partner's people read theirs to you over the phone, and give its first
eight digits or more. The decision is recorded; the proof of what happened stays.
Both sides decide, each at its own node.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var done []string
			err := with(cmd.Context(), h, func(d *door) error {
				return d.call(cmd.Context(), http.MethodPost, "/v1/records/accept", map[string]string{"member": args[0], "root": root}, &done)
			})
			for _, s := range done {
				fmt.Fprintf(cmd.OutOrStdout(), "Accepted: %s.\n", s)
			}
			return err
		},
	}
	h.flags(c)
	c.Flags().StringVar(&root, "root", "", "first eight `HEX` digits or more of the root, as the partner's people read it")
	return c
}

func auditExport() *cobra.Command {
	var h home
	var out, since, run, agreement string
	c := &cobra.Command{
		Use:   "export --home DIR --out DIR",
		Short: "Give an outside auditor the log, checkpoints, agreements and receipts",
		Long: `Writes a folder that an outside auditor can check with nothing but it and this
organisation's card: "parley audit verify --export DIR --card CARD". It holds no
answer and no row of data; questions stand in the receipts as they were asked.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{}
			if since != "" {
				at, err := time.Parse(time.DateOnly, since)
				if err != nil {
					return withCode(exitUsage, fmt.Errorf("--since is a day such as 2026-05-01"))
				}
				q.Set("since", at.Format(time.RFC3339))
			}
			for name, v := range map[string]string{"run": run, "agreement": agreement} {
				if v != "" {
					q.Set(name, v)
				}
			}
			return with(cmd.Context(), h, func(d *door) error {
				resp, err := d.send(cmd.Context(), http.MethodGet, "/v1/records/export?"+q.Encode(), nil)
				if err != nil {
					return err
				}
				defer resp.Body.Close()
				files, err := cleanroom.Unpack(resp.Body, out)
				if err != nil {
					return err
				}
				if _, err := os.Stat(out + "/" + audit.ManifestName); err != nil {
					return errors.New("the export was cut off: it has no manifest; the node's log says why")
				}
				fmt.Fprintf(cmd.OutOrStdout(), "Wrote %s files to %s; README.txt in it says how to check them.\n", count(int64(files)), out)
				return nil
			})
		},
	}
	h.flags(c)
	c.Flags().StringVar(&out, "out", "", "folder to write, new or empty")
	c.Flags().StringVar(&since, "since", "", "only from this day on, such as 2026-05-01")
	c.Flags().StringVar(&run, "run", "", "only about this run")
	c.Flags().StringVar(&agreement, "agreement", "", "only about this agreement (whole id)")
	if err := c.MarkFlagRequired("out"); err != nil {
		panic(err) // the flag is defined above
	}
	return c
}

// againstCheckpoint compares a verified receipt with a checkpoint of one of its
// parties that was kept elsewhere.
func againstCheckpoint(v *audit.Verified, file string) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	for _, rec := range v.Records {
		key, err := v.Agreement.Member(rec.Member).Key()
		if err != nil {
			return "", err
		}
		h, err := audit.OpenHead(b, rec.Head.Origin, key)
		if err != nil {
			continue
		}
		switch {
		case h.Size != rec.Head.Size:
			return fmt.Sprintf("  – that the checkpoint in %s (%d entries) and the one in the receipt (%d entries) of %s are of one log: neither tells that of the other. Ask %s for `parley audit export`, and run `parley audit verify --export DIR --card CARD --checkpoint FILE` with each\n",
				file, h.Size, rec.Head.Size, rec.Member, rec.Member), nil
		case h.Root != rec.Head.Root:
			return "", withCode(exitRefused, fmt.Errorf("%s signed two different logs: the checkpoint in %s and the one in the receipt, both of %d entries, have the roots %s and %s", rec.Member, file, h.Size, hex.EncodeToString(h.Root[:]), hex.EncodeToString(rec.Head.Root[:])))
		}
		return fmt.Sprintf("  ✓ the checkpoint in %s is the one in the receipt: the log of %s is the one that was kept\n", file, rec.Member), nil
	}
	return "", withCode(exitRefused, fmt.Errorf("%s is not a checkpoint of a party of this receipt", file))
}
