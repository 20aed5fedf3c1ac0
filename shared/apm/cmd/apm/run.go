package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"thinker/shared/apm/agent"
)

func runCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run [flags] -- COMMAND ARG…",
		Short: "Run a command and print its traces",
		Long: `apm run runs a command and prints its traces as trees on stderr when it has ended.
It exits with the command's exit code.

The command gets its own agent on a free port: apm run sets DD_TRACE_AGENT_URL for
it and for the programs it starts. It uses this terminal, and receives its signals
and Ctrl-C.

Exit codes: the command's own; 128 plus the signal's number if a signal ended it;
127 if the command doesn't exist; 126 if it can't run. In scripts, install apm
with go install: go run changes exit codes.`,
		Example: `  apm run -- go test ./...
  apm run --keep -- ./checkout --port 9000`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage(cmd, errors.New("no command given. Add one after --"))
			}
			return nil
		},
	}
	cmd.Flags().SetInterspersed(false) // flags after the command are its own
	keep := cmd.Flags().Bool("keep", false, "keep showing the traces in a browser, until Ctrl-C")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return runTraced(cmd.Context(), args, *keep, cmd.OutOrStdout(), cmd.ErrOrStderr())
	}
	return cmd
}

// An exitCode makes apm exit with the code of its command, without a message.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("the command ended with exit code %d", int(c)) }

// A startError is a command that did not start, and the exit code for it.
type startError struct {
	error
	code int
}

// runTraced starts an agent and runs a command that sends to it.
func runTraced(ctx context.Context, args []string, keep bool, stdout, stderr io.Writer) error {
	a, err := agent.Start(agent.Config{Addr: "localhost:0", Logger: slog.New(slog.NewTextHandler(stderr, nil))})
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	// From here on, signals go to the command, and to apm once it has ended. An ignored
	// hang-up, as with nohup, stays ignored for both, and so does an ignored interrupt.
	signals := make(chan os.Signal, 16)
	for _, s := range relayed() {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	defer signal.Stop(signals)

	ended := runUntilEnd(args, append(os.Environ(), a.Env()...), stdout, stderr, signals)
	var unstarted startError
	if !errors.As(ended, &unstarted) {
		report(stderr, a, keep)
		if keep {
			fmt.Fprintf(stderr, "\napm: showing the traces at %s until Ctrl-C\n", a.URL())
			<-signals
		}
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = a.Close(drain) // an error here doesn't change the command's exit code
	return ended
}

// runUntilEnd runs a command until it ends, and forwards signals to it. Its error is an
// exitCode or a startError.
// See decisions/apm-run-terminal.md.
func runUntilEnd(args, env []string, stdout, stderr io.Writer, signals <-chan os.Signal) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, os.Stdin, stdout, stderr
	if err := cmd.Start(); err != nil {
		return notStarted(args[0], err)
	}
	waited := make(chan error, 1)
	go func() { waited <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			passOn(cmd.Process, s)
		case err := <-waited:
			for len(signals) > 0 {
				<-signals // the ones that ended the command
			}
			return exited(cmd.ProcessState, err)
		}
	}
}

// notStarted returns why a command didn't start, with the exit code that shells use.
func notStarted(name string, err error) error {
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return startError{fmt.Errorf("run: command %q not found", name), 127}
	}
	return startError{fmt.Errorf("run: %w", err), 126}
}

// exited returns a command's exit code as an error, or nil if it succeeded.
func exited(state *os.ProcessState, err error) error {
	if err == nil {
		return nil
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exitCode(128 + int(status.Signal()))
	}
	if code := state.ExitCode(); code != 0 {
		return exitCode(code)
	}
	return fmt.Errorf("run: copy the command's output: %w", err)
}
