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
)

// mostReported is how many traces are printed after a command.
const mostReported = 20

// report prints the traces that have come, the newest last, and with pages says
// where each is to be seen.
func report(w io.Writer, a *agent.Agent, pages bool) {
	kept := a.Store().Retention()
	total := kept.Traces + kept.EvictedTraces
	newest, _, _ := a.Store().Recent(mostReported, 0)
	if total == 0 {
		fmt.Fprintf(w, "\napm: no trace: %s\n", whyNone(a))
	} else {
		fmt.Fprintf(w, "\napm: %s\n", apm.FormatCount(total, "trace", "traces"))
	}
	refused := a.Stats().Refused
	for _, reason := range slices.Sorted(maps.Keys(refused)) {
		fmt.Fprintf(w, "apm: refused %s: %s\n", apm.FormatCount(refused[reason], "payload or span", "payloads or spans"), reason)
	}
	if earlier := total - len(newest); earlier > 0 {
		fmt.Fprintf(w, "\n… %s, not shown\n", apm.FormatCount(earlier, "earlier trace", "earlier traces"))
	}
	for _, summary := range slices.Backward(newest) {
		if trace, ok, _ := a.Store().Trace(context.Background(), summary.TraceID); ok {
			page := ""
			if pages {
				page = fmt.Sprintf(" · %s/trace/%d", a.URL(), trace.ID)
			}
			fmt.Fprintf(w, "\ntrace %d · %s%s\n%s", trace.ID, apm.FormatDuration(trace.Duration()), page, tree(trace))
		}
	}
}

func tree(trace apm.Trace) string {
	var text strings.Builder
	_ = trace.Write(&text, "  ", append([]string{"http.status_code"}, trace.OwnTags()...)...) // a Builder takes everything
	return text.String()
}

// whyNone says why there may be no trace.
func whyNone(a *agent.Agent) string {
	stats := a.Stats()
	switch {
	case len(stats.Refused) > 0:
		return "what came was refused"
	case stats.Payloads > 0 || len(stats.Discarded) > 0:
		return "a tracer was there, but sent none. Were spans finished, and sent before the end? tracer.Stop sends what is left"
	default:
		return "nothing reported to DD_TRACE_AGENT_URL. Is a tracer started, and its spans sent before the end? tracer.Stop sends what is left"
	}
}
