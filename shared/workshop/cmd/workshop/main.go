// Command workshop is the learner's command: it starts a step of the tracing
// workshop and shows its traces.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// A usageError is for what the caller typed or set; it ends the program with 2.
type usageError struct{ error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	root := &cobra.Command{
		Use:           "workshop",
		Short:         "Run the steps of the tracing workshop, and see their traces",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see '%s --help'", err, cmd.CommandPath())}
	})
	root.AddCommand(upCommand(), checkCommand(), tryCommand(), diffCommand(), thinkCommand(), loadCommand(), doctorCommand(), statusCommand())
	for _, cmd := range append(root.Commands(), root) {
		check := cmd.Args
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageError{err}
			}
			return nil
		}
	}

	if err := root.ExecuteContext(endWithGoRun(ctx)); err != nil {
		fmt.Fprintf(os.Stderr, "workshop: %v\n", err)
		if _, usage := errors.AsType[usageError](err); usage {
			os.Exit(2)
		}
		os.Exit(1)
	}
}
