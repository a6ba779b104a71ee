package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// version is set by the release build.
var version = "0.1.0-dev"

// home is the --home flag, shared by every command that works on a node.
type home struct {
	dir            string
	passphraseFile string
}

// optional is flags for a command that can do without a node.
func (h *home) optional(c *cobra.Command) {
	c.Flags().StringVar(&h.dir, "home", "", "`DIR` of the node, made by \"parley init\"")
	c.Flags().StringVar(&h.passphraseFile, "passphrase-file", "", "file holding the passphrase of the key file (default: $PARLEY_PASSPHRASE, or a prompt)")
}

func (h *home) flags(c *cobra.Command) {
	c.Flags().StringVar(&h.dir, "home", "", "`DIR` of the node, made by \"parley init\", or its socket for people")
	c.Flags().StringVar(&h.passphraseFile, "passphrase-file", "", "file holding the passphrase of the key file (default: $PARLEY_PASSPHRASE, or a prompt)")
	if err := c.MarkFlagRequired("home"); err != nil {
		panic(err) // the flag is defined two lines above
	}
}

func root() *cobra.Command {
	c := &cobra.Command{
		Use:   "parley",
		Short: "A data clean room: joint answers without showing each other's data",
		Long: `Parley lets organisations that may not show each other their data get joint
answers. Each runs a node over its own data. A collaboration exists only under
an agreement that every member signed; each owner's node checks every question
against its own copy; the join is encrypted; groups below the agreed minimum
size are not shown; every answer comes with a signed receipt.

Try it first:   parley rehearse --room demo
What to ask:    parley help sql, parley analyses list
What to agree:  parley template --help, parley help clauses
Exit codes:     0 done, 1 failed, 2 wrong usage, 3 refused, 4 partner not
                reachable, 130 cancelled`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version,
	}
	c.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return withCode(exitUsage, fmt.Errorf("%w\nRun `%s --help` for usage", err, cmd.CommandPath()))
	})
	c.AddCommand(sqlTopic(), clausesTopic())
	c.CompletionOptions.HiddenDefaultCmd = true
	c.AddGroup(
		&cobra.Group{ID: "ask", Title: "Ask"},
		&cobra.Group{ID: "agree", Title: "Agree"},
		&cobra.Group{ID: "people", Title: "People"},
		&cobra.Group{ID: "node", Title: "Run a node"},
		&cobra.Group{ID: "check", Title: "Check"},
	)
	add := func(group string, cmds ...*cobra.Command) {
		for _, sub := range cmds {
			sub.GroupID = group
			c.AddCommand(sub)
		}
	}
	add("ask", analysesCommand(), rehearseCommand(), runCommand(), explainCommand(), resultCommand(), runsCommand(), budgetCommand())
	add("agree", templateCommand(), agreementCommand(), inviteCommand(), joinCommand(), partnerCommand(), cardCommand())
	add("people", peopleCommand(), loginCommand(), logoutCommand(), whoamiCommand())
	add("node", initCommand(), serveCommand(), datasetCommand(), statusCommand())
	add("check", verifyCommand(), auditCommand())
	return c
}
