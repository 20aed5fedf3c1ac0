package services_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/api"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/webtest"
	"thinker/shared/apm/query"
)

// text returns the text of a page.
func text(t *testing.T, s webtest.Site, path string) string {
	t.Helper()
	rec := s.Get(path)
	if rec.Code != http.StatusOK {
		t.Fatalf("%s: %d", path, rec.Code)
	}
	return webtest.Text(rec.Body.String())
}

// took formats a duration as pages do.
func took(d time.Duration) string { return chart.Duration(float64(d)) }

func TestServices_Figures(t *testing.T) {
	s := webtest.New(t, webtest.Served()...)
	f := webtest.Decode[api.Services](t, s, "/api/services").Services[1]
	webtest.Contains(t, "the list", text(t, s, "/services"), "2 services", "DB db – 4 12.5 ms", "Web team/api v2",
		fmt.Sprintf("4 25 ms %s %s %s %s 40 ms 25 %% 0.75", took(f.P75), took(f.P90), took(f.P95), took(f.P99)))
	byName := text(t, s, "/services?sort=service")
	if strings.Index(byName, "team/api") < strings.Index(byName, " db ") {
		t.Errorf("not sorted by name: %s", byName)
	}
	webtest.Contains(t, "a filtered list", text(t, s, "/services?filter=TEAM"), "1 of 2 services", "team/api")
}

func TestService_Figures(t *testing.T) {
	s := webtest.New(t, webtest.Served()...)
	p50 := took(webtest.Decode[api.Breakdown](t, s, "/api/figures?query=service:team/api").Total.P50)
	webtest.Contains(t, "the page", text(t, s, "/service?service=team/api"),
		"avg 25 ms · max 40 ms", "p50 "+p50+" · max 40 ms", "Apdex 0.75", "GET / 4", "Compare with v1")
	for choice, want := range map[string]string{
		"requests=By+version": "v1 v2", "requests=Requests+per+second": "Requests/s", "errors=Error+rate": "Error rate",
		"latency=Max": "max", "latency=Distribution": "4 requests · p50 " + p50, "latency=By+version": "p95 by version",
		"spent=Avg+time+per+request": "Avg time per request",
	} {
		webtest.Contains(t, choice, text(t, s, "/service?service=team/api&"+choice), want)
	}
	if leaf := text(t, s, "/service?service=db"); strings.Contains(leaf, "time spent") {
		t.Error("a leaf service spends time only in itself, but has a graph of it")
	}
	webtest.Contains(t, "an operation that isn't a service entry", text(t, s, "/service?service=team/api&operation=think"),
		"No requests in this time range")
}

func TestResource_SpanSummary(t *testing.T) {
	s := webtest.New(t, webtest.Served()...)
	body := text(t, s, "/resource?service=team/api&operation=http.request&resource=GET+/")
	webtest.Contains(t, "the page", body, "Spans per request, from 4 requests", "sql.query SELECT 1 100 %")
	for _, k := range webtest.Decode[api.SpanSummary](t, s, "/api/span-summary?query=service:team/api").Spans {
		webtest.Contains(t, "the Span summary", body, format.Significant(k.AvgExecPercent)+" %", took(k.AvgDuration))
	}
	webtest.Contains(t, "another resource", text(t, s, "/resource?service=team/api&resource=POST+/"),
		"No requests in this time range")
}

// TestService_GraphsMatchAPI compares a graph's table with the API's series.
func TestService_GraphsMatchAPI(t *testing.T) {
	s := webtest.New(t, webtest.Served()...)
	const from, to = 1_700_000_000_000_000_000, 1_700_000_004_000_000_000
	body := s.Get(fmt.Sprintf("/service?service=team/api&from=%d&to=%d", from, to)).Body.String()
	steps := regexp.MustCompile(`data-from="(\d+)" data-step="\d+" data-steps="(\d+)"`).FindStringSubmatch(body)
	if steps == nil {
		t.Fatal("the page has no graph")
	}
	series := webtest.Decode[api.Breakdown](t, s, fmt.Sprintf(
		"/api/figures?query=service:team/api&from=%s&to=%d&buckets=%s", steps[1], to, steps[2])).Total.Series
	rows := regexp.MustCompile(`<th scope="row">.*?</th>(.*?)</tr>`).FindAllStringSubmatch(body, -1)
	n := len(series.Requests)
	if n < 20 || len(rows) != 4*n {
		t.Fatalf("%d rows for four graphs of %d steps", len(rows), n)
	}
	cells := func(values ...string) string {
		return `<td class="num">` + strings.Join(values, `</td><td class="num">`) + `</td>`
	}
	for i := range n {
		errors := fmt.Sprint(series.Errors[i])
		wants := []string{cells(errors, fmt.Sprint(series.Requests[i]-series.Errors[i])), cells(errors),
			cells("–", "–", "–", "–", "–")}
		if series.Requests[i] > 0 {
			wants[2] = cells(took(*series.P50[i]), took(*series.P75[i]), took(*series.P90[i]), took(*series.P95[i]),
				took(*series.P99[i]))
		}
		for graph, want := range wants {
			if got := rows[graph*n+i][1]; got != want {
				t.Errorf("graph %d, step %d: %s, want %s", graph, i, got, want)
			}
		}
	}
}

// TestService_DistributionLinks follows the link of each bar.
func TestService_DistributionLinks(t *testing.T) {
	body := webtest.New(t, webtest.Served()...).Get("/service?service=team/api&latency=Distribution").Body.String()
	links := regexp.MustCompile(`<a href="(/traces[^"]*duration[^"]*)"><title>[^<]*: (\d+) requests?`).
		FindAllStringSubmatch(body, -1)
	if len(links) != 4 {
		t.Fatalf("%d bars for four latencies", len(links))
	}
	for _, link := range links {
		address, err := url.Parse(html.UnescapeString(link[1]))
		if err != nil {
			t.Fatal(err)
		}
		q, err := query.Parse(address.Query().Get("query"))
		if err != nil {
			t.Fatal(err)
		}
		var found []apm.Trace
		for _, trace := range webtest.Served() {
			if (query.Selection{Query: q, Scope: query.ServiceEntrySpans}).Selects(trace.Spans) {
				found = append(found, trace)
			}
		}
		if fmt.Sprint(len(found)) != link[2] { // the latencies differ by more than 1 %
			t.Errorf("%s finds %d traces, want %s", q, len(found), link[2])
		}
	}
}
