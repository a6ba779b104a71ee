package main

import (
	"encoding/base64"
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
	c := &cobra.Command{
		Use:   "verify RECEIPT",
		Short: "Check a receipt offline: signatures, agreement, result",
		Long: `Checks a receipt with nothing but the file: that the agreement in it is signed
by every member, that every node that took part signed the receipt with the key
the agreement gives it, and that the result is the one they signed for.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			v, err := audit.VerifyBundle(b)
			if err != nil {
				return withCode(exitRefused, fmt.Errorf("%s is not a valid receipt: %w", args[0], err))
			}
			if asJSON {
				return printJSON(cmd, v)
			}
			fmt.Fprint(cmd.OutOrStdout(), v.Text())
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func auditCommand() *cobra.Command {
	c := &cobra.Command{Use: "audit", Short: "Check the node's log of decisions"}
	c.AddCommand(auditVerify())
	return c
}

func auditVerify() *cobra.Command {
	var h home
	var asJSON bool
	var card string
	c := &cobra.Command{
		Use:   "verify --home DIR",
		Short: "Recompute every hash of the audit log and check its signed checkpoint",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := identityOf(cmd, h, card)
			if err != nil {
				return err
			}
			key, err := base64.StdEncoding.DecodeString(m.IdentityKey)
			if err != nil {
				return err
			}
			rep, err := audit.Verify(cleanroom.Home(h.dir).AuditDir(), key)
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
	h.flags(c)
	c.Flags().StringVar(&card, "card", "", "the node's card, to check without unlocking its keys")
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
