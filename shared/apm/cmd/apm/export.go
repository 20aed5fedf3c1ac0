package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
)

func exportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export [flags] TRACE > FILE",
		Short: "Write a trace as JSON",
		Long: `apm export writes one trace of a running apm as JSON, so you can save it, share it,
or load it again with apm import.

TRACE is the ID of a trace, decimal or hexadecimal, or the URL of its page. The
output is the response to GET /api/traces/TRACE, indented. The page /api describes
its fields.`,
		Example: `  apm export 5577006791947779410 > slow.json
  apm export 6b00cd7c000000004d65822107fcfd52 | jq '.spans[].resource'`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] == "" {
				return usage(cmd, fmt.Errorf("expected the ID of one trace, got %d arguments", len(args)))
			}
			return nil
		},
	}
	addr := addrFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		agent, err := remoteAt(cmd, *addr)
		if err != nil {
			return err
		}
		var trace json.RawMessage
		err = agent.Get(cmd.Context(), "/api/traces/"+url.PathEscape(traceOf(args[0])), nil, &trace)
		if err != nil {
			return agent.fail("export from", err)
		}
		var indented bytes.Buffer
		if err := json.Indent(&indented, trace, "", "  "); err != nil {
			return agent.fail("export from", err)
		}
		indented.WriteByte('\n')
		if _, err := indented.WriteTo(cmd.OutOrStdout()); err != nil {
			return fmt.Errorf("write the trace: %w", err)
		}
		return nil
	}
	return cmd
}

// traceOf returns the trace ID in the URL of a trace's page, which apm search prints.
func traceOf(argument string) string {
	if _, id, ok := strings.Cut(argument, "/trace/"); ok {
		return id
	}
	return argument
}
