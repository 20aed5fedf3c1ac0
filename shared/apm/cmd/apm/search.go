package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"text/tabwriter"
	"time"

	"thinker/shared/apm/agent"
	"thinker/shared/apm/format"
	"thinker/shared/apm/query"
)

const searchUsage = `apm search finds the traces of a running apm that contain a matching span. It prints
one line for each, the newest first: start time, service, resource, duration,
status and page.

Usage:
  apm search [flags] 'QUERY'

The query uses Datadog's syntax. Put it in quotes:
  apm search 'service:thinker-api @http.status_code:>=500 duration:>200ms'
  apm search '(@subject:war OR @subject:art) -status:error'
  apm search '@http.status_code:[400 TO 499] resource_name:"GET /think/"'
  apm search --scope root 'duration:[100ms TO 1s]'
  apm search -- '-env:workshop'          -- comes before a query that starts with -

These attributes take no @: duration, env, operation_name, resource_name, service,
span_id, status, trace_id, type and version. Every other tag takes one. Words
without an attribute match whole words in resources, operations, services and tags,
in upper or lower case. * matches any text, ? matches one character. An empty query
matches every trace.

Flags:
  --addr host:port   address of the running apm (default localhost:8126, or APM_ADDR)
  --scope which      spans to search: all (default), service-entry or root
  --limit n          maximum number of traces, 1 to 1000 (default 50)
  --help             show this help
`

type searchOptions struct {
	addr, query, scope string
	limit              int
}

// runSearch prints the traces that match a query.
func runSearch(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	opts, err := parseSearch(args, env)
	if errors.Is(err, flag.ErrHelp) {
		_, err = io.WriteString(stdout, searchUsage)
		return err
	}
	var syntax *query.SyntaxError
	if errors.As(err, &syntax) {
		fmt.Fprintln(stderr, syntax.Caret())
	}
	if err != nil {
		return usageError{err, "apm search"}
	}
	base, err := baseOf(opts.addr, "apm search")
	if err != nil {
		return err
	}
	found, err := fetchTraces(ctx, base, opts)
	if err != nil {
		return fmt.Errorf("search the apm at %s: %w", opts.addr, err)
	}
	if err := printTraces(stdout, base, found.Traces); err != nil {
		return fmt.Errorf("print traces: %w", err)
	}
	// Messages go to stderr, so that the output can be piped.
	switch {
	case len(found.Traces) == 0:
		fmt.Fprintln(stderr, "No traces match")
	case found.Next != nil:
		fmt.Fprintf(stderr, "Showing the newest %d. To see more, raise --limit or narrow the query\n", len(found.Traces))
	}
	return nil
}

// parseSearch parses the command line and the query.
func parseSearch(args []string, env func(string) string) (searchOptions, error) {
	opts := searchOptions{addr: cmp.Or(env("APM_ADDR"), agent.DefaultAddr)}
	flags := flag.NewFlagSet("apm search", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints the one line that matters
	flags.StringVar(&opts.addr, "addr", opts.addr, "")
	flags.StringVar(&opts.scope, "scope", "", "")
	flags.IntVar(&opts.limit, "limit", 50, "")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return opts, err
	} else if err != nil {
		return opts, fmt.Errorf("%w. A query that starts with - goes after --", err)
	}
	if flags.NArg() != 1 {
		return opts, fmt.Errorf("expected one query, in quotes and after the flags, got %d arguments", flags.NArg())
	}
	opts.query = flags.Arg(0)
	if opts.limit < 1 || opts.limit > 1000 {
		return opts, fmt.Errorf("--limit %d is out of range: use 1 to 1000", opts.limit)
	}
	if _, err := query.ParseScope(opts.scope); err != nil {
		return opts, fmt.Errorf("--scope: %w", err)
	}
	_, err := query.Parse(opts.query)
	return opts, err
}

// A found is the response to GET /api/traces.
type found struct {
	Traces []foundTrace `json:"traces"`
	Next   *string      `json:"next"` // null if there are no more
}

type foundTrace struct {
	TraceID  string        `json:"trace_id"`
	Service  string        `json:"service"`
	Name     string        `json:"name"`
	Resource string        `json:"resource"`
	Start    int64         `json:"start"` // nanoseconds since the Unix epoch
	Duration time.Duration `json:"duration"`
	Errors   int           `json:"errors"`
}

func fetchTraces(ctx context.Context, base string, opts searchOptions) (found, error) {
	values := url.Values{"query": {opts.query}, "scope": {opts.scope}, "limit": {strconv.Itoa(opts.limit)}}
	body, err := ask(ctx, http.MethodGet, base+"/api/traces?"+values.Encode(), nil)
	if err != nil {
		return found{}, err
	}
	var answer found
	if err := json.Unmarshal(body, &answer); err != nil {
		return found{}, fmt.Errorf("read its response: %w", err)
	}
	return answer, nil
}

func printTraces(w io.Writer, base string, traces []foundTrace) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, t := range traces {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s/trace/%s\n",
			time.Unix(0, t.Start).Format("2006-01-02 15:04:05.000"), format.Printable(t.Service, 40), format.Printable(cmp.Or(t.Resource, t.Name), 80),
			format.Duration(t.Duration), t.status(), base, format.Printable(t.TraceID, 20))
	}
	return table.Flush()
}

func (t foundTrace) status() string {
	if t.Errors == 0 {
		return "OK"
	}
	return format.Count(t.Errors, "error", "errors")
}
