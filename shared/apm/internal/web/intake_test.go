package web

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm/internal/stats"
)

// report is what an intake knows after a tracer whose clock is off, and a
// request that was refused.
func report() stats.IntakeReport {
	now := time.Date(2026, 3, 1, 12, 0, 0, 345_000_000, time.UTC)
	id := stats.TracerID{Service: "thinker-api", Language: "go", Library: "v2.12.0", Format: "v1.0", Env: "workshop", Version: "step04"}
	return stats.IntakeReport{
		Since: now.Add(-time.Hour), Payloads: 1200, Spans: 7200, Bytes: 98765, Calls: 1300, Forgotten: 2,
		Tracers: []stats.Tracer{{TracerID: id, Payloads: 1200, Spans: 7200, Errors: 3, Bytes: 98765, LastContact: now, Clock: 2 * time.Second, ClockMost: -100 * time.Hour}},
		Losses:  []stats.Loss{{Reason: "malformed", Count: 1, Advice: "Compare what came."}},
		Refusals: []stats.Refusal{{
			Time: now, Method: "POST", Path: "/v0.4/traces", Status: 400, Reason: "malformed", Detail: "as MessagePack: cut off",
			ContentType: "application/msgpack", Length: -1, Headers: map[string]string{"User-Agent": "curl"}, First: []byte("\x91\x91\x8a0123456789abcdef"),
		}},
		Requests: []stats.Request{
			{Time: now, Method: "POST", Path: "/v0.4/traces", Status: 400, Bytes: 19},
			{Time: now, Method: "PUT", Path: "/v1.0/traces", Status: 200, Bytes: 432, Spans: 6, Tracer: id},
		},
	}
}

func TestAPIIntake(t *testing.T) {
	w, f := newTest()
	const empty = `{"since":"0001-01-01T00:00:00.000Z","payloads":0,"spans":0,"bytes":0,"calls":0,"tracers":[],"tracers_forgotten":0,` +
		`"losses":[{"reason":"trace evicted","count":1,"advice":"It made room for newer traces. To store more, start the agent with a larger --max-spans or --max-bytes."}],"refusals":[],"requests":[],"kept":{"traces":0,"spans":7,"max_spans":200000,"bytes":0,"max_bytes":0,"oldest":0,"newest":0,"evicted_traces":1,"evicted_spans":6,"damaged_spans":0},` +
		`"chain":[{"holds":false,"says":"No request has reached the agent.","do":"Start a service whose tracer sends to this agent, and send the service a request."}]}` + "\n"
	if body := get(w, "/api/intake").Body.String(); body != empty {
		t.Errorf("got  %swant %s", body, empty)
	}
	f.report = report()
	f.report.Losses = nil
	body := get(w, "/api/intake").Body.String()
	for _, want := range []string{
		`{"since":"2026-03-01T11:00:00.345Z","payloads":1200,"spans":7200,"bytes":98765,"calls":1300,"tracers":[`,
		`{"service":"thinker-api","language":"go","tracer_version":"v2.12.0","format":"v1.0","env":"workshop","version":"step04","payloads":1200,"spans":7200,"errors":3,"bytes":98765,` +
			`"last_contact":"2026-03-01T12:00:00.345Z","clock_offset":2000000000,"clock_offset_most":-360000000000000}],"tracers_forgotten":2,`,
		`"refusals":[{"time":"2026-03-01T12:00:00.345Z","method":"POST","path":"/v0.4/traces","status":400,"reason":"malformed","detail":"as MessagePack: cut off",` +
			`"content_type":"application/msgpack","content_length":null,"headers":{"User-Agent":"curl"},"first_bytes":"91918a30313233343536373839616263646566"}]`,
		`{"time":"2026-03-01T12:00:00.345Z","method":"PUT","path":"/v1.0/traces","status":200,"bytes":432,"spans":6,"service":"thinker-api","language":"go","tracer_version":"v2.12.0"}],"kept":{`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the answer lacks %s\nin %s", want, body)
		}
	}
}

func TestTheIntakeIsForOwnNamesOnly(t *testing.T) {
	w, _ := newTest()
	for _, path := range []string{"/intake", "/api/intake", "/api/events?kind=intake"} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Host = "example.com"
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, r)
		if rec.Code != http.StatusForbidden {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
	if rec := get(w, "/api/events?kind=metrics"); rec.Code != http.StatusBadRequest {
		t.Errorf("an unknown kind of event: %d", rec.Code)
	}
}

func TestIntakeEventsAreNotices(t *testing.T) {
	w, f := newTest()
	server := httptest.NewServer(w)
	defer server.Close()
	response, err := http.Get(server.URL + "/api/events?kind=intake")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Scan() // the stream is open
	f.calls.Add(3)
	var got []string
	for len(got) < 2 && lines.Scan() {
		if lines.Text() != "" {
			got = append(got, lines.Text())
		}
	}
	if want := `event: intake data: {"calls":3}`; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
	w.Close()
	for lines.Scan() { // ends, as the stream does
	}
}
