// Command apm is a local stand-in for the Datadog Agent: it receives traces from
// Datadog tracers and shows them at http://localhost:8126.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := context.Background(), func() {}
	if len(os.Args) < 2 || os.Args[1] != "run" { // which forwards signals to its command
		ctx, stop = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	}
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	var (
		wrong     usageError
		unstarted startError
		code      exitCode
	)
	switch {
	case errors.As(err, &code):
		os.Exit(int(code))
	case errors.As(err, &unstarted):
		fmt.Fprintf(os.Stderr, "apm: %v\n", err)
		os.Exit(unstarted.code)
	case errors.As(err, &wrong):
		fmt.Fprintf(os.Stderr, "apm: %v. See %s --help\n", err, wrong.command)
		os.Exit(2)
	case err != nil:
		fmt.Fprintf(os.Stderr, "apm: %v\n", err)
		os.Exit(1)
	}
}

// run runs the command line until ctx is done.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	root := serveCommand()
	root.SilenceErrors, root.SilenceUsage = true, true // main prints the one line that matters
	root.AddCommand(searchCommand(), runCommand(), loadCommand(), exportCommand(), importCommand(), clearCommand())
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		switch cmd.Name() {
		case "search":
			err = fmt.Errorf("%w. A query that starts with - goes after --", err)
		case "run":
			err = fmt.Errorf("%w. The command's own flags go after --", err)
		}
		return usage(cmd, err)
	})
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return root.ExecuteContext(ctx)
}

// A usageError is a mistake on the command line or in the environment.
type usageError struct {
	error
	command string // whose help explains it
}

func usage(cmd *cobra.Command, err error) error { return usageError{err, cmd.CommandPath()} }

// noArguments rejects arguments of a command that takes only flags.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(cmd, fmt.Errorf("unexpected argument %q", args[0]))
	}
	return nil
}

// isTerminal reports whether a stream is a terminal. The null device isn't.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}
