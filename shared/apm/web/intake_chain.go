package web

import (
	"fmt"
	"time"

	"thinker/shared/apm"
)

// A chainLink is one of the things that must be so for a trace to be found, in the
// order in which it meets them. Who misses a trace looks for the first that is
// not.
type chainLink struct {
	Holds bool   `json:"holds"`
	Says  string `json:"says"`
	Do    string `json:"do"` // where it does not hold
}

// chain follows a trace from its tracer to the pages.
func chain(report apm.IntakeReport, kept apm.Retention) []chainLink {
	if report.Calls == 0 {
		return []chainLink{{Says: "No request has reached the agent.", Do: "Start a service whose tracer reports here, and send it a request."}}
	}
	links := []chainLink{{Holds: true, Says: apm.FormatCount(report.Calls, "request has", "requests have") + " reached the agent."}}
	if report.Spans == 0 {
		return append(links, chainLink{Says: "None of them brought a span.", Do: "A tracer sends a span after it has ended. Wait for two seconds, or stop the tracer; see on the page Intake what was refused."})
	}
	links = append(links, chainLink{Holds: true, Says: fmt.Sprintf("They brought %s, of %s.", apm.FormatCount(report.Spans, "span", "spans"), apm.FormatCount(len(report.Tracers)+report.Forgotten, "tracer", "tracers"))})

	refused := 0
	for _, loss := range report.Losses {
		refused += loss.Count
	}
	if refused == 0 {
		links = append(links, chainLink{Holds: true, Says: "All of it was taken in."})
	} else {
		links = append(links, chainLink{Says: fmt.Sprintf("Not all of it was taken in: %s refused or left out.", apm.FormatCount(refused, "request or span was", "requests or spans were")), Do: "The reasons are on the page Intake, under “Not kept”."})
	}

	var off []apm.Tracer
	for _, tracer := range report.Tracers {
		if tracer.ClockMost.Abs() >= time.Second {
			off = append(off, tracer)
		}
	}
	if len(off) == 0 {
		links = append(links, chainLink{Holds: true, Says: "The tracers’ clocks agree with this machine’s."})
	} else {
		links = append(links, chainLink{
			Says: fmt.Sprintf("Spans of %s were dated %s what the clock here said%s.", short(off[0].Service), aside(off[0].ClockMost, "after", "before"), otherTracers(len(off)-1)),
			Do:   "Choose all times above the pages’ lists, or set that machine’s clock. Spans that were recorded long ago look the same.",
		})
	}

	if kept.EvictedTraces == 0 && kept.DamagedSpans == 0 && !kept.FileGone {
		links = append(links, chainLink{Holds: true, Says: "All of them are still kept, unless somebody has cleared them."})
	} else {
		links = append(links, chainLink{Says: "Not all of them are still kept: older ones made room, or were lost.", Do: "How many, and what to do about it, is on the page Intake, under “Not kept”."})
	}
	return links
}

func otherTracers(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return ", and those of one other tracer likewise"
	default:
		return fmt.Sprintf(", and those of %s other tracers likewise", apm.FormatNumber(n))
	}
}
