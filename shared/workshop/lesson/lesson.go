// Package lesson says what each step of the workshop must show: the requests
// that are sent, their answers, and the traces that come of them. The steps
// directory holds it as text that people read and tests compare. What of it a
// lesson is about are its Expectations, by which Judge looks at any traces.
package lesson

import (
	"context"
	"embed"
	"fmt"
	"strings"
	"time"

	"thinker/shared/apm"
	"thinker/shared/workshop/fetch"
)

//go:embed steps/*.txt
var steps embed.FS

// Text is what a step must show: its title, then each request as a line that
// begins with GET, followed by the answer and the traces. See Transcript.
func Text(step int) string {
	text, err := steps.ReadFile(fmt.Sprintf("steps/step%02d.txt", step))
	if err != nil {
		panic(err) // the files are part of the program
	}
	return string(text)
}

// Title is a step's subject, for example "the untraced link".
func Title(step int) string {
	title, _, _ := strings.Cut(Text(step), "\n")
	return title
}

// Requests are the paths to ask of thinker-api, in order.
func Requests(step int) []string {
	var paths []string
	for line := range strings.Lines(Text(step)) {
		if path, ok := strings.CutPrefix(line, "GET "); ok {
			paths = append(paths, strings.TrimSpace(path))
		}
	}
	return paths
}

// An Exchange is one request and its answer.
type Exchange struct {
	Path     string
	Sent     time.Time
	Answered time.Time
	Status   int
	Body     string
}

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

// Ask sends one request to the api. It follows no redirect, and reads no response
// of more than fetch.Limit: either is an error.
func Ask(ctx context.Context, apiURL, path string) (Exchange, error) {
	sent := time.Now()
	resp, err := fetch.Get(ctx, fetch.Direct(), apiURL+path, fetch.Limit)
	if err != nil {
		return Exchange{}, fmt.Errorf("GET %s: %w", path, err)
	}
	if to := resp.Location(); to != "" {
		return Exchange{}, fmt.Errorf("thinker-api answers GET %s with a redirect to %s, which is not followed: have the api answer the request itself", path, apm.Printable(to, 200))
	}
	return Exchange{path, sent, time.Now(), resp.Status, strings.TrimSpace(string(resp.Body))}, nil
}

// Transcript writes exchanges and the traces that came of them the way Text
// has them: without IDs and times, a line a span, with its service, operation
// and resource, the tags that the lessons speak of, and its error. A trace
// belongs to the request that was sent last before it began; one that began
// before any request belongs to none, and is shown first.
func Transcript(title string, played []Exchange, traces []apm.Trace) string {
	traces = byStart(traces)
	var out strings.Builder
	fmt.Fprintf(&out, "%s\n\n", title)
	next := 0
	until := func(end int64) {
		for ; next < len(traces) && traces[next].Start() < end; next++ {
			out.WriteString("  trace\n")
			_ = traces[next].Write(&out, "    ", shown()...) // a Builder takes everything
		}
		out.WriteString("\n")
	}
	if len(played) > 0 && len(traces) > 0 && traces[0].Start() < played[0].Sent.UnixNano() {
		out.WriteString("before any request\n")
		until(played[0].Sent.UnixNano())
	}
	for i, exchange := range played {
		fmt.Fprintf(&out, "GET %s\n  %d %s\n", exchange.Path, exchange.Status, exchange.Body)
		end := int64(1<<63 - 1)
		if i+1 < len(played) {
			end = played[i+1].Sent.UnixNano()
		}
		until(end)
	}
	return strings.TrimSpace(out.String()) + "\n"
}

// shown are the tags that the lessons speak of.
func shown() []string { return []string{"subject", "http.status_code"} }
