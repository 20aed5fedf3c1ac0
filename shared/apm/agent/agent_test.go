package agent_test

import (
	"bufio"
	"errors"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"thinker/shared/apm"
	"thinker/shared/apm/agent"
	"thinker/shared/apm/api"
	"thinker/shared/apm/fetch"
	"thinker/shared/apm/guest"
)

func start(t *testing.T, config agent.Config) *agent.Agent {
	t.Helper()
	if config.Addr == "" {
		config.Addr = "localhost:0"
	}
	a, err := agent.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(t.Context()) })
	return a
}

// onePayload is a payload with a trace of one span.
const onePayload = `[[{"trace_id":7,"span_id":7,"service":"api","name":"http.request","resource":"GET /",` +
	`"start":1,"duration":5}]]`

// send sends a request to an agent, and returns the status and the body of the response.
// headers alternates names and values; a header Host sets the host.
func send(t *testing.T, method, url, body string, headers ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for pair := range slices.Chunk(headers, 2) {
		r.Header.Set(pair[0], pair[1])
	}
	r.Host = r.Header.Get("Host")
	response, err := fetch.Do(http.DefaultTransport, r, fetch.Limit)
	if err != nil {
		t.Fatal(err)
	}
	return response.Status, string(response.Body)
}

// get sends a GET request.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	return send(t, http.MethodGet, url, "")
}

func TestAgent_FromTracerToPage(t *testing.T) {
	a := start(t, agent.Config{})
	if code, body := send(t, "PUT", a.URL()+"/v0.4/traces", onePayload); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	if trace, ok, _ := a.Store().Trace(t.Context(), 7); !ok || len(trace.Spans) != 1 {
		t.Errorf("%v %+v", ok, trace)
	}
	for path, want := range map[string]string{
		"/traces": "GET /", "/trace/7": "GET /", "/api/traces/7": `"service":"api"`, "/healthz": "ok",
		"/info": "endpoints",
	} {
		if code, body := get(t, a.URL()+path); code != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %.200s", path, code, body)
		}
	}
	if a.Stats().Spans != 1 {
		t.Errorf("%+v", a.Stats())
	}
}

func TestAgent_Guards(t *testing.T) {
	a := start(t, agent.Config{AllowHosts: []string{"agent"}})
	for name, c := range map[string]struct {
		method, path, host string
		headers            []string
		want               int
	}{
		"page, other host":   {"GET", "/traces", "example.com", nil, 403},
		"page, allowed host": {"GET", "/traces", "agent:8126", nil, 200},
		"intake, any host":   {"POST", "/v0.4/traces", "anything", nil, 200},
		"intake, from a page": {"POST", "/v0.4/traces", "localhost", []string{"Origin", "http://localhost:8126"},
			403},
		"intake, Sec-Fetch-Site": {"POST", "/v0.4/traces", "localhost", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		"page, same origin":      {"GET", "/api/traces", "localhost", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		"page, typed":            {"GET", "/traces", "localhost", []string{"Sec-Fetch-Site", "none"}, 200},
		"unknown path":           {"POST", "/v0.2/traces", "localhost", nil, 404},
		"unknown page":           {"GET", "/v0.2/traces", "localhost", nil, 404},
	} {
		headers := append([]string{"Host", c.host}, c.headers...)
		if code, body := send(t, c.method, a.URL()+c.path, "", headers...); code != c.want {
			t.Errorf("%s: %d %.200s, want %d", name, code, body, c.want)
		}
	}
}

// TestAgent_CodespacesHosts clears traces as the page does in a codespace. Its proxy
// replaces the forwarded name in Host or in Origin.
func TestAgent_CodespacesHosts(t *testing.T) {
	const forwarded = "fluffy-umbrella-8126.app.github.dev"
	for _, c := range []struct {
		name, allowed, host, origin string
		want                        int
	}{
		{"Host replaced", forwarded, "localhost:8126", "https://" + forwarded, 204},
		{"Origin replaced", forwarded, forwarded, "http://localhost:8126", 204},
		{"neither replaced", forwarded, forwarded, "https://" + forwarded, 204},
		{"another codespace", forwarded, "localhost:8126", "https://other-8126.app.github.dev", 403},
		{"another port of it", forwarded, "localhost:8126", "https://fluffy-umbrella-5000.app.github.dev", 403},
		{"name not allowed", "agent", "localhost:8126", "https://" + forwarded, 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := start(t, agent.Config{AllowHosts: []string{c.allowed}})
			code, body := send(t, "DELETE", a.URL()+"/api/traces", "", "Host", c.host, "Origin", c.origin,
				"Sec-Fetch-Site", "same-origin", "X-Forwarded-Host", forwarded)
			if code != c.want {
				t.Errorf("status %d, want %d: %.200s", code, c.want, body)
			}
		})
	}
}

func TestStart_BothLoopbackFamilies(t *testing.T) {
	a := start(t, agent.Config{})
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(a.URL(), "http://"))
	hosts := []string{"127.0.0.1"}
	if probe, err := net.Listen("tcp6", "[::1]:0"); err == nil {
		_ = probe.Close()
		hosts = append(hosts, "::1")
	}
	for _, host := range hosts {
		if code, _ := get(t, "http://"+net.JoinHostPort(host, port)+"/traces"); code != 200 {
			t.Errorf("%s: %d", host, code)
		}
	}
}

func TestStart_Addresses(t *testing.T) {
	for addr, host := range map[string]string{
		":0": "http://localhost:", "0.0.0.0:0": "http://localhost:", "127.0.0.1:0": "http://127.0.0.1:",
	} {
		a := start(t, agent.Config{Addr: addr})
		if !strings.HasPrefix(a.URL(), host) {
			t.Errorf("%s: %s", addr, a.URL())
		}
		if code, _ := get(t, a.URL()+"/traces"); code != 200 {
			t.Errorf("%s: %d", addr, code)
		}
	}
	for _, addr := range []string{"nonsense", "localhost:99999", "localhost:http:1"} {
		if a, err := agent.Start(agent.Config{Addr: addr}); err == nil {
			_ = a.Close(t.Context())
			t.Errorf("%s: started", addr)
		}
	}
}

func TestStart_PortInUse(t *testing.T) {
	addr := strings.TrimPrefix(start(t, agent.Config{}).URL(), "http://")
	_, err := agent.Start(agent.Config{Addr: addr})
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), addr) {
		t.Errorf("got %v", err)
	}
	// Taken in one family only: half an agent would be no use.
	six, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 here")
	}
	defer six.Close()
	_, port, _ := net.SplitHostPort(six.Addr().String())
	if a, err := agent.Start(agent.Config{Addr: "localhost:" + port}); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("got %v", err)
		if err == nil {
			_ = a.Close(t.Context())
		}
	}
}

func TestAgent_CloseWithEventStreams(t *testing.T) {
	a := start(t, agent.Config{})
	response, err := http.Get(a.URL() + "/api/events")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Scan() // the stream is open
	if err := a.Close(t.Context()); err != nil {
		t.Error(err)
	}
	for lines.Scan() { // ends, or the test never does
	}
	if _, err := http.Get(a.URL() + "/healthz"); err == nil {
		t.Error("it still responds")
	}
}

func TestAgent_ColoursInOrderOfArrival(t *testing.T) {
	a := start(t, agent.Config{})
	send(t, "POST", a.URL()+"/v0.4/traces",
		`[[{"trace_id":1,"span_id":1,"service":"first"}],[{"trace_id":2,"span_id":1,"service":"second"}]]`)
	second := start(t, agent.Config{}).Palette()
	if first := second.Of("any"); a.Palette().Of("first") != first || a.Palette().Of("second") != second.Of("other") {
		t.Error("services don't get their colours in order of arrival")
	}
}

// The intake refuses a payload for an unknown path, and records it.
func TestAgent_UnknownPath(t *testing.T) {
	a := start(t, agent.Config{})
	send(t, "POST", a.URL()+"/v0.4/traces", `[[{"trace_id":1,"span_id":1,"service":"shop"}]]`)
	code, _ := send(t, "POST", a.URL()+"/v1/traces", "\x0a\x02", "Content-Type", "application/x-protobuf")
	if code != http.StatusNotFound {
		t.Errorf("status %d", code)
	}
	for path, wants := range map[string][]string{
		"/api/intake": {`"service":"shop"`, `"path":"/v1/traces"`, `"first_bytes":"0a02"`, `"calls":2`},
		"/intake":     {"shop", "POST /v1/traces", "OpenTelemetry", "0a 02"},
	} {
		code, body := get(t, a.URL()+path)
		for _, want := range wants {
			if code != 200 || !strings.Contains(body, want) {
				t.Errorf("%s: %d, lacks %s", path, code, want)
			}
		}
	}
}

// TestAgent_ServiceNames reads services with slashes and escapes in their names.
func TestAgent_ServiceNames(t *testing.T) {
	a := start(t, agent.Config{})
	for id, service := range []string{"api", "team/api", "http://host//x", "50%", "a%2Fb", "..", "?a#b", "naïve café"} {
		span := apm.Span{
			TraceID: uint64(id + 1), SpanID: 1, Service: service, Resource: "GET /" + service,
			Metrics: map[string]float64{"_dd.top_level": 1},
		}
		if err := a.Store().Add(t.Context(), []apm.Span{span}); err != nil {
			t.Fatal(err)
		}
		escaped := strings.ReplaceAll(url.PathEscape(service), ".", "%2E")
		var found api.Resources
		err := api.Client{URL: a.URL()}.Get(t.Context(), "/api/services/"+escaped+"/resources", nil, &found)
		if err != nil || found.Service != service || len(found.Resources) != 1 ||
			found.Resources[0].Resource != span.Resource {
			t.Errorf("%s: %v %+v", service, err, found)
		}
	}
}

// A slash at the end of DD_TRACE_AGENT_URL makes a tracer ask for //v0.4/traces.
func TestAgent_URLWithSlash(t *testing.T) {
	a := start(t, agent.Config{})
	if code, body := send(t, "POST", a.URL()+"//v0.4/traces", onePayload); code != 200 {
		t.Errorf("%d %s", code, body)
	}
	if _, ok, _ := a.Store().Trace(t.Context(), 7); !ok {
		t.Error("the trace wasn't accepted")
	}
	if code, _ := get(t, a.URL()+"//traces/"); code != 404 {
		t.Errorf("//traces/: %d", code)
	}
}

// A guest receives forms. A POST to any other path goes to the intake.
func TestAgent_GuestForms(t *testing.T) {
	a := start(t, agent.Config{Guests: func(a *agent.Agent) []guest.Guest {
		if a.Store() == nil || a.Palette() == nil {
			t.Error("the guest has nothing to show")
		}
		serve := func(r *http.Request) (guest.Page, error) {
			return guest.Page{Title: "Guest", Main: template.HTML("<p>" + r.Method + " it is</p>")}, nil
		}
		return []guest.Guest{{Path: "/guest", Name: "Guest", Files: fstest.MapFS{}, Serve: serve}}
	}})
	for _, path := range []string{"/guest", "/guest/form"} {
		if code, body := send(t, "POST", a.URL()+path, "a=b"); code != 200 || !strings.Contains(body, "POST it is") {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	if len(a.Stats().Refused) != 0 {
		t.Error("the intake received the form")
	}
}

func TestConfig_Services(t *testing.T) {
	a := start(t, agent.Config{Services: []string{"first", "second"}})
	other := start(t, agent.Config{}).Palette()
	if first := other.Of("any"); a.Palette().Of("second") != other.Of("other") || a.Palette().Of("first") != first {
		t.Error("the services' colours aren't the first ones, in order")
	}
}
