package web

import (
	"fmt"
	"time"

	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
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
func chain(report stats.IntakeReport, kept stats.Retention) []chainLink {
	if report.Calls == 0 {
		return []chainLink{{Says: "No request has reached the agent.", Do: "Start a service whose tracer sends to this agent, and send the service a request."}}
	}
	links := []chainLink{{Holds: true, Says: format.Count(report.Calls, "request has", "requests have") + " reached the agent."}}
	if report.Spans == 0 {
		return append(links, chainLink{Says: "None of them contained a span.", Do: "A tracer sends finished spans every two seconds. Wait a moment, or stop the tracer. The Intake page lists refused requests."})
	}
	links = append(links, chainLink{Holds: true, Says: fmt.Sprintf("They contained %s from %s.", format.Count(report.Spans, "span", "spans"), format.Count(len(report.Tracers)+report.Forgotten, "tracer", "tracers"))})

	refused := 0
	for _, loss := range report.Losses {
		refused += loss.Count
	}
	if refused == 0 {
		links = append(links, chainLink{Holds: true, Says: "All spans were accepted."})
	} else {
		links = append(links, chainLink{Says: format.Count(refused, "request or span was", "requests or spans were") + " refused.", Do: "See \"Not stored\" on the Intake page.", Losses: true})
	}

	var off []stats.Tracer
	for _, tracer := range report.Tracers {
		if tracer.ClockMost.Abs() >= time.Second {
			off = append(off, tracer)
		}
	}
	if len(off) == 0 {
		links = append(links, chainLink{Holds: true, Says: "The tracers' clocks agree with this machine's clock."})
	} else {
		links = append(links, chainLink{
			Says: fmt.Sprintf("The clock of %s looks %s%s.", short(off[0].Service), aside(off[0].ClockMost, "ahead", "behind"), otherTracers(len(off)-1)),
			Do:   "Set the time range to All time, or correct that machine's clock. Old spans, such as imported ones, also look like this.",
		})
	}

	if kept.EvictedTraces == 0 && kept.DamagedSpans == 0 && !kept.FileGone {
		links = append(links, chainLink{Holds: true, Says: "No trace has been evicted."})
	} else {
		links = append(links, chainLink{Says: "Some traces were evicted or lost.", Do: "See \"Not stored\" on the Intake page.", Losses: true})
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
