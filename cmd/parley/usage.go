package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// usageError words what the library says about a command line that is not
// complete.
func usageError(c *cobra.Command, err error) error {
	switch {
	case strings.HasPrefix(err.Error(), "required flag"):
		if missing := missingFlags(c); missing != nil {
			return missing
		}
	case strings.HasPrefix(err.Error(), "accepts "):
		return fmt.Errorf("%w\nIt is written: %s", err, strings.TrimSuffix(c.UseLine(), " [flags]"))
	}
	return err
}

// missingFlags says in words which flags a command cannot do without, nil for
// none: the library's own text names them and no more.
func missingFlags(c *cobra.Command) error {
	var lines []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if a := f.Annotations[cobra.BashCompOneRequiredFlag]; len(a) == 1 && a[0] == "true" && !f.Changed {
			_, usage := pflag.UnquoteUsage(f)
			lines = append(lines, fmt.Sprintf("--%s is missing: %s", f.Name, usage))
		}
	})
	if len(lines) == 0 {
		return nil
	}
	return fmt.Errorf("%s\nRun `%s --help` for usage", strings.Join(lines, "\n"), c.CommandPath())
}

// noQuestionHere refuses a question that stands where only flags can, and says
// which flag it belongs to.
func noQuestionHere(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if strings.ContainsAny(args[0], " \n\t") {
		return errors.New("a question in SQL stands behind --sql: " + c.CommandPath() + " --sql 'SELECT …'")
	}
	return fmt.Errorf("%q is no flag; an approved analysis stands behind --analysis: %s --analysis %s", args[0], c.CommandPath(), args[0])
}

// shellWord is a word as a shell reads it back: quoted if it has to be.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-~+,:@%", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
