package intakepage

import (
	"fmt"
	"slices"
	"time"

	"thinker/shared/apm/api"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/page"
)

// A link is a condition for a trace to be found.
type link struct {
	api.Condition
	Losses bool // the page lists the losses that it is about
}

// chain checks the way of traces from their tracers to the pages.
func chain(report api.Intake, kept stats.Retention) (links []link) {
	add := func(c api.Condition, losses bool) { links = append(links, link{c, losses}) }
	holds := func(says string) { add(api.Condition{Holds: true, Says: says}, false) }
	fails := func(says, do string) { add(api.Condition{Says: says, Do: do}, false) }
	loses := func(says string) { add(api.Condition{Says: says, Do: `See "Not stored" on the Intake page.`}, true) }
	if report.Calls == 0 {
		fails("No request has reached the agent.",
			"Start a service whose tracer sends to this agent, and send the service a request.")
		return links
	}
	holds(format.Count(report.Calls, "request has", "requests have") + " reached the agent.")
	if report.Spans == 0 {
		fails("None of them contained a span.", "A tracer sends finished spans every two seconds. "+
			"Wait a moment, or stop the tracer. The Intake page lists refused requests.")
		return links
	}
	tracers := len(report.Tracers) + report.TracersForgotten
	holds(fmt.Sprintf("They contained %s from %s.",
		format.Count(report.Spans, "span", "spans"), format.Count(tracers, "tracer", "tracers")))

	refused := 0
	for _, loss := range report.Losses {
		refused += loss.Count
	}
	if refused == 0 {
		holds("All spans were accepted.")
	} else {
		loses(format.Count(refused, "request or span was", "requests or spans were") + " refused.")
	}

	isWrong := func(t api.Tracer) bool { return t.ClockOffsetMost.Abs() >= time.Second }
	if first := slices.IndexFunc(report.Tracers, isWrong); first < 0 {
		holds("The tracers' clocks agree with this machine's clock.")
	} else {
		others := 0
		for _, tracer := range report.Tracers[first+1:] {
			if isWrong(tracer) {
				others++
			}
		}
		wrong := report.Tracers[first]
		service, skew := page.Short(wrong.Service), page.Skew(wrong.ClockOffsetMost)
		fails(fmt.Sprintf("The clock of %s looks %s%s.", service, skew, otherClocks(others)),
			"Set the time range to All time, or correct that machine's clock. "+
				"Old spans, such as imported ones, also look like this.")
	}

	if kept.EvictedTraces == 0 && kept.DamagedSpans == 0 && !kept.FileGone {
		holds("No trace has been evicted.")
	} else {
		loses("Some traces were evicted or lost.")
	}
	return links
}

// otherClocks continues the sentence about a wrong clock if n other tracers have one, too.
func otherClocks(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return ", as does one other tracer’s"
	default:
		return fmt.Sprintf(", as do the clocks of %s other tracers", format.Number(n))
	}
}

// losses returns what the store has lost.
func losses(kept stats.Retention) (all []api.Loss) {
	if kept.EvictedTraces > 0 {
		advice := "It made room for newer traces. To store more, " +
			"start the agent with a larger --max-spans or --max-bytes."
		if kept.EvictedBy != "" {
			advice += fmt.Sprintf(" Most of the newer spans came from %s.", page.Short(kept.EvictedBy))
		}
		all = append(all, api.Loss{Reason: "trace evicted", Count: kept.EvictedTraces, Advice: advice})
	}
	if kept.DamagedSpans > 0 {
		all = append(all, api.Loss{Reason: "span damaged on disk", Count: kept.DamagedSpans,
			Advice: "A file of stored traces could not be read and was set aside. " +
				"The disk may be failing. The agent's log names the file."})
	}
	if kept.FileGone {
		all = append(all, api.Loss{Reason: "stored traces removed", Count: 1,
			Advice: "The directory with the traces was removed while the agent used it. " +
				"Restart the agent to create a new one. Traces that arrive before that will be lost."})
	}
	return all
}
