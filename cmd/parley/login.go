package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"parley/cleanroom/api"
	"parley/cleanroom/people"
)

func loginCommand() *cobra.Command {
	var h home
	var in people.SignIn
	var file string
	c := &cobra.Command{
		Use:   "login NAME --home DIR",
		Short: "Sign in at a node that has accounts",
		Long: `Signs you in for 12 hours. The session is kept in a file of your own (0600) in
your configuration folder, one for each node, and later commands show it.
Programs use a token instead: "parley people token new", and PARLEY_TOKEN.`,
		Example: "  parley login anna --home ~/acme",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Name = args[0]
			var err error
			if in.Password, err = password(file, "Password of "+in.Name+": ", false); err != nil {
				return err
			}
			// Asked of everybody: that it is not would tell who has none.
			if in.Code == "" {
				if in.Code, err = line("Code (empty if you have set up none): "); err != nil {
					return err
				}
			}
			return with(cmd.Context(), h, func(d *door) error {
				var s people.Session
				if err := d.call(cmd.Context(), http.MethodPost, "/v1/session", in, &s); err != nil {
					return err
				}
				if err := keepSession(h, credential{Name: s.Who.Name, Token: s.Token, Expires: s.Who.Until}); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "Signed in as %s (%s) until %s.\n", s.Who.Name, roleNames(s.Who.Roles), s.Who.Until.Local().Format(time.DateTime))
				if s.Who.MustChange {
					fmt.Fprintln(cmd.OutOrStdout(), "Your password was given to you by somebody else. Change it before anything else: parley people passwd")
				}
				if _, set := os.LookupEnv(tokenVariable); set {
					fmt.Fprintf(cmd.ErrOrStderr(), "Note: %s is set, and commands use it rather than this session.\n", tokenVariable)
				}
				return nil
			})
		},
	}
	h.flags(c)
	c.Flags().StringVar(&file, "password-file", "", "file holding the password (default: a prompt)")
	c.Flags().StringVar(&in.Code, "code", "", "one-time code, if you have set up codes (default: a prompt)")
	return c
}

func logoutCommand() *cobra.Command {
	var h home
	c := &cobra.Command{
		Use: "logout --home DIR", Short: "End the session that \"parley login\" began", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := with(cmd.Context(), h, func(d *door) error {
				return d.call(cmd.Context(), http.MethodDelete, "/v1/session", nil, nil)
			})
			if err != nil {
				return err
			}
			if err := dropSession(h); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "Signed out.")
			return nil
		},
	}
	h.flags(c)
	return c
}

func whoamiCommand() *cobra.Command {
	var h home
	var asJSON bool
	c := &cobra.Command{
		Use: "whoami --home DIR", Short: "Say who you are at a node, and what you may do", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				var me api.Me
				if err := d.call(cmd.Context(), http.MethodGet, "/v1/me", nil, &me); err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd, me)
				}
				out := cmd.OutOrStdout()
				if !me.Accounts {
					fmt.Fprintf(out, "The operator of %s. This node has no accounts: whoever may open its control socket may do everything.\n", me.Org)
					return nil
				}
				kind := "signed in"
				if !me.Who.Session {
					kind = "by token " + me.Who.Token
				}
				fmt.Fprintf(out, "%s of %s (%s), %s until %s.\n", me.Who.Name, me.Org, roleNames(me.Who.Roles), kind, me.Who.Until.Local().Format(time.DateTime))
				fmt.Fprintln(out, "May:")
				for _, r := range people.Rights() {
					for _, a := range me.May {
						if a == r.Action && !r.Open {
							fmt.Fprintf(out, "  %-22s %s\n", r.Action, r.Text)
						}
					}
				}
				return nil
			})
		},
	}
	h.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func roleNames(roles []people.Role) string {
	words := make([]string, len(roles))
	for i, r := range roles {
		words[i] = string(r)
	}
	return strings.Join(words, ", ")
}
