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

const clearUsage = `apm clear drops every trace of a running apm, for good.

Usage:
  apm clear [flags]

It asks before it does, and where nobody can answer it wants --yes.

Flags:
  --addr host:port   where apm listens (default localhost:8126, or APM_ADDR)
  --yes              do not ask
  --help             this text
`

// runClear drops every trace, once it has been confirmed on the terminal; that
// is nil where there is none.
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
			return usageError{errors.New("there is no terminal to ask on: --yes drops every trace without asking"), "apm clear"}
		}
		fmt.Fprintf(stderr, "Drop every trace of the apm at %s, for good? [y/N] ", *addr)
		if !confirmed(ctx, terminal, stderr) {
			return errors.New("nothing was cleared (--yes clears without asking)")
		}
	}
	if _, err := ask(ctx, http.MethodDelete, base+"/api/traces", nil); err != nil {
		return fmt.Errorf("clear the apm at %s: %w", *addr, err)
	}
	fmt.Fprintf(stdout, "cleared the apm at %s\n", *addr)
	return nil
}

// confirmed reads whether the answer is yes. Ctrl-C and the input's end are no
// answers, and leave the question's line to be ended.
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
