package web_test

import (
	"math"
	"net/http"
	"strings"
	"testing"

	"thinker/shared/apm"
	"thinker/shared/apm/api"
	"thinker/shared/apm/internal/webtest"
)

func TestWeb_FirstPage(t *testing.T) {
	if r := webtest.New(t).Get("/"); r.Code != http.StatusFound || r.Header().Get("Location") != "/traces" {
		t.Errorf("status %d, %v", r.Code, r.Header())
	}
}

// TestWeb_HostileSpans puts markup into every text of a span, and expects none of it
// unescaped on any page.
func TestWeb_HostileSpans(t *testing.T) {
	const evil = `"'><script>alert(1)</script><img src=x onerror=alert(2)>{{.}}`
	s := apm.Span{TraceID: 1, SpanID: 1, ParentID: 9, Service: evil, Name: evil, Resource: evil, Type: "sql",
		Error: true, Duration: -5,
		Meta: map[string]string{evil: evil, "error.message": evil, "error.type": evil, "error.stack": evil,
			"http.status_code": evil, "sql.query": evil},
		Metrics: map[string]float64{evil: math.NaN()},
		Links:   []apm.Link{{TraceID: 2, SpanID: 3, Attributes: map[string]string{evil: evil}}},
		Events:  []apm.Event{{Name: evil, Attributes: map[string]any{evil: evil, "list": []any{evil}}}},
	}
	site := webtest.New(t, apm.NewTrace(1, []apm.Span{s}))
	const script = "%3Cscript%3E"
	for _, path := range []string{
		"/traces", "/services", "/map", "/api",
		"/trace/1", "/trace/1?span=1", "/trace/1?view=list", "/trace/1?view=waterfall", "/trace/1?find=" + script,
		"/trace/1?rows=%22%3E" + script, "/trace/" + script + "alert(1)", "/" + script,
		"/compare?service=" + script + "&a=" + script + "&b=1", "/compare/traces?a=1&b=1",
		"/compare/traces?a=1&b=" + script, "/compare/traces?a=1&env=" + script,
	} {
		body := site.Get(path).Body.String()
		for _, unwanted := range []string{"<script>", "<img", "style=", " onerror=\""} {
			if strings.Contains(body, unwanted) {
				t.Errorf("%s contains %s", path, unwanted)
			}
		}
	}
	if trace := webtest.Decode[api.Trace](t, site, "/api/traces/1"); trace.Spans[0].Resource != evil {
		t.Errorf("the API changes a resource to %s", trace.Spans[0].Resource)
	}
}

func TestWeb_SafetyHeaders(t *testing.T) {
	site := webtest.New(t, apm.NewTrace(1, []apm.Span{{TraceID: 1, SpanID: 1}}))
	for _, path := range []string{
		"/", "/traces", "/trace/1", "/compare/traces?a=1", "/nothing", "/api", "/api/traces", "/api/traces/1",
		"/api/services", "/api/figures?by=x", "/static/style.css", "/static/nothing",
	} {
		h := site.Get(path).Header()
		policy := h.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") ||
			h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

func TestWeb_Hosts(t *testing.T) {
	site := webtest.New(t)
	for host, want := range map[string]int{
		"localhost": 200, "localhost:8126": 200, "LOCALHOST.:1": 200, "127.0.0.1:8126": 200, "[::1]:8126": 200,
		"[::1]": 200, "agent:8126": 200,
		"example.com": 403, "localhost.example.com:8126": 403, "127.0.0.1.nip.io": 403, "": 403, "192.168.0.1": 403,
	} {
		for _, path := range []string{"/traces", "/api/traces", "/static/style.css"} {
			r := site.Do(http.MethodGet, path, "Host", host)
			if namesFlag := strings.Contains(r.Body.String(), "--allow-host"); r.Code != want || namesFlag != (want == 403) {
				t.Errorf("%s%s: status %d, want %d: %.300s", host, path, r.Code, want, r.Body)
			}
		}
	}
}

func TestWeb_OtherMethods(t *testing.T) {
	site := webtest.New(t)
	for path, want := range map[string]string{
		"/traces": "GET, HEAD", "/api/traces": "DELETE, GET, HEAD", "/api/events": "GET, HEAD",
	} {
		r := site.Do(http.MethodPost, path)
		text := path + " accepts " + strings.ReplaceAll(want, ",", " and") + ", not POST."
		if r.Code != http.StatusMethodNotAllowed || r.Header().Get("Allow") != want ||
			!strings.Contains(r.Body.String(), text) {
			t.Errorf("%s: status %d, Allow %q: %s", path, r.Code, r.Header().Get("Allow"), r.Body)
		}
	}
}

func TestWeb_FailurePage(t *testing.T) {
	body := webtest.New(t).Get("/nothing").Body.String()
	if !strings.Contains(body, "There is no page at /nothing.") || strings.Contains(body, "In Datadog") {
		t.Error(body)
	}
}
