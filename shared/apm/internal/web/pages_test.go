package web_test

import (
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/api"
	"thinker/shared/apm/colour"
	"thinker/shared/apm/internal/store"
	"thinker/shared/apm/internal/web"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/internal/webtest"
	"thinker/shared/apm/tracegen"
)

var update = flag.Bool("update-pages", false, "rewrite testdata/pages")

// end is when the last request of every page test ended. It lies in the past, so that
// no page depends on the time of the test.
var end = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// trees are the traces of a busy system, and a small one with an error, SQL, a link, an
// event and a missing parent.
func trees() []apm.Span {
	return append(tracegen.Traces(7, 160, end), thinker()...)
}

const thinkID, thinkHigh = 5577006791947779410, 0x6b00cd7c00000000

// thinker returns the spans of a request that failed.
func thinker() []apm.Span {
	begin := end.Add(-time.Minute).UnixNano()
	at := func(id, parent uint64, service, name, resource, kind string, start, duration int) apm.Span {
		return apm.Span{
			TraceID: thinkID, TraceIDHigh: thinkHigh, SpanID: id, ParentID: parent,
			Service: service, Name: name, Resource: resource, Type: kind,
			Start: begin + int64(start)*1000, Duration: time.Duration(duration) * time.Microsecond,
			Meta:    map[string]string{"env": "workshop", "_dd.p.dm": "-1"},
			Metrics: map[string]float64{"process_id": 42},
		}
	}
	root := at(thinkID, 0, "thinker-api", "http.request", "GET /think/", "web", 0, 504_200)
	root.Meta["http.status_code"] = "200"
	think := at(3, 2, "thinker-microservice", "think", "think", "", 1300, 501_000)
	think.Error = true
	think.Meta["error.message"] = "no thought about art"
	think.Meta["error.type"] = "main.unknownSubject"
	think.Meta["error.stack"] = "main.think\n\tthoughts.go:41"
	orphan := at(5, 999, "redis", "redis.command", "get", "redis", 2000, 400)
	orphan.Links = []apm.Link{{TraceID: 11, TraceIDHigh: 12, SpanID: 13, Attributes: map[string]string{"k": "v"}}}
	orphan.Events = []apm.Event{{Time: orphan.Start + 1000, Name: "cache.miss",
		Attributes: map[string]any{"n": 1.5, "key": "war"}}}
	return []apm.Span{
		root, at(2, thinkID, "thinker-microservice", "http.request", "GET /", "web", 1000, 502_000), think,
		at(4, 3, "sqlite.db", "sqlite.query", "SELECT quote FROM thought WHERE subject = ?", "sql", 500_000, 610), orphan,
	}
}

// intakeReport is a fixed report of an intake.
type intakeReport struct{ api.Intake }

func (r intakeReport) Report() api.Intake { return r.Intake }
func (r intakeReport) Refused() int       { return 3 }
func (r intakeReport) Calls() int         { return r.Intake.Calls }

func report() intakeReport { return intakeReport{webtest.Report()} }

// newStore returns a store with these spans.
func newStore(t *testing.T, spans []apm.Span) *store.Store {
	t.Helper()
	traces, err := store.Open(store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = traces.Close() })
	if len(spans) > 0 {
		if err := traces.Add(t.Context(), spans); err != nil {
			t.Fatal(err)
		}
	}
	return traces
}

// newPages returns the pages of a store with these spans.
func newPages(t *testing.T, spans []apm.Span) http.Handler {
	t.Helper()
	return pagesOf(t, newStore(t, spans), report())
}

func pagesOf(t *testing.T, traces page.Traces, intake page.Intake) http.Handler {
	t.Helper()
	pages := web.New(web.Config{Traces: traces, Intake: intake, Palette: &colour.Palette{},
		AllowHosts: []string{"agent"}, Try: "curl http://localhost:5000/", Logger: slog.New(slog.DiscardHandler)})
	t.Cleanup(pages.Close)
	return pages
}

// request returns the response to a GET.
func request(pages http.Handler, address string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, address, nil)
	r.Host = "localhost:8126"
	response := httptest.NewRecorder()
	pages.ServeHTTP(response, r)
	return response
}

// find returns the first span that has a property.
func find(t *testing.T, spans []apm.Span, has func(apm.Span) bool) apm.Span {
	t.Helper()
	for _, s := range spans {
		if has(s) {
			return s
		}
	}
	t.Fatal("no span has this property")
	return apm.Span{}
}

// A golden is an address whose HTML is compared.
type golden struct{ name, address string }

func addresses(t *testing.T, spans []apm.Span) []golden {
	checkout := find(t, spans, func(s apm.Span) bool { return s.Resource == "POST /checkout" && !s.Error })
	failed := find(t, spans, func(s apm.Span) bool { return s.Error && s.ErrorStack() != "" && s.ParentID != 0 })
	statement := find(t, spans, func(s apm.Span) bool { return s.Type == "sql" && len(s.Resource) > 2000 })
	linked := find(t, spans, func(s apm.Span) bool { return len(s.Links) > 0 })
	hours := find(t, spans, func(s apm.Span) bool { return s.Duration > time.Hour })
	trace := func(s apm.Span, parameters string) string { return fmt.Sprintf("/trace/%d%s", s.TraceID, parameters) }
	chosen := func(s apm.Span) string { return trace(s, fmt.Sprintf("?span=%d", s.SpanID)) }
	compared := fmt.Sprintf("/compare/traces?a=%d&b=%d", checkout.TraceID, failed.TraceID)
	const hour = "from=2026-03-01T11:00:00Z&to=2026-03-01T12:00:00Z"
	think := fmt.Sprintf("/trace/%d", uint64(thinkID))
	return []golden{
		{"services", "/services"},
		{"services-sorted", "/services?env=staging&sort=-p95&" + hour},
		{"services-none", "/services?filter=nobody"},
		{"services-filter", "/services?filter=pay&range=all"},
		{"service", "/service?service=storefront&range=all"},
		{"service-versions", "/service?service=pricing&" + hour},
		{"service-database", "/service?service=catalogue-db&env=production"},
		{"service-missing", "/service?service=nobody"},
		{"resource", "/resource?service=pricing&resource=POST+%2Fprices&operation=http.request&" + hour},
		{"resource-errors", "/resource?service=payments&resource=POST+%2Fcharge&range=all"},
		{"traces", "/traces"},
		{"traces-hour", "/traces?" + hour},
		{"traces-errors", "/traces?query=status%3Aerror&sort=-duration"},
		{"traces-refined", "/traces?query=service%3Apayments+env%3Aproduction&scope=service-entry&group=%40http.status_code"},
		{"traces-columns", "/traces?query=service%3Athinker-api&column=%40http.status_code&column=env"},
		{"traces-none", "/traces?query=service%3Anobody"},
		{"traces-part", "/traces?query=service%3Apayments+resource_name%3Anothing"},
		{"traces-wrong", "/traces?query=" + url.QueryEscape("service:(a")},
		{"traces-offer", "/traces?query=" + url.QueryEscape("http.status_code:200")},
		{"traces-cursor", "/traces?before=x"},
		{"trace", trace(checkout, "")},
		{"trace-chosen", chosen(checkout)},
		{"trace-error", chosen(failed)},
		{"trace-sql", chosen(statement)},
		{"trace-linked", chosen(linked)},
		{"trace-hours", trace(hours, "")},
		{"trace-list", trace(checkout, "?view=list")},
		{"trace-map", trace(checkout, "?view=map")},
		{"trace-waterfall", trace(checkout, "?view=waterfall")},
		{"trace-find", trace(checkout, "?view=waterfall&find=service%3Apayments")},
		{"trace-find-wrong", trace(checkout, "?find=%28")},
		{"think-flame", think}, {"think-waterfall", think + "?view=waterfall&closed=2"},
		{"think-list", think + "?view=list"}, {"think-failed", think + "?span=3"}, {"think-sql", think + "?span=4"},
		{"think-orphan", think + "?span=5&view=waterfall"},
		{"trace-missing", "/trace/1"}, {"trace-invalid", "/trace/x"},
		{"compare-versions", "/compare?service=payments"},
		{"compare-versions-chosen", "/compare?service=pricing&a=1.18.2&b=1.19.0&" + hour},
		{"compare-versions-none", "/compare?service=storefront"},
		{"compare-traces", compared}, {"compare-traces-all", compared + "&fold=no"},
		{"compare-traces-choose", fmt.Sprintf("/compare/traces?a=%d", checkout.TraceID)},
		{"compare-traces-missing", "/compare/traces?a=1&b=2"},
		{"map", "/map"}, {"map-service", "/map?service=payments&" + hour},
		{"intake", "/intake"}, {"api", "/api"}, {"nowhere", "/nowhere"},
	}
}

func TestPages_Golden(t *testing.T) {
	spans := trees()
	pages := newPages(t, spans)
	for _, p := range addresses(t, spans) {
		t.Run(p.name, func(t *testing.T) { compareGolden(t, p.name, request(pages, p.address)) })
	}
}

func TestPages_EmptyStoreGolden(t *testing.T) {
	pages := newPages(t, nil)
	for _, name := range []string{"traces", "services", "map", "intake"} {
		t.Run(name, func(t *testing.T) { compareGolden(t, "empty-"+name, request(pages, "/"+name)) })
	}
}

func compareGolden(t *testing.T, name string, response *httptest.ResponseRecorder) {
	t.Helper()
	kind, text := response.Header().Get("Content-Type"), normalise(response.Body.String())
	got := fmt.Sprintf("%d %s\n%s", response.Code, kind, text)
	path := filepath.Join("testdata", "pages", name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		if i >= len(gotLines) || i >= len(wantLines) || gotLines[i] != wantLines[i] {
			from := max(0, i-3)
			t.Fatalf("%s differs in line %d (-update-pages rewrites it)\n--- got\n%s\n--- want\n%s", path, i+1,
				strings.Join(gotLines[from:min(len(gotLines), i+6)], "\n"),
				strings.Join(wantLines[from:min(len(wantLines), i+6)], "\n"))
		}
	}
}

var (
	tag   = regexp.MustCompile(`\s*(<[^>]*>)\s*`)
	space = regexp.MustCompile(`\s+`)
	ids   = regexp.MustCompile(`\b(0x)?[0-9a-f]{30,32}\b|\b[0-9]{14,20}\b`)
	bytes = regexp.MustCompile(`[0-9]+ MiB`) // of the store, which may pack spans better one day
)

// normalise writes a page with one tag or text a line, without IDs.
func normalise(html string) string {
	var lines []string
	for line := range strings.Lines(tag.ReplaceAllString(html, "\n$1\n")) {
		if line = strings.TrimSpace(space.ReplaceAllString(line, " ")); line != "" {
			lines = append(lines, line)
		}
	}
	text := strings.Join(lines, "\n")
	for _, day := range []time.Time{time.Now().Add(-time.Hour), time.Now()} { // the traces are older
		now := regexp.MustCompile(day.UTC().Format(time.DateOnly) + `T[0-9:.]+Z?`)
		text = now.ReplaceAllString(text, "NOW")
	}
	return bytes.ReplaceAllString(ids.ReplaceAllString(text, "ID"), "N MiB") + "\n"
}
