package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"

	"thinker/shared/apm/agent"
)

const clearUsage = `apm clear deletes every trace of a running apm. This cannot be undone.

Usage:
  apm clear [flags]

It asks for confirmation. Without a terminal, it needs --yes.

Flags:
  --addr host:port   address of the running apm (default localhost:8126, or APM_ADDR)
  --yes              don't ask for confirmation
  --help             show this help
`

// runClear deletes every trace, once the user has confirmed it on the terminal, which
// is nil if there is none.
func runClear(ctx context.Context, args []string, env func(string) string, terminal io.Reader, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("apm clear", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints the one line that matters
	addr := flags.String("addr", cmp.Or(env("APM_ADDR"), agent.DefaultAddr), "")
	sure := flags.Bool("yes", false, "")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		_, err = io.WriteString(stdout, clearUsage)
		return err
	} else if err != nil {
		return usageError{err, "apm clear"}
	}
	if flags.NArg() > 0 {
		return usageError{fmt.Errorf("unexpected argument %q", flags.Arg(0)), "apm clear"}
	}
	base, err := baseOf(*addr, "apm clear")
	if err != nil {
		return err
	}
	if !*sure {
		if terminal == nil {
			return usageError{errors.New("there is no terminal to ask for confirmation. To delete every trace without asking, add --yes"), "apm clear"}
		}
		fmt.Fprintf(stderr, "Delete every trace of the apm at %s? This cannot be undone. [y/N] ", *addr)
		if !confirmed(ctx, terminal, stderr) {
			return errors.New("not confirmed, so nothing was deleted")
		}
	}
	if _, err := ask(ctx, http.MethodDelete, base+"/api/traces", nil); err != nil {
		return fmt.Errorf("delete the traces of the apm at %s: %w", *addr, err)
	}
	fmt.Fprintf(stdout, "Deleted every trace of the apm at %s\n", *addr)
	return nil
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
