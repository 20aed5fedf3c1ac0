package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"thinker/shared/apm/agent"
)

const exportUsage = `apm export writes one trace of a running apm as JSON, so you can save it, share it,
or load it again with apm import.

Usage:
  apm export [flags] TRACE > FILE

  apm export 5577006791947779410 > slow.json
  apm export 6b00cd7c000000004d65822107fcfd52 | jq '.spans[].resource'

TRACE is the ID of a trace, decimal or hexadecimal, or the URL of its page. The
output is the response to GET /api/traces/TRACE, indented. The page /api describes
its fields.

Flags:
  --addr host:port   address of the running apm (default localhost:8126, or APM_ADDR)
  --help             show this help
`

// runExport writes a trace as JSON.
func runExport(ctx context.Context, args []string, env func(string) string, stdout io.Writer) error {
	flags := flag.NewFlagSet("apm export", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints the one line that matters
	addr := flags.String("addr", cmp.Or(env("APM_ADDR"), agent.DefaultAddr), "")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		_, err = io.WriteString(stdout, exportUsage)
		return err
	} else if err != nil {
		return usageError{err, "apm export"}
	}
	if flags.NArg() != 1 || flags.Arg(0) == "" {
		return usageError{fmt.Errorf("expected the ID of one trace after the flags, got %d arguments", flags.NArg()), "apm export"}
	}
	base, err := baseOf(*addr, "apm export")
	if err != nil {
		return err
	}
	answer, err := ask(ctx, http.MethodGet, base+"/api/traces/"+url.PathEscape(traceOf(flags.Arg(0))), nil)
	if err != nil {
		return fmt.Errorf("export from the apm at %s: %w", *addr, err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, answer, "", "  "); err != nil {
		return fmt.Errorf("export from the apm at %s: its response is not JSON. Is it an apm?", *addr)
	}
	// It ends with a line break, like the response.
	if _, err := indented.WriteTo(stdout); err != nil {
		return fmt.Errorf("write the trace: %w", err)
	}
	return nil
}

// traceOf returns the trace ID in the URL of a trace's page, which apm search prints.
func traceOf(argument string) string {
	if _, id, ok := strings.Cut(argument, "/trace/"); ok {
		return id
	}
	return argument
}
