package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"thinker/shared/apm/internal/process"
)

// A read is something that a person or a page asks for.
type read struct{ name, path string }

// reads are what is measured. What an apm does not serve is said to be so.
func reads(k known) []read {
	search := func(query string) string {
		return "/api/traces?" + url.Values{"limit": {"50"}, "query": {query}}.Encode()
	}
	last4Hours := fmt.Sprintf("from=%d&to=%d", k.now.Add(-4*time.Hour).UnixNano(), k.now.UnixNano())
	return []read{
		{"the newest 50", "/api/traces?limit=50"},
		{"service:thinker-api", search("service:thinker-api")},
		{"status:error", search("status:error")},
		{"service, resource, error, duration", search("service:thinker-microservice resource_name:think status:error duration:>100ms")},
		{"@subject:war", search("@subject:war")},
		{"@request.id:<2 h old>", search("@request.id:" + k.requestID)},
		{"@http.url:*nothing*", search("@http.url:*nothing*")},
		{"free text: nothing", search("nothing")},
		{"a trace by its ID", "/api/traces/" + k.traceID},
		{"services", "/api/services?" + last4Hours},
		{"resources of a service", "/api/services/thinker-microservice/resources?" + last4Hours},
		{"figures by service, 60 buckets", "/api/figures?by=service&buckets=60&" + last4Hours},
		{"one resource's by version, with distribution", "/api/figures?by=version&buckets=60&distribution=true&" + url.Values{"query": {`resource_name:"GET /think/"`}}.Encode() + "&" + last4Hours},
		{"facets", "/api/facets?field=env&field=service&field=operation_name&field=resource_name&field=status&field=@http.status_code&field=version&" + last4Hours},
		{"facets, all there are", "/api/facets?" + last4Hours},
		{"time spent, 60 buckets", "/api/time-spent?query=service:thinker-api&buckets=60&" + last4Hours},
		{"dependencies", "/api/dependencies?" + last4Hours},
		{"span summary", "/api/span-summary?query=service:thinker-api&" + last4Hours},
	}
}

// A known is a trace that an apm holds.
type known struct {
	now                time.Time
	traceID, requestID string
}

// known looks for a trace that is two hours old, or else for the newest.
func (a *apm) known() known {
	a.b.Helper()
	k := known{now: time.Now()}
	const newest = "/api/traces?limit=1&query=service:thinker-api"
	ids := traces(a.Get(fmt.Sprintf("%s&to=%d", newest, k.now.Add(-2*time.Hour).UnixNano())))
	if len(ids) == 0 {
		ids = traces(a.Get(newest))
	}
	if len(ids) == 0 {
		a.b.Fatal("it holds no trace")
	}
	k.traceID = ids[0]
	var trace struct {
		Spans []struct{ Meta map[string]string }
	}
	if err := json.Unmarshal(a.Get("/api/traces/"+k.traceID).Body, &trace); err != nil {
		a.b.Fatal(err)
	}
	k.requestID = trace.Spans[0].Meta["request.id"]
	return k
}

const (
	mostReads    = 110 // of one kind: so the 99th percentile is not the first, which finds nothing in memory
	mostReadTime = 5 * time.Second
	readEvery    = 10 * time.Millisecond // so that they meet all that goes on beside them
)

// measure asks for the same several times.
func (a *apm) measure(r read) row {
	a.b.Helper()
	measured := row{name: r.name, found: "-"}
	pace := time.NewTicker(readEvery)
	defer pace.Stop()
	for began := time.Now(); len(measured.took) < mostReads && time.Since(began) < mostReadTime; <-pace.C {
		asked := time.Now()
		answer := a.Get(r.path)
		measured.took = append(measured.took, time.Since(asked))
		if answer.Status != http.StatusOK {
			return row{name: r.name, found: fmt.Sprintf("answers %d", answer.Status)}
		}
		if strings.HasPrefix(r.path, "/api/traces?") {
			measured.found = fmt.Sprint(len(traces(answer)))
		}
	}
	return measured
}

// freshness is how long it takes from the sending of a span until it is found.
func (a *apm) freshness() row {
	a.b.Helper()
	measured := row{name: "a span just sent, until found", found: "1"}
	pace := time.NewTicker(readEvery)
	defer pace.Stop()
	for began := time.Now(); len(measured.took) < mostReads && time.Since(began) < mostReadTime; <-pace.C {
		sent := time.Now()
		id := fmt.Sprint(sent.UnixNano())
		span := fmt.Sprintf(`[[{"trace_id":%s,"span_id":%[1]s,"service":"fresh","name":"fresh","start":%[1]s,"duration":1,"meta":{"fresh":"f%[1]s"}}]]`, id)
		a.Post("/v0.4/traces", "application/json", strings.NewReader(span)) // what counts is whether the span is found
		for len(traces(a.Get("/api/traces?limit=1&query=@fresh:f"+id))) == 0 {
			if time.Since(sent) > time.Minute {
				a.b.Fatal("a span that was sent is not found")
			}
		}
		measured.took = append(measured.took, time.Since(sent))
	}
	return measured
}

// traces are the IDs of the traces in a list.
func traces(r process.Response) (ids []string) {
	var list struct {
		Traces []struct {
			TraceID string `json:"trace_id"`
		}
	}
	if json.NewDecoder(bytes.NewReader(r.Body)).Decode(&list) != nil {
		return nil // it is none
	}
	for _, t := range list.Traces {
		ids = append(ids, t.TraceID)
	}
	return ids
}

// takenIn is how many spans have come since it runs.
func (a *apm) takenIn() int {
	a.b.Helper()
	var intake struct{ Spans int }
	if err := json.Unmarshal(a.Get("/api/intake").Body, &intake); err != nil {
		a.b.Fatal(err)
	}
	return intake.Spans
}

// spans counts those that it has, page by page.
func (a *apm) spans() (n int) {
	a.b.Helper()
	for cursor := "0"; cursor != ""; {
		var page struct {
			Traces []struct{ Spans int }
			Next   string
		}
		if err := json.Unmarshal(a.Get("/api/traces?limit=1000&cursor="+cursor).Body, &page); err != nil {
			a.b.Fatal(err)
		}
		for _, t := range page.Traces {
			n += t.Spans
		}
		cursor = page.Next
	}
	return n
}
