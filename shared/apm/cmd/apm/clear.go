package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

func clearCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "clear",
		Short: "Delete every trace",
		Long: `apm clear deletes every trace of a running apm. This cannot be undone.

It asks for confirmation. Without a terminal, it needs --yes.`,
		Args: noArguments,
	}
	addr := addrFlag(cmd)
	yes := cmd.Flags().Bool("yes", false, "don't ask for confirmation")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		agent, err := remoteAt(cmd, *addr)
		if err != nil {
			return err
		}
		if !*yes {
			if file, ok := cmd.InOrStdin().(*os.File); ok && !isTerminal(file) {
				return usage(cmd, errors.New("there is no terminal to ask for confirmation. "+
					"To delete every trace without asking, add --yes"))
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "Delete every trace of the apm at %s? This cannot be undone. [y/N] ", *addr)
			if !confirmed(cmd.Context(), cmd.InOrStdin(), cmd.ErrOrStderr()) {
				return errors.New("not confirmed, so nothing was deleted")
			}
		}
		if err := agent.Clear(cmd.Context()); err != nil {
			return agent.fail("delete the traces of", err)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "Deleted every trace of the apm at %s\n", *addr)
		return nil
	}
	return cmd
}

// confirmed reports whether the user typed yes. After Ctrl-C or the end of the input,
// it ends the line of the question.
func confirmed(ctx context.Context, terminal io.Reader, stderr io.Writer) bool {
	answer := make(chan string, 1)
	go func() {
		line, err := bufio.NewReader(terminal).ReadString('\n')
		if err != nil {
			close(answer)
			return
		}
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case text, ok := <-answer:
		if ok {
			return text == "y" || text == "yes"
		}
	case <-ctx.Done():
	}
	fmt.Fprintln(stderr)
	return false
}
