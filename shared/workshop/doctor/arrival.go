package doctor

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/workshop/lesson"
)

// A requested is the request that was sent to see whether its trace arrives.
type requested struct {
	sent   bool // and it got a response
	answer lesson.Exchange
	traces []apm.Trace
}

// probe sends a request, which the api forwards to the microservice.
func (e *examination) probe() {
	const name = "request"
	if !e.Probe {
		e.skip(name, "Not sent, because of --no-probe.")
		return
	} else if !e.api {
		e.skip(name, "Not sent, because thinker-api does not respond.")
		return
	}
	answer, err := e.Client.Think(e.ctx, "war")
	switch {
	case err != nil:
		e.fail(name, "Read what the step has printed, then restart it.", "thinker-api did not respond to a request: %v.", err)
	case answer.Status == http.StatusBadGateway || answer.Status == http.StatusGatewayTimeout:
		e.fail(name, "Restart the step and read what thinker-microservice prints. If you start the services yourself, set THINKER_URL to its address.",
			"thinker-api got no valid response from thinker-microservice: %s", refusal(answer.Body))
	case answer.Status != http.StatusOK:
		e.fail(name, "Read what the step has printed.", "thinker-api responded with %d: %s", answer.Status, refusal(answer.Body))
	default:
		e.pass(name, "thinker-api and thinker-microservice responded to a request in %s.", format.Duration(answer.Took))
	}
	e.request = requested{sent: err == nil, answer: answer}
	if e.request.sent && e.agent {
		e.request.traces, _ = e.Client.TracesOf(e.ctx, answer) // if the agent fails now, the next check notices
	}
}

// refusal returns the first line of the api's error.
func refusal(body string) string {
	var said struct{ Error string }
	if json.Unmarshal([]byte(body), &said) == nil && said.Error != "" {
		body, _, _ = strings.Cut(said.Error, "\n")
		body = strings.TrimSuffix(body, ". Its last output:")
	}
	return format.Printable(body, 300)
}

// arrival reports, in the words of the Intake page, what happened to the spans that
// were sent.
func (e *examination) arrival() {
	const name = "intake"
	if !e.agent {
		e.skip(name, "Not checked, because the workshop's agent does not respond.")
		return
	}
	report, err := e.Client.Intake(e.ctx)
	if err != nil {
		e.fail(name, e.start(), "%v.", err)
		return
	}
	for _, link := range report.Chain {
		if link.Holds {
			e.pass(name, "%s", link.Says)
			continue
		}
		says := link.Says
		if strings.Contains(link.Do, "Not stored") {
			for _, loss := range report.Losses {
				says += fmt.Sprintf(" %s: %d. %s", loss.Reason, loss.Count, loss.Advice)
			}
		}
		e.fail(name, link.Do+" "+e.Client.Pages+"/intake", "%s", says)
	}
}

// trace checks that the request's trace has arrived, with the names of both services.
func (e *examination) trace() {
	const name = "trace"
	switch {
	case !e.Probe:
		return
	case !e.request.sent:
		e.skip(name, "Not checked, because no request got a response.")
	case !e.agent:
		e.skip(name, "Not checked, because the workshop's agent does not respond.")
	case len(e.request.traces) == 0:
		e.fail(name, "Fix the first ✗ above. If there is none: does main.go of both services call tracer.Start, and is every span finished?",
			"The request got a response, but no trace arrived.")
	default:
		e.origins(name)
	}
}

// origins checks that both services sent spans of the request.
func (e *examination) origins(name string) {
	var came []string
	for _, trace := range e.request.traces {
		came = append(came, trace.Services()...)
	}
	slices.Sort(came)
	came = slices.Compact(came)
	for _, want := range []string{"thinker-api", "thinker-microservice"} {
		if e.request.answer.Status == http.StatusOK && !slices.Contains(came, want) {
			e.fail(name, "Check tracer.Start and tracer.WithService in its main.go. DD_SERVICE_MAPPING and service.name in DD_TAGS can rename it, too.",
				"No span of the request came from %s, only from %s.", want, strings.Join(came, ", "))
			return
		}
	}
	var pages []string
	for _, trace := range e.request.traces {
		pages = append(pages, e.Client.Page(trace.ID))
	}
	e.pass(name, "The trace has arrived, with spans from %s: %s", strings.Join(came, ", "), strings.Join(pages, " and "))
}
