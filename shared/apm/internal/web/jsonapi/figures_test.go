package jsonapi_test

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm/api"
	"thinker/shared/apm/internal/webtest"
)

func TestServices(t *testing.T) {
	site := webtest.New(t, webtest.Served()...)
	answer := webtest.Decode[api.Services](t, site, "/api/services")
	if len(answer.Services) != 2 || answer.From != 1_700_000_000_000_000_000 || answer.To != answer.From+3_020_000_001 {
		t.Fatalf("%+v", answer)
	}
	db, teamAPI := answer.Services[0], answer.Services[1] // as many requests: by name
	if teamAPI.Service != "team/api" || teamAPI.Type != "web" || fmt.Sprint(teamAPI.Versions) != "[v2 v1]" ||
		db.Type != "sql" || len(db.Versions) != 0 {
		t.Errorf("%+v %+v", teamAPI, db)
	}
	want := api.Figures{
		Requests: 4, Errors: 1, ErrorRate: 0.25, Total: 100e6, Avg: 25e6,
		P50: 20e6, P75: 30e6, P90: 40e6, P95: 40e6, P99: 40e6, Max: 40e6,
	}
	if !near(&teamAPI.Figures, want) || teamAPI.LastSeen-teamAPI.FirstSeen != 3e9 {
		t.Errorf("%+v", teamAPI)
	}
	for parameters, want := range map[string]int{
		"env=test": 1, "env=prod": 0, "env=*": 0, "query=type:sql": 1, "env=test&query=type:sql+OR+version:v2": 1,
		"from=1700000004000000000": 0, "to=1700000000000000001": 1, "scope=root": 1,
	} {
		if got := webtest.Decode[api.Services](t, site, "/api/services?"+parameters); len(got.Services) != want {
			t.Errorf("%s: %d services, want %d", parameters, len(got.Services), want)
		}
	}
}

// near reports whether figures are the ones wanted, their percentiles within 1 %.
func near(got *api.Figures, want api.Figures) bool {
	for _, pair := range [][2]*time.Duration{
		{&got.P50, &want.P50}, {&got.P75, &want.P75}, {&got.P90, &want.P90}, {&got.P95, &want.P95}, {&got.P99, &want.P99},
	} {
		if !within1Percent(*pair[0], *pair[1]) {
			return false
		}
		*pair[0] = *pair[1]
	}
	return *got == want
}

func within1Percent(got, want time.Duration) bool {
	return math.Abs(float64(got-want)) <= float64(want)/100
}

func TestResources(t *testing.T) {
	site := webtest.New(t, webtest.Served()...)
	const path = "/api/services/team%2Fapi/resources"
	answer := webtest.Decode[api.Resources](t, site, path+"?from=1700000000000000000&to=1700000008000000000")
	if len(answer.Resources) != 1 || answer.Service != "team/api" {
		t.Fatalf("%+v", answer)
	}
	if r := answer.Resources[0]; r.Resource != "GET /" || r.Operation != "http.request" ||
		r.RequestsPerSecond != 0.5 || !within1Percent(r.P50, 20e6) || r.Total != 100e6 {
		t.Errorf("%+v", r)
	}
	for path, want := range map[string]int{
		"team%2Fapi/resources?operation=think": 0, "team%2Fapi/resources?operation=think&scope=all": 1,
		"team%2Fapi/resources?scope=all": 2, "team/resources": 0, "team*/resources": 0,
	} {
		if got := webtest.Decode[api.Resources](t, site, "/api/services/"+path); len(got.Resources) != want {
			t.Errorf("%s: %d resources, want %d", path, len(got.Resources), want)
		}
	}
	cut := webtest.Decode[api.Resources](t, site, path+"?scope=all&limit=1")
	if len(cut.Resources) != 1 || cut.Others != 1 {
		t.Errorf("%+v", cut)
	}
	// A few simultaneous requests aren't thousands per second.
	short := webtest.Decode[api.Resources](t, site, "/api/services/db/resources?to=1700000000010000000")
	if r := short.Resources[0]; r.RequestsPerSecond != 1 {
		t.Errorf("%v requests per second", r.RequestsPerSecond)
	}
}

func TestFigures(t *testing.T) {
	site := webtest.New(t, webtest.Served()...)
	answer := webtest.Decode[api.Breakdown](t, site, "/api/figures?query=service:team/api&by=version&by=@http.status_code"+
		"&buckets=4&distribution=true&from=1700000000000000000&to=1700000008000000000")
	if answer.Step != 2e9 || fmt.Sprint(answer.By) != "[version @http.status_code]" || len(answer.Groups) != 2 ||
		answer.Others != 0 || answer.Total.Requests != 4 {
		t.Fatalf("%+v", answer)
	}
	first := answer.Groups[0]
	if fmt.Sprint(first.Values) != "[v1 200]" || first.Requests != 3 || fmt.Sprint(first.Series.Requests) != "[2 1 0 0]" ||
		!within1Percent(*first.Series.P50[0], 10e6) || first.Series.P50[2] != nil || len(first.Series.Max) != 4 {
		t.Errorf("%+v %+v", first, first.Series)
	}
	if len(first.Distribution) != 3 || !within1Percent(first.Distribution[0].Duration, 10e6) ||
		first.Distribution[0].Requests != 1 {
		t.Errorf("%+v", first.Distribution)
	}
	plain := site.Get("/api/figures").Body.String()
	if strings.Contains(plain, "series") || strings.Contains(plain, "distribution") ||
		!strings.Contains(plain, `"by":[],"total":{"values":[],"requests":8,`) ||
		!strings.Contains(plain, `"groups":[],"others":0}`) {
		t.Errorf("%s", plain)
	}
	cut := webtest.Decode[api.Breakdown](t, site, "/api/figures?by=service&scope=all&limit=1")
	if len(cut.Groups) != 1 || cut.Others != 1 || cut.Groups[0].Requests != 8 {
		t.Errorf("%+v", cut)
	}
}

func TestFacets(t *testing.T) {
	site := webtest.New(t, webtest.Served()...)
	answer := webtest.Decode[api.Facets](t, site, "/api/facets?field=version&field=@http.status_code&limit=1")
	want := api.Facets{Facets: []api.Facet{
		{Field: "version", Spans: 8, Values: []api.FacetValue{{Value: "v1", Spans: 6}}, Others: 1},
		{Field: "@http.status_code", Spans: 8, Values: []api.FacetValue{{Value: "200", Spans: 8}}},
	}}
	if fmt.Sprint(answer) != fmt.Sprint(want) {
		t.Errorf("got %+v, want %+v", answer, want)
	}
	if all := webtest.Decode[api.Facets](t, site, "/api/facets?scope=root"); len(all.Facets) != 8 {
		t.Errorf("%+v", all)
	}
}

func TestTimeSpent(t *testing.T) {
	site := webtest.New(t, webtest.Served()...)
	const start = 1_700_000_000_000_000_000
	sample := api.Sample{Requests: 4, Of: 4, Traces: 4, From: start, To: start + 3e9 + 1}
	answer := webtest.Decode[api.TimeSpent](t, site, "/api/time-spent?query=service:team/api")
	want := api.TimeSpent{Sample: sample, Services: []api.ServiceTime{
		{Service: "db", ExecTime: 50e6, PerRequest: 12.5e6, Percent: 50},
		{Service: "team/api", ExecTime: 50e6, PerRequest: 12.5e6, Percent: 50},
	}}
	if !reflect.DeepEqual(answer, want) {
		t.Errorf("got %+v, want %+v", answer, want)
	}
	series := site.Get(fmt.Sprintf("/api/time-spent?query=service:team/api&buckets=2&from=%d&to=%d",
		start+2_000_000_000, start+6_000_000_000)).Body.String()
	for _, want := range []string{
		`"step":2000000000,"series":{"requests":[2,0]}`,
		`{"service":"db","exec_time":35000000,"per_request":17500000,"percent":50,` +
			`"series":{"exec_time":[35000000,0],"per_request":[17500000,null]}}`,
	} {
		if !strings.Contains(series, want) {
			t.Errorf("%s lacks %s", series, want)
		}
	}
}

func TestDependencies(t *testing.T) {
	site := webtest.New(t, webtest.Served()...)
	const start = 1_700_000_000_000_000_000
	for parameters, want := range map[string]api.Dependencies{
		"query=service:team/api": {
			Sample: api.Sample{Requests: 4, Of: 4, Traces: 4, From: start, To: start + 3e9 + 1},
			Edges: []api.Edge{{Caller: "team/api", Callee: "db", Calls: 4, CallsPerSecond: 4 / 3.000000001, Traces: 4,
				Total: 50e6, Avg: 12.5e6, Max: 20e6}},
		},
		fmt.Sprintf("query=service:db&from=%d&to=%d", start, start+1_500_000_000): {
			Sample: api.Sample{Requests: 2, Of: 2, Traces: 2, From: start, To: start + 1_500_000_000},
			Edges: []api.Edge{{Caller: "team/api", Callee: "db", Calls: 2, CallsPerSecond: 2 / 1.5, Traces: 2,
				Total: 15e6, Avg: 7.5e6, Max: 10e6}},
		},
	} {
		if got := webtest.Decode[api.Dependencies](t, site, "/api/dependencies?"+parameters); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", parameters, got, want)
		}
	}
}

func TestSpanSummary(t *testing.T) {
	site := webtest.New(t, webtest.Served()...)
	answer := webtest.Decode[api.SpanSummary](t, site, "/api/span-summary?query=version:v1")
	want := []api.SpanKind{
		{Service: "db", Operation: "sql.query", Resource: "SELECT", Type: "sql", Spans: 3, Traces: 3, AvgSpans: 1,
			PercentTraces: 100, AvgDuration: 10e6, AvgExecPercent: 50, ExecTime: 30e6},
		{Service: "team/api", Operation: "think", Resource: "", Type: "", Spans: 3, Traces: 3, AvgSpans: 1,
			PercentTraces: 100, AvgDuration: 10e6, AvgExecPercent: 50, ExecTime: 30e6},
		{Service: "team/api", Operation: "http.request", Resource: "GET /", Type: "web", Spans: 3, Traces: 3, AvgSpans: 1,
			PercentTraces: 100, AvgDuration: 20e6, AvgExecPercent: 0, ExecTime: 0},
	}
	if answer.Requests != 3 || !reflect.DeepEqual(answer.Spans, want) {
		t.Errorf("got %+v, want %+v", answer, want)
	}
}

func TestFigures_NoSpans(t *testing.T) {
	site := webtest.New(t)
	for path, want := range map[string]string{
		"services":             `{"from":0,"to":0,"services":[],"others":0}`,
		"services/a/resources": `{"service":"a","from":0,"to":0,"resources":[],"others":0}`,
		"facets":               `{"facets":[],"others":0}`,
		"time-spent":           `{"requests":0,"of":0,"traces":0,"from":0,"to":0,"step":0,"services":[],"others":0}`,
		"dependencies":         `{"requests":0,"of":0,"traces":0,"from":0,"to":0,"edges":[],"others":0}`,
		"span-summary":         `{"requests":0,"of":0,"traces":0,"from":0,"to":0,"spans":[],"others":0}`,
	} {
		if got := site.Get("/api/" + path).Body.String(); got != want+"\n" {
			t.Errorf("%s: %s", path, got)
		}
	}
	series := webtest.Decode[api.Breakdown](t, site, "/api/figures?buckets=2&by=service").Total.Series
	if fmt.Sprint(series.Requests, series.P50) != "[0 0] [<nil> <nil>]" {
		t.Errorf("%+v", series)
	}
}

func TestParameters_Invalid(t *testing.T) {
	site := webtest.New(t, webtest.Served()...)
	long := strings.Repeat("a", 1001)
	for path, want := range map[string]string{
		"services?from=x":         `Invalid from=\"x\": use nanoseconds`,
		"services?from=5&to=5":    "to=5 must be after from=5",
		"services?env=" + long:    "The parameter env is too long: 1,001 bytes, the limit is 1,000",
		"services?query=service:": "Syntax error at the end of the query: expected",
		"services?scope=x":        `Unknown scope \"x\": use all, service-entry or root`,

		"services/a/resources?limit=0":           `Invalid limit=\"0\": use a whole number from 1 to 1000`,
		"services/a/resources?operation=" + long: "The parameter operation is too long",

		"figures?buckets=1001":        "buckets=",
		"figures?buckets=-1":          "from 0 to 1000",
		"figures?limit=1001":          "limit=",
		"figures?distribution=1":      "use true or false",
		"figures?by=a&by=b&by=c&by=d": "Too many by parameters: 4, the limit is 3",
		"figures?by=nonsense":         `\"@\" before nonsense`,
		"figures?by=":                 "expected an attribute",
		"figures?by=@" + long:         "The parameter by is too long",

		"figures?by=service&buckets=1000&limit=61": "All groups together can have 60,000",

		"facets?field=@a:b":  `no \":\" in an attribute`,
		"facets?limit=x":     "limit=",
		"facets?from=5&to=1": "must be after",
		"facets?" + strings.Repeat("field=service&", 21): "the limit is 20",

		"time-spent?to=x":        "to=",
		"time-spent?buckets=201": "from 0 to 200",
	} {
		rec := site.Get("/api/" + path)
		if kind := rec.Header().Get("Content-Type"); rec.Code != http.StatusBadRequest ||
			kind != "application/problem+json" || !strings.Contains(rec.Body.String(), want) {
			t.Errorf("%.60s: %d %s, want %s", path, rec.Code, rec.Body, want)
		}
	}
	if rec := site.Get("/api/figures?buckets=1000&limit=1000"); rec.Code != http.StatusOK {
		t.Errorf("without groups, they are bounded: %s", rec.Body)
	}
	site.Store.Err = errors.New("disk on fire")
	for _, path := range []string{
		"services", "services/a/resources", "figures", "facets", "time-spent", "dependencies", "span-summary", "traces/1",
	} {
		rec := site.Get("/api/" + path)
		if rec.Code != http.StatusInternalServerError || strings.Contains(rec.Body.String(), "fire") {
			t.Errorf("%s: %d %s", path, rec.Code, rec.Body)
		}
	}
}

// TestClear_OtherSites checks that a page of another site can't make a browser delete the
// traces.
func TestClear_OtherSites(t *testing.T) {
	for _, c := range []struct {
		host, origin, site string
		want               int
	}{
		{"localhost:8126", "", "", 204}, // a program
		{"localhost:8126", "http://localhost:8126", "same-origin", 204},
		{"localhost:8126", "http://LOCALHOST:8126", "", 204}, // a browser that is older
		{"localhost:8126", "", "none", 204},
		{"agent", "https://agent", "same-origin", 204}, // behind a proxy
		// Through a proxy that replaces the name in Host, or in Origin.
		{"localhost:8126", "https://agent", "same-origin", 204},
		{"localhost:8126", "https://agent", "", 204},
		{"agent", "http://localhost:8126", "same-origin", 204},
		{"agent", "http://localhost:8126", "", 403},
		{"localhost:8126", "https://agent", "cross-site", 403},
		{"localhost:8126", "https://agent", "same-site", 403},
		{"localhost:8126", "http://agent", "", 403}, // a page of another port
		{"localhost:8126", "https://agent:9000", "", 403},
		{"localhost:8126", "https://localhost", "", 403},
		{"localhost:8126", "https://other-agent", "same-origin", 403},
		{"localhost:8126", "https://agent.evil.example", "", 403},
		{"localhost:8126", "http://localhost:5000", "same-site", 403},
		{"localhost:8126", "http://localhost:5000", "", 403},
		{"localhost:8126", "http://127.0.0.1:8126", "", 403},
		{"localhost:8126", "https://evil.example", "cross-site", 403},
		{"localhost:8126", "", "cross-site", 403},
		{"localhost:8126", "null", "", 403}, // a sandboxed frame
		{"localhost:8126", "http://localhost:8126.evil.example", "", 403},
		{"localhost:8126", "ftp://localhost:8126", "", 403},
		{"localhost:8126", "http://evil.example", "same-origin", 403},
		{"evil.example", "http://evil.example", "same-origin", 403}, // its name made to point here
	} {
		site := webtest.New(t, webtest.Served()...)
		rec := site.Do(http.MethodDelete, "/api/traces", "Host", c.host, "Origin", c.origin, "Sec-Fetch-Site", c.site)
		left := site.Store.Retention().Traces
		if rec.Code != c.want || (left == 0) != (c.want == http.StatusNoContent) {
			t.Errorf("%+v: %d, %d traces are left", c, rec.Code, left)
		}
	}
}

func TestClear_OtherPaths(t *testing.T) {
	site := webtest.New(t, webtest.Served()...)
	for _, path := range []string{"/api/traces/1", "/api/services", "/traces"} {
		rec := site.Do(http.MethodDelete, path)
		if rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") != "GET, HEAD" ||
			site.Store.Retention().Traces != 4 {
			t.Errorf("%s: %d, %v", path, rec.Code, rec.Header())
		}
	}
}
