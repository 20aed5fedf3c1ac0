package doctor

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"thinker/shared/apm/format"
)

// redis checks that the Redis of the microservice responds.
func (e *examination) redis() {
	const name = "Redis"
	at, owner := setting(e.Env, "REDIS_ADDR"), "this terminal"
	if len(e.thinkerProgram.env) > 0 {
		at, owner = setting(e.thinkerProgram.env, "REDIS_ADDR"), "thinker-microservice"
	}
	if at == "" {
		e.skip(name, "REDIS_ADDR isn't set. You don't need it: workshop up and docker-compose start a Redis for step 5.")
	} else if err := ping(at); err != nil {
		e.fail(name, "Start a Redis there, or unset REDIS_ADDR: workshop up then starts one. Until then, "+
			"step 5 runs without its cache, and its traces show failed Redis commands.",
			"The Redis at %s (REDIS_ADDR of %s) does not respond: %v.", at, owner, err)
	} else {
		e.pass(name, "The Redis at %s responds.", at)
	}
}

// ping sends the one command that needs no library.
func ping(at string) error {
	conn, err := net.DialTimeout("tcp", at, 2*time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second)) // an error shows in the next call
	if _, err := fmt.Fprint(conn, "*1\r\n$4\r\nPING\r\n"); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if line = strings.TrimSpace(line); line != "+PONG" {
		return cmp.Or(err, fmt.Errorf("it sent %.60q", line))
	}
	return nil
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
		return
	case answer.Status == http.StatusBadGateway || answer.Status == http.StatusGatewayTimeout:
		e.fail(name, "Restart the step and read what thinker-microservice prints. "+
			"If you start the services yourself, set THINKER_URL to its address.",
			"thinker-api got no valid response from thinker-microservice: %s", refusal(answer.Body))
	case answer.Status != http.StatusOK:
		e.fail(name, "Read what the step has printed.", "thinker-api responded with %d: %s", answer.Status,
			refusal(answer.Body))
	default:
		e.pass(name, "thinker-api and thinker-microservice responded to a request in %s.", format.Duration(answer.Took))
	}
	e.answer = &answer
	if e.agent {
		e.traces, _ = e.Client.TracesOf(e.ctx, answer) // if the agent fails now, the next check notices
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

// intake reports, in the words of the Intake page, what happened to the spans that
// were sent.
func (e *examination) intake() {
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

// trace checks that the request's trace has arrived, with spans from both services.
func (e *examination) trace() {
	const name = "trace"
	switch {
	case !e.Probe:
		return
	case e.answer == nil:
		e.skip(name, "Not checked, because no request got a response.")
		return
	case !e.agent:
		e.skip(name, "Not checked, because the workshop's agent does not respond.")
		return
	case len(e.traces) == 0:
		e.fail(name, "Fix the first ✗ above. If there is none: does main.go of both services call tracer.Start, "+
			"and is every span finished?", "The request got a response, but no trace arrived.")
		return
	}
	var services, pages []string
	for _, trace := range e.traces {
		services = append(services, trace.Services()...)
		pages = append(pages, e.Client.Page(trace.ID))
	}
	slices.Sort(services)
	found := strings.Join(slices.Compact(services), ", ")
	for _, want := range []string{"thinker-api", "thinker-microservice"} {
		if e.answer.Status == http.StatusOK && !slices.Contains(services, want) {
			e.fail(name, "Check tracer.Start and tracer.WithService in its main.go. "+
				"DD_SERVICE_MAPPING and service.name in DD_TAGS can rename it, too.",
				"No span of the request came from %s, only from %s.", want, found)
			return
		}
	}
	e.pass(name, "The trace has arrived, with spans from %s: %s", found, strings.Join(pages, " and "))
}
