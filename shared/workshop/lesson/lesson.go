// Package lesson describes what each step of the workshop has to show: its requests,
// their responses, and the traces they leave. The steps directory has that as text
// for people and tests. Judge compares any traces with a lesson's Expectations.
package lesson

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
)

// texts has three files for each step: what it has to show (steps), its expectations with
// their hints (expectations), and a sentence for each change (changes).
//
//go:embed steps/*.txt expectations/*.md changes/*.txt
var texts embed.FS

// text returns a step's file, named like steps/step%02d.txt.
func text(name string, step int) string {
	text, err := texts.ReadFile(fmt.Sprintf(name, step))
	if err != nil {
		panic(err) // the files are part of the program
	}
	return string(text)
}

// Text returns what a step has to show: its title, then each request as a line that
// starts with GET, followed by the response and the traces. See Transcript.
func Text(step int) string {
	return text("steps/step%02d.txt", step)
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

// NewExchange returns the exchange for a response that has just arrived.
func NewExchange(path string, sent time.Time, status int, body []byte) Exchange {
	return Exchange{path, sent, time.Since(sent), status, strings.TrimSpace(string(body))}
}

// End returns when the response had arrived.
func (e Exchange) End() time.Time { return e.Sent.Add(e.Took) }

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
