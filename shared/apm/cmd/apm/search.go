package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"thinker/shared/apm/api"
	"thinker/shared/apm/format"
	"thinker/shared/apm/query"
)

func searchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "search [flags] 'QUERY'",
		Short: "Find traces",
		Long: `apm search finds the traces of a running apm that contain a matching span. It prints
one line for each, the newest first: start time, service, resource, duration,
status and page.

The query uses Datadog's syntax. Put it in quotes. These attributes take no @:
duration, env, operation_name, resource_name, service, span_id, status, trace_id,
type and version. Every other tag takes one. Words without an attribute match whole
words in resources, operations, services and tags, in upper or lower case. * matches
any text, ? matches one character. An empty query matches every trace.`,
		Example: `  apm search 'service:thinker-api @http.status_code:>=500 duration:>200ms'
  apm search '(@subject:war OR @subject:art) -status:error'
  apm search '@http.status_code:[400 TO 499] resource_name:"GET /think/"'
  apm search --scope root 'duration:[100ms TO 1s]'
  apm search -- '-env:workshop'          -- comes before a query that starts with -`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(cmd, fmt.Errorf("expected one query, in quotes, got %d arguments", len(args)))
			}
			return nil
		},
	}
	addr := addrFlag(cmd)
	scope := cmd.Flags().String("scope", "", "spans to search, `which`: all (default), service-entry or root")
	limit := cmd.Flags().Int("limit", 50, "maximum number of traces, 1 to 1000")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return search(cmd, *addr, args[0], *scope, *limit) }
	return cmd
}

// search prints the traces that match a query.
func search(cmd *cobra.Command, addr, text, scope string, limit int) error {
	if limit < 1 || limit > 1000 {
		return usage(cmd, fmt.Errorf("--limit %d is out of range: use 1 to 1000", limit))
	}
	if _, err := query.ParseScope(scope); err != nil {
		return usage(cmd, fmt.Errorf("--scope: %w", err))
	}
	var syntax *query.SyntaxError
	if _, err := query.Parse(text); errors.As(err, &syntax) {
		fmt.Fprintln(cmd.ErrOrStderr(), syntax.Caret())
		return usage(cmd, err)
	} else if err != nil {
		return usage(cmd, err)
	}
	agent, err := remoteAt(cmd, addr)
	if err != nil {
		return err
	}
	found, err := agent.Traces(cmd.Context(), api.Selection{Query: text, Scope: scope}, limit)
	if err != nil {
		return agent.fail("search", err)
	}
	if err := printTraces(cmd.OutOrStdout(), agent.URL, found.Traces); err != nil {
		return fmt.Errorf("print traces: %w", err)
	}
	// Messages go to stderr, so that the output can be piped.
	switch {
	case len(found.Traces) == 0:
		fmt.Fprintln(cmd.ErrOrStderr(), "No traces match")
	case found.Next != nil:
		fmt.Fprintf(cmd.ErrOrStderr(), "Showing the newest %d. To see more, raise --limit or narrow the query\n",
			len(found.Traces))
	}
	return nil
}

func printTraces(w io.Writer, base string, traces []api.Summary) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, t := range traces {
		status := "OK"
		if t.Errors > 0 {
			status = format.Count(t.Errors, "error", "errors")
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s/trace/%s\n",
			time.Unix(0, t.Start).Format("2006-01-02 15:04:05.000"), format.Printable(t.Service, 40),
			format.Printable(cmp.Or(t.Resource, t.Name), 80), format.Duration(t.Duration), status,
			base, format.Printable(t.TraceID, 20))
	}
	return table.Flush()
}
