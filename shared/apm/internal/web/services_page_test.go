package web

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
	"thinker/shared/apm/query"
)

// page is what a page says, without its markup.
func pageText(w *Web, path string) (status int, text string) {
	rec := get(w, path)
	body := regexp.MustCompile(`(?s)<main.*</main>`).FindString(rec.Body.String())
	text = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(body, " ")
	return rec.Code, strings.Join(strings.Fields(html.UnescapeString(text)), " ")
}

// text is what a page that is there says.
func text(t *testing.T, w *Web, path string) string {
	t.Helper()
	status, said := pageText(w, path)
	if status != http.StatusOK {
		t.Fatalf("%s: %d", path, status)
	}
	return said
}

func holds(t *testing.T, what, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%s lacks %q: %s", what, want, text)
		}
	}
}

func TestTheServicesPage(t *testing.T) {
	w, _ := newTest(served()...)
	teamAPI := ask[api.Services](t, w, "/api/services").Services[1]
	said := text(t, w, "/services")
	holds(t, "the page", said, "2 services", "DB db – 4 12.5 ms", "Web team/api v2",
		fmt.Sprintf("4 25 ms %s %s %s %s 40 ms 25 %% 0.75", took(teamAPI.P75), took(teamAPI.P90), took(teamAPI.P95), took(teamAPI.P99)))
	if byName := text(t, w, "/services?sort=service"); strings.Index(byName, "team/api") < strings.Index(byName, " db ") {
		t.Errorf("not by name: %s", byName)
	}
	holds(t, "a filtered page", text(t, w, "/services?filter=TEAM"), "1 of 2 services", "team/api")
	holds(t, "a page without a match", text(t, w, "/services?filter=nobody"), "No service name contains this", "Show all 2 services")
	empty, _ := newTest()
	holds(t, "the first page", text(t, empty, "/services"), "No traces yet", "curl http://localhost:5000/")
}

// took is a duration as pages write it.
func took(nanoseconds time.Duration) string { return chart.Duration(float64(nanoseconds)) }

func TestTheServicePage(t *testing.T) {
	w, _ := newTest(served()...)
	said := text(t, w, "/service?service=team/api")
	total := ask[api.Breakdown](t, w, "/api/figures?query=service:team/api").Total
	holds(t, "the page", said, "team/api", "4 requests", "1 error (25 % )", "avg 25 ms · max 40 ms", "p50 "+took(total.P50)+" · max 40 ms", "Apdex 0.75",
		"Requests and errors", "Error rate", "Percentiles", "% of time spent", "Resources", "GET / 4", "Deployments", "v2", "Compare with v1")
	for choice, want := range map[string]string{
		"requests=By+version": "v1 v2", "requests=Requests+per+second": "Requests/s", "errors=Error+rate": "Error rate", "latency=Max": "max",
		"latency=Distribution": "4 requests · p50 " + took(total.P50), "latency=By+version": "p95 by version", "spent=Avg+time+per+request": "Avg time per request",
	} {
		holds(t, choice, text(t, w, "/service?service=team/api&"+choice), want)
	}
	if leaf := text(t, w, "/service?service=db"); strings.Contains(leaf, "time spent") {
		t.Error("a leaf's time is spent in itself alone")
	}
	holds(t, "an unknown service", text(t, w, "/service?service=nobody"), "No requests in this time range")
	if said := text(t, w, "/service?service=team/api&operation=think"); !strings.Contains(said, "No requests in this time range") {
		t.Errorf("an operation that does not enter the service: %s", said)
	}
}

func TestTheResourcePage(t *testing.T) {
	w, _ := newTest(served()...)
	path := "/resource?" + url.Values{"service": {"team/api"}, "operation": {"http.request"}, "resource": {"GET /"}}.Encode()
	said := text(t, w, path)
	summary := ask[api.SpanSummary](t, w, "/api/span-summary?query=service:team/api")
	holds(t, "the page", said, "GET /", "4 requests", "Spans per request, from 4 requests", "Avg % exec time", "sql.query SELECT 1 100 %", "Latest traces", "v2")
	for _, s := range summary.Spans {
		holds(t, "the span summary", said, format.Significant(s.AvgExecPercent)+" %", took(s.AvgDuration))
	}
	holds(t, "another resource", text(t, w, "/resource?service=team/api&resource=POST+/"), "No requests in this time range")
}

// TestGraphsSayWhatTheAPISays compares a graph's table with the API's series.
func TestGraphsSayWhatTheAPISays(t *testing.T) {
	w, _ := newTest(served()...)
	const from, to = 1_700_000_000_000_000_000, 1_700_000_004_000_000_000
	body := get(w, fmt.Sprintf("/service?service=team/api&from=%d&to=%d", from, to)).Body.String()
	steps := regexp.MustCompile(`data-from="(\d+)" data-step="(\d+)" data-steps="(\d+)"`).FindStringSubmatch(body)
	if steps == nil {
		t.Fatal("there is no graph")
	}
	series := ask[api.Breakdown](t, w, fmt.Sprintf("/api/figures?query=service:team/api&from=%s&to=%d&buckets=%s", steps[1], to, steps[3])).Total.Series
	rows := regexp.MustCompile(`<th scope="row">.*?</th>(.*?)</tr>`).FindAllStringSubmatch(body, -1)
	n := len(series.Requests)
	if n < 20 || len(rows) != 4*n {
		t.Fatalf("%d rows for four graphs of %d steps", len(rows), n)
	}
	cell := func(values ...string) string {
		return `<td class="num">` + strings.Join(values, `</td><td class="num">`) + `</td>`
	}
	for i := range n {
		wants := []string{
			cell(fmt.Sprint(series.Errors[i]), fmt.Sprint(series.Requests[i]-series.Errors[i])),
			cell(fmt.Sprint(series.Errors[i])),
			cell("–", "–", "–", "–", "–"),
		}
		if series.Requests[i] > 0 {
			wants[2] = cell(took(*series.P50[i]), took(*series.P75[i]), took(*series.P90[i]), took(*series.P95[i]), took(*series.P99[i]))
		}
		for graph, want := range wants {
			if got := rows[graph*n+i][1]; got != want {
				t.Errorf("graph %d, step %d: %s, want %s", graph, i, got, want)
			}
		}
	}
}

// TestADistributionLeadsToItsTraces follows the link of each bar.
func TestADistributionLeadsToItsTraces(t *testing.T) {
	w, _ := newTest(served()...)
	body := get(w, "/service?service=team/api&latency=Distribution").Body.String()
	links := regexp.MustCompile(`<a href="(/traces[^"]*duration[^"]*)"><title>[^<]*: (\d+) requests?`).FindAllStringSubmatch(body, -1)
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
		for _, trace := range served() {
			if (query.Selection{Query: q, Scope: query.ServiceEntrySpans}).Selects(trace.Spans) {
				found = append(found, trace)
			}
		}
		if fmt.Sprint(len(found)) != link[2] { // no other is as near as 1 %
			t.Errorf("%s finds %d traces, want %s", q, len(found), link[2])
		}
	}
}
