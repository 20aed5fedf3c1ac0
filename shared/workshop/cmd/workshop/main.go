// Command workshop is the learner's command: it starts a step of the tracing
// workshop, shows its traces, and checks the learner's code.
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

// signals are the signals that end the program.
var signals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	context.AfterFunc(ctx, killOnSecondSignal)
	defer stop()
	var err error
	if at := guarded(func() { err = rootCommand().ExecuteContext(endWithGoRun(ctx)) }); at != nil {
		err = at
	}
	os.Exit(report(os.Stderr, err))
}

// killOnSecondSignal waits for a second Ctrl-C. Then it ends the program at once, and
// everything that it has started.
func killOnSecondSignal() {
	again := make(chan os.Signal, 1)
	signal.Notify(again, signals...)
	<-again
	runner.KillAll()
	os.Exit(130) // what a shell reports for a program ended by Ctrl-C
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "workshop",
		Short: "Run the steps of the tracing workshop, and see their traces",
		Long: `Run the steps of the tracing workshop, see their traces, and check your own code.

Exit codes:
  0  success
  1  a check failed: the step isn't complete yet, no trace arrived, doctor found
     a problem, or a request failed
  2  the command could not run: wrong usage, code that doesn't compile, or a port
     that is already in use

"workshop" is short for go run ./shared/workshop/cmd/workshop. Without Go, use
docker-compose run --rm workshop.`,
		Example: `  workshop up --step 1
  workshop think war music
  workshop try 2
  workshop check 2
  workshop doctor`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noSuchCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return cannotRun{fmt.Errorf("%w. See %s --help", err, cmd.CommandPath())}
	})
	root.AddCommand(upCommand(), checkCommand(), tryCommand(), diffCommand(),
		thinkCommand(), loadCommand(), doctorCommand(), statusCommand())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	refuseWrongArguments(root)
	return root
}

// noSuchCommand rejects an unknown command and suggests similar ones.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	known := fmt.Sprintf("See %s --help", cmd.CommandPath())
	cmd.SuggestionsMinimumDistance = 2
	if similar := cmd.SuggestionsFor(args[0]); len(similar) > 0 {
		known = "Did you mean " + strings.Join(similar, " or ") + "?"
	}
	return fmt.Errorf("unknown command %q. %s", args[0], known)
}

// noArguments rejects arguments of a command that takes only flags.
func noArguments(cmd *cobra.Command, args []string) error {
	var step stepNumber
	switch {
	case len(args) == 0:
		return nil
	case cmd.Flags().Lookup("step") != nil && step.Set(args[0]) == nil:
		return fmt.Errorf("unexpected argument %q. Did you mean %s --step %[1]s?", args[0], cmd.CommandPath())
	default:
		return fmt.Errorf("unexpected argument %q. See %s --help", args[0], cmd.CommandPath())
	}
}

// refuseWrongArguments makes each command exit with 2 if its arguments are wrong.
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
