// Command workshop is the learner's command: it starts a step of the tracing
// workshop, shows its traces, and says what a lesson still wants of them.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"thinker/shared/workshop/runner"
)

// signals are those that end the program.
var signals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	context.AfterFunc(ctx, endAtOnce)
	defer stop()
	var err error
	if at := guarded(func() { err = rootCommand().ExecuteContext(endWithGoRun(ctx)) }); at != nil {
		err = at
	}
	os.Exit(report(os.Stderr, err))
}

// endAtOnce waits for a second Ctrl-C, which ends the program at once, and what it
// has started.
func endAtOnce() {
	again := make(chan os.Signal, 1)
	signal.Notify(again, signals...)
	<-again
	runner.KillAll()
	os.Exit(130) // as a shell reports a program that Ctrl-C has ended
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "workshop",
		Short: "Run the steps of the tracing workshop, and see their traces",
		Long: `Run the steps of the tracing workshop, see their traces, and find out whether a
lesson is reached.

It ends with
  0  when all went well
  1  when it ran and the answer is no: a lesson is not reached, no trace came,
     a link of the chain is broken, requests failed
  2  when it could not run: wrong usage, code that does not compile, a port that
     is taken

"workshop" stands for go run ./shared/workshop/cmd/workshop, for the file that go
build makes of it or, without Go, for docker-compose run --rm workshop.`,
		Example: `  workshop up --step 1
  workshop think war music
  workshop try 2
  workshop check 2 --dir .workshop/try02
  workshop doctor`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noSuchCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return cannotRun{fmt.Errorf("%w; see '%s --help'", err, cmd.CommandPath())}
	})
	root.AddCommand(upCommand(), checkCommand(), tryCommand(), diffCommand(), thinkCommand(), loadCommand(), doctorCommand(), statusCommand())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	refuseWrongArguments(root)
	return root
}

// noSuchCommand refuses what is no command, and names those that come close.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	known := fmt.Sprintf("see '%s --help'", cmd.CommandPath())
	cmd.SuggestionsMinimumDistance = 2
	if similar := cmd.SuggestionsFor(args[0]); len(similar) > 0 {
		known = "did you mean " + strings.Join(similar, " or ") + "?"
	}
	return fmt.Errorf("unknown command %q for %q: %s", args[0], cmd.CommandPath(), known)
}

// noArguments refuses what stands where a command takes flags alone.
func noArguments(cmd *cobra.Command, args []string) error {
	var step stepNumber
	switch {
	case len(args) == 0:
		return nil
	case cmd.Flags().Lookup("step") != nil && step.Set(args[0]) == nil:
		return fmt.Errorf("did you mean '%s --step %s'?", cmd.CommandPath(), args[0])
	default:
		return fmt.Errorf("%q is no flag of '%s', which takes nothing else; see '%s --help'", args[0], cmd.CommandPath(), cmd.CommandPath())
	}
}

// refuseWrongArguments has each command say that it could not run where it
// cannot take its arguments.
func refuseWrongArguments(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return cannotRun{err}
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		refuseWrongArguments(sub)
	}
}
