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

	"thinker/shared/apm"
	"thinker/shared/apm/agent"
	"thinker/shared/apm/search"
)

const searchUsage = `apm search asks a running apm for the traces that have a span that matches, and
prints a line for each, the last to arrive first: when, service, resource, duration,
status, and where to see it.

Usage:
  apm search [flags] 'QUERY'

The query is in Datadog's syntax; put it in quotes, for the shell's sake:
  apm search 'service:thinker-api @http.status_code:>=500 duration:>200ms'
  apm search '(@subject:war OR @subject:art) -status:error'
  apm search '@http.status_code:[400 TO 499] resource_name:"GET /think/"'
  apm search --scope root 'duration:[100ms TO 1s]'
  apm search -- '-env:workshop'          after --, it may begin with a -

Without @ stand duration, env, operation_name, resource_name, service, span_id,
status, trace_id, type and version; every other tag has one. Other words are
sought, whole and in any case, in resources, operations, services and tags;
* stands for any characters, ? for one. An empty query is every trace.

Flags:
  --addr host:port   where apm listens (default localhost:8126, or APM_ADDR)
  --scope which      spans to look at: all (default), service-entry or root
  --limit n          how many traces at most, to 1000 (default 50)
  --help             this text
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
	var syntax *search.SyntaxError
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
	// What is not a trace goes elsewhere, so that output can be piped.
	switch {
	case len(found.Traces) == 0:
		fmt.Fprintln(stderr, "no trace matches")
	case found.Next != nil:
		fmt.Fprintf(stderr, "the newest %d; there are more\n", len(found.Traces))
	}
	return nil
}

// parseSearch reads the command line, and the query, which needs no agent to
// be found wrong.
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
		return opts, fmt.Errorf("%w; a query that begins with - goes after --", err)
	}
	if flags.NArg() != 1 {
		return opts, fmt.Errorf("want one query, in quotes and after the flags, got %d arguments", flags.NArg())
	}
	opts.query = flags.Arg(0)
	if opts.limit < 1 || opts.limit > 1000 {
		return opts, fmt.Errorf("--limit %d: want 1 to 1000", opts.limit)
	}
	if _, err := search.ParseScope(opts.scope); err != nil {
		return opts, fmt.Errorf("--scope: %w", err)
	}
	_, err := search.Parse(opts.query)
	return opts, err
}

// A found is what GET /api/traces answers.
type found struct {
	Traces []foundTrace `json:"traces"`
	Next   *string      `json:"next"` // null where there are no more
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
		return found{}, fmt.Errorf("read its answer: %w", err)
	}
	return answer, nil
}

func printTraces(w io.Writer, base string, traces []foundTrace) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, t := range traces {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s/trace/%s\n",
			time.Unix(0, t.Start).Format("2006-01-02 15:04:05.000"), apm.Printable(t.Service, 40), apm.Printable(cmp.Or(t.Resource, t.Name), 80),
			apm.FormatDuration(t.Duration), t.status(), base, apm.Printable(t.TraceID, 20))
	}
	return table.Flush()
}

func (t foundTrace) status() string {
	if t.Errors == 0 {
		return "OK"
	}
	return apm.FormatCount(t.Errors, "error", "errors")
}
