package web

import (
	"fmt"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/page"
	"time"
)

// A chainLink is one of the conditions for a trace to be found, in the order in which
// the trace meets them. If a trace is missing, the first that fails says why.
type chainLink struct {
	Holds  bool
	Says   string
	Do     string // the next step, if it does not hold
	Losses bool   // the page lists the losses that it is about
}

// chain checks the way of traces from their tracers to the pages.
func chain(report stats.IntakeReport, kept stats.Retention) (links []chainLink) {
	holds := func(says string) { links = append(links, chainLink{Holds: true, Says: says}) }
	fails := func(says, do string) { links = append(links, chainLink{Says: says, Do: do}) }
	loses := func(says string) {
		const do = `See "Not stored" on the Intake page.`
		links = append(links, chainLink{Says: says, Do: do, Losses: true})
	}
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
	tracers := len(report.Tracers) + report.Forgotten
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

	var off []stats.Tracer
	for _, tracer := range report.Tracers {
		if tracer.ClockMost.Abs() >= time.Second {
			off = append(off, tracer)
		}
	}
	if len(off) == 0 {
		holds("The tracers' clocks agree with this machine's clock.")
	} else {
		skew := page.Skew(off[0].ClockMost)
		fails(fmt.Sprintf("The clock of %s looks %s%s.", page.Short(off[0].Service), skew, otherTracers(len(off)-1)),
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

func otherTracers(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return ", as does one other tracer’s"
	default:
		return fmt.Sprintf(", as do the clocks of %s other tracers", format.Number(n))
	}
}
