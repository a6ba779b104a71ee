package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"parley/cleanroom/api"
	"parley/cleanroom/people"
)

func peopleCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "people",
		Short: "Say who of your organisation may do what at this node",
		Long: `A node without accounts belongs to whoever may open its control socket. From
the first account on, every command needs somebody: "parley login" signs a
person in, and "parley people token new" makes a token for a program.

"parley people roles" prints what each role may do.`,
	}
	c.AddCommand(peopleAdd(), peopleList(), peopleRoles(), peopleDisable(), peopleEnable(), peoplePasswd(), peopleTOTP(), tokenCommand())
	return c
}

const closing = `%s has no accounts yet. With the first one it closes: from then on every
command at this node needs somebody who signed in, or a token. There is no way
back. %s will be an admin, and admins add the others.
`

func peopleAdd() *cobra.Command {
	var h home
	var in people.NewPerson
	var roles []string
	var file string
	var yes bool
	c := &cobra.Command{
		Use:   "add NAME --role ROLE --home DIR",
		Short: "Add a person; the first one must be an admin and closes the node",
		Example: `  parley people add anna --role admin --home ~/acme
  parley people add ben --role legal --role owner --home ~/acme`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Name, in.Roles = args[0], asRoles(roles)
			return with(cmd.Context(), h, func(d *door) error {
				var s api.Status
				if err := d.call(cmd.Context(), http.MethodGet, "/v1/status", nil, &s); err != nil {
					return err
				}
				if !s.Accounts {
					fmt.Fprintf(cmd.ErrOrStderr(), closing, s.Org, in.Name)
					if err := confirmed(yes, "Close the node?"); err != nil {
						return err
					}
				}
				var err error
				if in.Password, err = password(file, "Password for "+in.Name+" (12 characters or more): ", true); err != nil {
					return err
				}
				var p people.Person
				if err := d.call(cmd.Context(), http.MethodPost, "/v1/people", in, &p); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "Added %s (%s).\n", p.Name, roleNames(p.Roles))
				if p.MustChange {
					fmt.Fprintf(cmd.OutOrStdout(), "%s must change the password at the first sign-in, before anything else.\n", p.Name)
				}
				return nil
			})
		},
	}
	h.flags(c)
	c.Flags().StringArrayVar(&roles, "role", nil, "`ROLE`: admin, owner, legal, analyst or auditor; may be repeated")
	c.Flags().StringVar(&file, "password-file", "", "file holding the password (default: a prompt)")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask whether to close the node")
	return c
}

// confirmed asks a question that only yes answers.
func confirmed(yes bool, question string) error {
	if yes {
		return nil
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return withCode(exitUsage, errors.New("nothing was changed; say --yes if that is what you want"))
	}
	answer, err := line(question + " (yes/no) ")
	if err == nil && answer != "yes" {
		err = withCode(exitCancelled, errors.New("nothing was changed"))
	}
	return err
}

func asRoles(names []string) []people.Role {
	out := make([]people.Role, len(names))
	for i, n := range names {
		out[i] = people.Role(n)
	}
	return out
}

func peopleList() *cobra.Command {
	var h home
	var asJSON bool
	c := &cobra.Command{
		Use: "list --home DIR", Short: "List people and their roles", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				var all []people.Person
				if err := d.call(cmd.Context(), http.MethodGet, "/v1/people", nil, &all); err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd, all)
				}
				if len(all) == 0 {
					fmt.Fprintln(cmd.OutOrStdout(), "No accounts: whoever may open the control socket may do everything. `parley people add` makes the first.")
					return nil
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
				fmt.Fprintln(w, "NAME\tROLES\tCODES\tSINCE\tSTATE")
				for _, p := range all {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.Name, roleNames(p.Roles), yesNo(p.Codes), p.Created.Local().Format(time.DateOnly), personState(p))
				}
				return w.Flush()
			})
		},
	}
	h.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func personState(p people.Person) string {
	switch {
	case !p.Disabled.IsZero():
		return "disabled"
	case p.MustChange:
		return "must change the password"
	}
	return "active"
}

func peopleRoles() *cobra.Command {
	var h home
	var roles []string
	var asJSON bool
	c := &cobra.Command{
		Use:   "roles [NAME --role ROLE --home DIR]",
		Short: "Print what each role may do, or give a person other roles",
		Example: `  parley people roles
  parley people roles ben --role legal --home ~/acme`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0 && asJSON:
				return printJSON(cmd, people.Rights())
			case len(args) == 0:
				fmt.Fprint(cmd.OutOrStdout(), people.Matrix())
				return nil
			case h.dir == "" || len(roles) == 0:
				return withCode(exitUsage, errors.New("to give a person roles, say which with --role, and the node with --home"))
			}
			return changePerson(cmd, h, http.MethodPost, args[0], "roles", api.SetRoles{Roles: asRoles(roles)}, func(p people.Person) string {
				return fmt.Sprintf("%s is now: %s.", p.Name, roleNames(p.Roles))
			})
		},
	}
	optionalHome(c, &h)
	c.Flags().StringArrayVar(&roles, "role", nil, "`ROLE` that the person is to have; may be repeated. Others are taken away")
	c.Flags().BoolVar(&asJSON, "json", false, "print the table as JSON")
	return c
}

// changePerson calls what changes one account and says what came of it.
func changePerson(cmd *cobra.Command, h home, method, name, what string, in any, say func(people.Person) string) error {
	return with(cmd.Context(), h, func(d *door) error {
		var p people.Person
		if err := d.call(cmd.Context(), method, "/v1/people/"+url.PathEscape(name)+"/"+what, in, &p); err != nil {
			return err
		}
		fmt.Fprintln(cmd.OutOrStdout(), say(p))
		return nil
	})
}

func peopleDisable() *cobra.Command {
	var h home
	c := &cobra.Command{
		Use: "disable NAME --home DIR", Short: "Shut a person out, and end their sessions and tokens", Args: cobra.ExactArgs(1),
		Long: `Shuts a person out at once. Accounts are not removed and names are not given
twice, since the records name people.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return changePerson(cmd, h, http.MethodPost, args[0], "disable", nil, func(p people.Person) string {
				return p.Name + " is disabled; all sessions and tokens have ended."
			})
		},
	}
	h.flags(c)
	return c
}

func peopleEnable() *cobra.Command {
	var h home
	c := &cobra.Command{
		Use: "enable NAME --home DIR", Short: "Let a disabled person in again", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return changePerson(cmd, h, http.MethodPost, args[0], "enable", nil, func(p people.Person) string {
				return p.Name + " may sign in again."
			})
		},
	}
	h.flags(c)
	return c
}

func peoplePasswd() *cobra.Command {
	var h home
	var oldFile, newFile string
	c := &cobra.Command{
		Use:   "passwd [NAME] --home DIR",
		Short: "Change your password, or give NAME a new one",
		Long: `Without a name: changes your own password; you are asked for the old one, and
all your sessions and tokens end. With a name, an admin gives that person a
password, which they must change before anything else.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				text, err := password(newFile, "New password for "+args[0]+": ", true)
				if err != nil {
					return err
				}
				return changePerson(cmd, h, http.MethodPost, args[0], "password", api.Password{Password: text}, func(p people.Person) string {
					return p.Name + " has a new password and must change it at the next sign-in; all sessions and tokens have ended."
				})
			}
			var in api.ChangePassword
			var err error
			if in.Old, err = password(oldFile, "Your password: ", false); err != nil {
				return err
			}
			if in.New, err = password(newFile, "New password (12 characters or more): ", true); err != nil {
				return err
			}
			return with(cmd.Context(), h, func(d *door) error {
				if err := d.call(cmd.Context(), http.MethodPost, "/v1/me/password", in, nil); err != nil {
					return err
				}
				fmt.Fprintln(cmd.OutOrStdout(), "Your password is changed, and all your sessions and tokens have ended. Sign in again: parley login")
				return dropSession(h)
			})
		},
	}
	h.flags(c)
	c.Flags().StringVar(&oldFile, "password-file", "", "file holding your password of now (default: a prompt)")
	c.Flags().StringVar(&newFile, "new-password-file", "", "file holding the new one (default: a prompt)")
	return c
}

func peopleTOTP() *cobra.Command {
	var h home
	var file, code string
	var reset string
	c := &cobra.Command{
		Use:   "totp --home DIR",
		Short: "Set up one-time codes for yourself, from an authenticator application",
		Long: `Prints a secret for your authenticator application (any that makes the usual
codes of 6 digits every 30 seconds). Once you have shown a code that it makes,
signing in needs a code as well.

--code confirms a secret that was printed before. --reset is for admins: it
takes the codes away from somebody who lost the authenticator.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if reset != "" {
				return changePerson(cmd, h, http.MethodDelete, reset, "codes", nil, func(p people.Person) string {
					return p.Name + " signs in without a code until new ones are set up; all sessions and tokens have ended."
				})
			}
			return with(cmd.Context(), h, func(d *door) error {
				if code == "" {
					text, err := password(file, "Your password: ", false)
					if err != nil {
						return err
					}
					var c people.NewCodes
					if err := d.call(cmd.Context(), http.MethodPost, "/v1/me/codes", api.Password{Password: text}, &c); err != nil {
						return err
					}
					fmt.Fprintf(cmd.OutOrStdout(), "Secret: %s\nOr as a link: %s\n", c.Secret, c.URI)
					if code, err = line("Give it to your authenticator, then type the code that it shows: "); err != nil {
						return err
					}
					if code == "" {
						fmt.Fprintln(cmd.ErrOrStderr(), "Give it to your authenticator, then confirm: parley people totp --code CODE")
						return nil
					}
				}
				if err := d.call(cmd.Context(), http.MethodPost, "/v1/me/codes/confirm", api.Code{Code: code}, nil); err != nil {
					return err
				}
				fmt.Fprintln(cmd.OutOrStdout(), "From now on signing in needs a code.")
				return nil
			})
		},
	}
	h.flags(c)
	c.Flags().StringVar(&file, "password-file", "", "file holding your password (default: a prompt)")
	c.Flags().StringVar(&code, "code", "", "confirm, with a `CODE` that the authenticator makes")
	c.Flags().StringVar(&reset, "reset", "", "take the codes of `NAME` away (admins)")
	return c
}

func tokenCommand() *cobra.Command {
	c := &cobra.Command{Use: "token", Short: "Make, list and revoke your own tokens for programs"}
	c.AddCommand(tokenNew(), tokenList(), tokenRevoke())
	return c
}

func tokenNew() *cobra.Command {
	var h home
	in := people.NewToken{Days: 30}
	var scope []string
	c := &cobra.Command{
		Use:   "new LABEL --scope ACTION --home DIR",
		Short: "Make a token; it is shown once",
		Long: `Makes a token that allows the actions in its scope and nothing else, for as
long as you may do them yourself. "parley people roles" lists the actions.
A program gives the token in PARLEY_TOKEN.`,
		Example: "  parley people token new nightly --scope run.ask --scope run.see --scope answer.see --days 90 --home ~/acme",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Label = args[0]
			for _, s := range scope {
				for _, a := range strings.Split(s, ",") {
					in.Scope = append(in.Scope, people.Action(strings.TrimSpace(a)))
				}
			}
			return with(cmd.Context(), h, func(d *door) error {
				var t people.Token
				if err := d.call(cmd.Context(), http.MethodPost, "/v1/me/tokens", in, &t); err != nil {
					return err
				}
				fmt.Fprintf(cmd.ErrOrStderr(), "Token %s (%s), until %s. It is shown here and never again:\n", t.ID, t.Label, t.Expires.Local().Format(time.DateTime))
				fmt.Fprintln(cmd.OutOrStdout(), t.Text)
				return nil
			})
		},
	}
	h.flags(c)
	c.Flags().StringArrayVar(&scope, "scope", nil, "`ACTION` that the token allows, or several with commas; may be repeated")
	c.Flags().IntVar(&in.Days, "days", in.Days, "after how many days the token ends")
	return c
}

func tokenList() *cobra.Command {
	var h home
	var asJSON, all bool
	c := &cobra.Command{
		Use: "list --home DIR", Short: "List your sessions and tokens", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				var list []people.Token
				if err := d.call(cmd.Context(), http.MethodGet, "/v1/me/tokens", nil, &list); err != nil {
					return err
				}
				if !all {
					list = slices.DeleteFunc(list, func(t people.Token) bool { return t.Ended })
				}
				if asJSON {
					return printJSON(cmd, list)
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
				fmt.Fprintln(w, "ID\tKIND\tUNTIL\tSTATE\tSCOPE")
				for _, t := range list {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", t.ID, tokenKind(t), t.Expires.Local().Format(time.DateTime), tokenState(t), scopeText(t.Scope))
				}
				return w.Flush()
			})
		},
	}
	h.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&all, "all", false, "those that have ended, too")
	return c
}

func tokenKind(t people.Token) string {
	if t.Session {
		return "session"
	}
	return "token " + t.Label
}

func tokenState(t people.Token) string {
	switch {
	case !t.Revoked.IsZero():
		return "revoked"
	case t.Ended:
		return "expired"
	}
	return "active"
}

func scopeText(scope []people.Action) string {
	if scope == nil {
		return "all that the roles allow"
	}
	words := make([]string, len(scope))
	for i, a := range scope {
		words[i] = string(a)
	}
	return strings.Join(words, ", ")
}

func tokenRevoke() *cobra.Command {
	var h home
	c := &cobra.Command{
		Use: "revoke ID --home DIR", Short: "End one of your sessions or tokens", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(cmd.Context(), h, func(d *door) error {
				if err := d.call(cmd.Context(), http.MethodDelete, "/v1/me/tokens/"+url.PathEscape(args[0]), nil, nil); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "Token %s has ended.\n", args[0])
				return nil
			})
		},
	}
	h.flags(c)
	return c
}
