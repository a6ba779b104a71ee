package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"parley/agreements"
	"parley/cleanroom"
	"parley/cleanroom/audit"
)

func verifyCommand() *cobra.Command {
	var asJSON bool
	var checkpoint string
	c := &cobra.Command{
		Use:   "verify RECEIPT",
		Short: "Check a receipt offline: signatures, agreement, result",
		Long: `Checks a receipt with nothing but the file: that the agreement in it is signed
by every member, that every node that took part signed the receipt with the key
the agreement gives it, that the result is the one they signed for, and that the
run is in every one's audit log. With --checkpoint it is also compared with a
checkpoint that you kept elsewhere. A proof that a log was forked, as nodes keep
them in HOME/records, is checked as well.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			if audit.IsFork(b) {
				f, err := audit.VerifyFork(b)
				if err != nil {
					return withCode(exitRefused, fmt.Errorf("%s is not a valid proof: %w", args[0], err))
				}
				if asJSON {
					return printJSON(cmd, f)
				}
				fmt.Fprint(cmd.OutOrStdout(), f.Text())
				return nil
			}
			v, err := audit.VerifyBundle(b)
			if err != nil {
				return withCode(exitRefused, fmt.Errorf("%s is not a valid receipt: %w", args[0], err))
			}
			if asJSON {
				return printJSON(cmd, v)
			}
			fmt.Fprint(cmd.OutOrStdout(), v.Text())
			if checkpoint != "" {
				more, err := againstCheckpoint(v, checkpoint)
				if err != nil {
					return err
				}
				fmt.Fprint(cmd.OutOrStdout(), more)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().StringVar(&checkpoint, "checkpoint", "", "`FILE` with a checkpoint of a party's log that was kept elsewhere")
	return c
}

func auditCommand() *cobra.Command {
	c := &cobra.Command{Use: "audit", Short: "Check the node's log of decisions, and partners'"}
	c.AddCommand(auditVerify(), auditFsck(), auditExport(), auditExchange(), auditAcceptHead())
	return c
}

func auditVerify() *cobra.Command {
	var h home
	var asJSON bool
	var card, log, export, checkpoint string
	c := &cobra.Command{
		Use:   "verify (--home DIR | --log DIR --card CARD | --export DIR --card CARD)",
		Short: "Recompute every hash of an audit log and check its signed checkpoint",
		Long: `Checks an audit log with nothing but its files and the organisation's public key:
this node's own, or a partner's that was given out with "parley audit export".
With --checkpoint the log must also have a checkpoint as its past that you kept
elsewhere.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if h.dir == "" && (card == "" || (log == "") == (export == "")) {
				return withCode(exitUsage, errors.New("give --home, or --card with --log or --export"))
			}
			m, err := identityOf(cmd, h, card)
			if err != nil {
				return err
			}
			key, err := base64.StdEncoding.DecodeString(m.IdentityKey)
			if err != nil {
				return err
			}
			seen, err := checkpointIn(checkpoint, key)
			if err != nil {
				return err
			}
			if export != "" {
				x, err := audit.VerifyExport(export, key, seen...)
				if err != nil {
					return withCode(exitRefused, fmt.Errorf("the export is not sound: %w", err))
				}
				if asJSON {
					return printJSON(cmd, x)
				}
				if x.Log == nil {
					fmt.Fprintf(cmd.OutOrStdout(), "The export of %s is sound: %s files, %s selected entries.\n", x.Manifest.Member, count(int64(len(x.Manifest.Files))), count(int64(x.Selected)))
					return nil
				}
				fmt.Fprintf(cmd.OutOrStdout(), "The export of %s is sound: %s files. Its audit log is sound: %s entries, root %s.\n", x.Manifest.Member, count(int64(len(x.Manifest.Files))), count(x.Log.Entries), x.Log.Root)
				return nil
			}
			if log == "" {
				log = cleanroom.Home(h.dir).AuditDir()
			}
			rep, err := audit.Verify(log, key, seen...)
			if err != nil {
				return withCode(exitRefused, fmt.Errorf("the audit log is not sound: %w", err))
			}
			if asJSON {
				return printJSON(cmd, rep)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "The audit log is sound: %s entries, root %s.\n", count(rep.Entries), rep.Root)
			return nil
		},
	}
	h.optional(c)
	c.Flags().StringVar(&card, "card", "", "the organisation's card, to check without unlocking a node's keys")
	c.Flags().StringVar(&card, "key", "", "another name of --card")
	c.Flags().StringVar(&log, "log", "", "folder of a log that was given out")
	c.Flags().StringVar(&export, "export", "", "folder made by \"parley audit export\"")
	c.Flags().StringVar(&checkpoint, "checkpoint", "", "`FILE` with a checkpoint that was kept elsewhere")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// identityOf returns the node's public keys, from a card file or the node.
func identityOf(cmd *cobra.Command, h home, card string) (m agreements.Member, err error) {
	if card != "" {
		return m, readYAML(card, &m)
	}
	err = with(cmd.Context(), h, func(d *door) error {
		return d.call(cmd.Context(), http.MethodGet, "/v1/card", nil, &m)
	})
	return m, err
}
