// Command parley runs a data clean room node and talks to it. Run
// `parley help` for the commands; README.md walks through them.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"parley/cleanroom/engine/duckdb"
)

func main() {
	// The engine's child is this binary, executed again: it must not get as
	// far as flags, signals or a terminal.
	duckdb.ChildMain()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

// Exit codes, for scripts.
const (
	exitOK        = 0
	exitFailed    = 1
	exitUsage     = 2
	exitRefused   = 3   // a question or a document was refused
	exitNoPartner = 4   // the other node could not be reached
	exitCancelled = 130 // Ctrl-C
)

func run(ctx context.Context, args []string) int {
	cmd, started := root(), false
	noteStart(cmd, &started)
	cmd.SetArgs(args)
	sub, err := cmd.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	if !started {
		err = withCode(exitUsage, usageError(sub, err))
	}
	if ctx.Err() != nil || errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "parley: cancelled")
		return exitCancelled
	}
	fmt.Fprintf(os.Stderr, "parley: %s\n", message(err))
	var coded *exitError
	if errors.As(err, &coded) {
		return coded.code
	}
	return exitFailed
}

// noteStart sets started once a command's own work begins. What fails before,
// such as a missing flag, an unknown command or a surplus argument, is usage.
func noteStart(c *cobra.Command, started *bool) {
	if work := c.RunE; work != nil {
		c.RunE = func(cmd *cobra.Command, args []string) error {
			*started = true
			return work(cmd, args)
		}
	}
	for _, sub := range c.Commands() {
		noteStart(sub, started)
	}
}

// exitError carries an exit code with an error.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func withCode(code int, err error) error {
	if err == nil {
		return nil
	}
	return &exitError{code, err}
}
