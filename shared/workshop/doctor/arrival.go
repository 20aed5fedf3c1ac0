package doctor

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"thinker/shared/apm"
	"thinker/shared/workshop/client"
)

// A requested is the request that was sent to see what becomes of it.
type requested struct {
	sent   bool // and answered as it should be
	answer client.Answer
	traces []apm.Trace
}

// probe sends a request, which the api passes on to the thinker.
func (e *examination) probe() {
	const name = "request"
	if !e.Probe {
		e.unknown(name, "Not sent: it was not asked for.")
		return
	} else if !e.api {
		e.unknown(name, "Not sent: thinker-api does not answer.")
		return
	}
	answer, err := e.Client.Think(e.ctx, "war")
	switch {
	case err != nil:
		e.broken(name, "Look at what the step has printed, and start it again.", "thinker-api did not answer a request: %v.", err)
	case answer.Status == http.StatusBadGateway || answer.Status == http.StatusGatewayTimeout:
		e.broken(name, "Start the step again, and see what thinker-microservice prints. Where you start the services yourself, THINKER_URL tells thinker-api where it is.",
			"thinker-api cannot reach thinker-microservice: %s", refusal(answer.Body))
	case answer.Status != http.StatusOK:
		e.broken(name, "Look at what the step has printed.", "thinker-api answered %d: %s", answer.Status, refusal(answer.Body))
	default:
		e.holds(name, "thinker-api answered a request, with what thinker-microservice thinks, after %s.", apm.FormatDuration(answer.Took))
	}
	e.request = requested{sent: err == nil, answer: answer}
	if e.request.sent && e.agent {
		e.request.traces, _ = e.Client.TracesOf(e.ctx, answer) // an agent that ceases to answer is noticed next
	}
}

// refusal is the first line of why the api has refused an answer.
func refusal(body string) string {
	var said struct{ Error string }
	if json.Unmarshal([]byte(body), &said) == nil && said.Error != "" {
		body, _, _ = strings.Cut(said.Error, "\n")
		body = strings.TrimSuffix(body, "; the last it said was:")
	}
	return apm.Printable(body, 300)
}

// arrival says, in the words of the page Intake, what has become of what was
// sent.
func (e *examination) arrival() {
	const name = "intake"
	if !e.agent {
		e.unknown(name, "Not asked: the workshop’s agent does not answer.")
		return
	}
	report, err := e.Client.Intake(e.ctx)
	if err != nil {
		e.broken(name, e.start(), "%v.", err)
		return
	}
	for _, link := range report.Chain {
		if link.Holds {
			e.holds(name, "%s", link.Says)
			continue
		}
		says := link.Says
		if strings.Contains(link.Do, "Not kept") {
			for _, loss := range report.Losses {
				says += fmt.Sprintf(" %s: %d. %s", loss.Reason, loss.Count, loss.Advice)
			}
		}
		e.broken(name, link.Do+" "+e.Client.Pages+"/intake", "%s", says)
	}
}

// trace says whether the request can be seen, and under which names.
func (e *examination) trace() {
	const name = "trace"
	switch {
	case !e.Probe:
		return
	case !e.request.sent:
		e.unknown(name, "Not asked: no request was answered.")
	case !e.agent:
		e.unknown(name, "Not asked: the workshop’s agent does not answer.")
	case len(e.request.traces) == 0:
		e.broken(name, "The first ✗ above says where to begin. Where there is none: does tracer.Start stand in main.go of both services, and is every span finished?",
			"The request was answered, but no trace of it came.")
	default:
		e.origins(name)
	}
}

// origins wants the names of both services in what the request left.
func (e *examination) origins(name string) {
	var came []string
	for _, trace := range e.request.traces {
		came = append(came, trace.Services()...)
	}
	slices.Sort(came)
	came = slices.Compact(came)
	for _, want := range []string{"thinker-api", "thinker-microservice"} {
		if e.request.answer.Status == http.StatusOK && !slices.Contains(came, want) {
			e.broken(name, "tracer.WithService in its main.go names it, DD_SERVICE_MAPPING and service.name in DD_TAGS rename it; where none of them is wrong, is tracer.Start there?",
				"Nothing of the request came from %s; there is only %s.", want, strings.Join(came, ", "))
			return
		}
	}
	var pages []string
	for _, trace := range e.request.traces {
		pages = append(pages, e.Client.Page(trace.ID))
	}
	e.holds(name, "What the request left is there, from %s: %s", strings.Join(came, ", "), strings.Join(pages, " and "))
}
