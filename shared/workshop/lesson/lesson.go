// Package lesson describes what each step of the workshop has to show: its requests,
// their responses, and the traces they leave. The steps directory has that as text
// for people and tests. Judge compares any traces with a lesson's Expectations.
package lesson

import (
	"context"
	"embed"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/fetch"
	"thinker/shared/apm/format"
)

//go:embed steps/*.txt
var steps embed.FS

// Text returns what a step has to show: its title, then each request as a line that
// starts with GET, followed by the response and the traces. See Transcript.
func Text(step int) string {
	text, err := steps.ReadFile(fmt.Sprintf("steps/step%02d.txt", step))
	if err != nil {
		panic(err) // the files are part of the program
	}
	return string(text)
}

// Title returns a step's title.
func Title(step int) string {
	title, _, _ := strings.Cut(Text(step), "\n")
	return title
}

// Requests returns the paths of a step's requests to thinker-api, in order.
func Requests(step int) []string {
	var paths []string
	for line := range strings.Lines(Text(step)) {
		if path, ok := strings.CutPrefix(line, "GET "); ok {
			paths = append(paths, strings.TrimSpace(path))
		}
	}
	return paths
}

// An Exchange is one request to a service and its response.
type Exchange struct {
	Path   string // as requested: /think/?subject=war
	Sent   time.Time
	Took   time.Duration
	Status int    // 0 if only the traces are known
	Body   string // empty if only the traces are known
}

// End returns when the response had arrived.
func (e Exchange) End() time.Time { return e.Sent.Add(e.Took) }

// Play sends a step's requests to the api, one after the other.
func Play(ctx context.Context, apiURL string, step int) ([]Exchange, error) {
	var played []Exchange
	for _, path := range Requests(step) {
		exchange, err := Ask(ctx, apiURL, path)
		if err != nil {
			return nil, err
		}
		played = append(played, exchange)
	}
	return played, nil
}

// Ask sends one request to the api. A redirect is an error, and so is a response of
// more than fetch.Limit.
func Ask(ctx context.Context, apiURL, path string) (Exchange, error) {
	return AskWith(ctx, apiURL, path, nil)
}

// AskWith is Ask with headers.
func AskWith(ctx context.Context, serviceURL, path string, headers http.Header) (Exchange, error) {
	sent := time.Now()
	resp, err := fetch.Get(ctx, serviceURL+path, headers)
	if err != nil {
		return Exchange{}, fmt.Errorf("GET %s: %w", path, err)
	}
	if to := resp.Location(); to != "" {
		return Exchange{}, fmt.Errorf("GET %s redirects to %s. Redirects aren't followed: respond to the request itself",
			path, format.Printable(to, 200))
	}
	return Exchange{path, sent, time.Since(sent), resp.Status, strings.TrimSpace(string(resp.Body))}, nil
}

// Transcript formats exchanges and their traces as Text has them. There is a line
// for each span, without IDs and times: its service, operation and resource, the
// tags that the lessons use, and its error. A trace belongs to the last request
// sent before it began. Traces from before the first request come first.
// See decisions/recorded-traces.md.
func Transcript(title string, played []Exchange, traces []apm.Trace) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s\n\n", title)
	write := func(heading string, traces []apm.Trace) {
		out.WriteString(heading + "\n")
		for _, trace := range traces {
			out.WriteString("  trace\n")
			_ = format.WriteTrace(&out, trace, "    ", "subject", "http.status_code") // a Builder can't fail
		}
		out.WriteString("\n")
	}
	if len(played) > 0 {
		early := slices.DeleteFunc(byStart(traces), func(trace apm.Trace) bool {
			return trace.Start() >= played[0].Sent.UnixNano()
		})
		if len(early) > 0 {
			write("before any request", early)
		}
	}
	for _, r := range Requested(played, traces) {
		write(fmt.Sprintf("GET %s\n  %d %s", r.Path, r.Status, r.Body), r.Traces)
	}
	return strings.TrimSpace(out.String()) + "\n"
}
