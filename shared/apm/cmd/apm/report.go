package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"thinker/shared/apm"
	"thinker/shared/apm/agent"
	"thinker/shared/apm/format"
)

// mostReported is how many traces are printed after a command.
const mostReported = 20

// report prints the traces that arrived, the newest last, and with pages the URL of
// each.
func report(w io.Writer, a *agent.Agent, pages bool) {
	kept := a.Store().Retention()
	total := kept.Traces + kept.EvictedTraces
	newest, _, _ := a.Store().Recent(mostReported, 0)
	if total == 0 {
		fmt.Fprintf(w, "\napm: no trace arrived: %s\n", whyNone(a))
	} else {
		fmt.Fprintf(w, "\napm: %s\n", format.Count(total, "trace", "traces"))
	}
	refused := a.Stats().Refused
	for _, reason := range slices.Sorted(maps.Keys(refused)) {
		fmt.Fprintf(w, "apm: refused %s: %s\n", format.Count(refused[reason], "payload or span", "payloads or spans"), reason)
	}
	if earlier := total - len(newest); earlier > 0 {
		fmt.Fprintf(w, "\n… %s not shown\n", format.Count(earlier, "earlier trace", "earlier traces"))
	}
	for _, summary := range slices.Backward(newest) {
		if trace, ok, _ := a.Store().Trace(context.Background(), summary.TraceID); ok {
			page := ""
			if pages {
				page = fmt.Sprintf(" · %s/trace/%d", a.URL(), trace.ID)
			}
			fmt.Fprintf(w, "\ntrace %d · %s%s\n%s", trace.ID, format.Duration(trace.Duration()), page, tree(trace))
		}
	}
}

func tree(trace apm.Trace) string {
	var text strings.Builder
	tags := append([]string{"http.status_code"}, trace.OwnTags()...)
	_ = format.WriteTrace(&text, trace, "  ", tags...) // a Builder never fails
	return text.String()
}

// whyNone returns the likely reason for having no trace.
func whyNone(a *agent.Agent) string {
	const stop = "call tracer.Stop before the end: it sends the remaining spans"
	stats := a.Stats()
	switch {
	case len(stats.Refused) > 0:
		return "what arrived was refused"
	case stats.Payloads > 0 || stats.Discarded > 0:
		return "a tracer connected but sent no span. Finish every span, and " + stop
	default:
		return "nothing was sent to DD_TRACE_AGENT_URL. Start a tracer, and " + stop
	}
}
