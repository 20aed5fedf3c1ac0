// Package webtest serves the pages and the API of a store in tests.
package webtest

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/api"
	"thinker/shared/apm/colour"
	"thinker/shared/apm/guest"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/store"
	"thinker/shared/apm/internal/web"
	"thinker/shared/apm/query"
)

// A Site is the pages and the API of a store, and what a test changes about them.
type Site struct {
	*web.Web
	Store  *Store
	Intake *Intake
}

// New returns the site of a store in memory with these traces.
func New(t testing.TB, traces ...apm.Trace) Site {
	t.Helper()
	return WithGuests(t, nil, traces...)
}

// WithGuests is New with pages of other programs.
func WithGuests(t testing.TB, guests []guest.Guest, traces ...apm.Trace) Site {
	t.Helper()
	kept, err := store.Open(store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = kept.Close() })
	for _, trace := range traces {
		if err := kept.Add(t.Context(), trace.Spans); err != nil {
			t.Fatal(err)
		}
	}
	s := Site{Store: &Store{Store: kept}, Intake: &Intake{Intake: api.Intake{
		Tracers: []api.Tracer{}, Losses: []api.Loss{}, Refusals: []api.Refusal{}, Requests: []api.Request{},
	}}}
	s.Web = web.New(web.Config{
		Traces: s.Store, Intake: s.Intake, Palette: &colour.Palette{}, AllowHosts: []string{"agent"},
		Try: "curl http://localhost:5000/", Guests: guests, Logger: slog.New(slog.DiscardHandler),
	})
	t.Cleanup(s.Close)
	return s
}

// A Store is a store that may fail, and may report another retention.
type Store struct {
	*store.Store
	Err  error            // of reading
	Kept *stats.Retention // nil for the store's own
}

// Retention returns Kept.
func (s *Store) Retention() stats.Retention {
	if s.Kept != nil {
		return *s.Kept
	}
	return s.Store.Retention()
}

// Search returns Err, if it is set.
func (s *Store) Search(ctx context.Context, r query.Request) ([]apm.Summary, uint64, error) {
	if s.Err != nil {
		return nil, 0, s.Err
	}
	return s.Store.Search(ctx, r)
}

// EachSpan returns Err, if it is set.
func (s *Store) EachSpan(ctx context.Context, id uint64, do func(uint64, *apm.Span) error) (bool, error) {
	if s.Err != nil {
		return false, s.Err
	}
	return s.Store.EachSpan(ctx, id, do)
}

// Breakdown returns Err, if it is set.
func (s *Store) Breakdown(ctx context.Context, b query.Breakdown) (stats.Breakdown, error) {
	if s.Err != nil {
		return stats.Breakdown{}, s.Err
	}
	return s.Store.Breakdown(ctx, b)
}

// Facets returns Err, if it is set.
func (s *Store) Facets(ctx context.Context, of query.Selection, by []query.Field, most int) ([]stats.Facet, error) {
	if s.Err != nil {
		return nil, s.Err
	}
	return s.Store.Facets(ctx, of, by, most)
}

// Anatomy returns Err, if it is set.
func (s *Store) Anatomy(ctx context.Context, of query.Selection, buckets int) (stats.Anatomy, error) {
	if s.Err != nil {
		return stats.Anatomy{}, s.Err
	}
	return s.Store.Anatomy(ctx, of, buckets)
}

// An Intake reports what a test sets.
type Intake struct {
	api.Intake
	calls atomic.Int64 // that a test adds
}

// AddCalls counts requests, as if they had just arrived.
func (in *Intake) AddCalls(n int) { in.calls.Add(int64(n)) }

// Report returns the report.
func (in *Intake) Report() api.Intake { return in.Intake }

// Refused returns the number of losses.
func (in *Intake) Refused() (n int) {
	for _, loss := range in.Losses {
		n += loss.Count
	}
	return n
}

// Calls returns the report's calls and the added ones.
func (in *Intake) Calls() int { return in.Intake.Calls + int(in.calls.Load()) }

// Report returns the report of an intake with two tracers and a refused request.
func Report() api.Intake {
	end := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(ago time.Duration) api.Time { return api.Time{Time: end.Add(-ago)} }
	return api.Intake{
		Since: at(2 * time.Hour), Payloads: 20, Spans: 120, Bytes: 54_321, Calls: 24,
		Tracers: []api.Tracer{
			{Service: "thinker-api", Language: "go", TracerVersion: "v2.9.1", Format: "v1.0", Env: "workshop", Version: "2",
				Payloads: 15, Spans: 100, Errors: 4, Bytes: 50_000, LastContact: at(0),
				ClockOffset: 3 * time.Second, ClockOffsetMost: 4 * time.Second},
			{Service: "billing", Language: "python", TracerVersion: "2.1", Format: "v0.4",
				Payloads: 5, Spans: 20, Bytes: 4321, LastContact: at(time.Hour)},
		},
		TracersForgotten: 1,
		Losses:           []api.Loss{{Reason: "payload is not MessagePack", Count: 3, Advice: "Send traces as MessagePack."}},
		Refusals: []api.Refusal{{
			Time: at(0), Method: "POST", Path: "/v0.4/traces", Status: 400, Reason: "payload is not MessagePack",
			Detail: "unexpected byte at offset 0", ContentType: "text/plain", ContentLength: new(int64(5)),
			Headers: map[string]string{"User-Agent": "curl/8"}, FirstBytes: hex.EncodeToString([]byte("hello")),
		}},
		Requests: []api.Request{
			{Time: at(0), Method: "POST", Path: "/v1.0/traces", Status: 200, Bytes: 2000, Spans: 7,
				Service: "thinker-api", Language: "go", TracerVersion: "v2.9.1"},
			{Time: at(0), Method: "POST", Path: "/v0.4/traces", Status: 400, Bytes: 5},
		},
	}
}

// Get returns the response to a GET.
func (s Site) Get(address string) *httptest.ResponseRecorder { return s.Do(http.MethodGet, address) }

// Do returns the response to a request without a body. Headers are name, value, name,
// value; a header Host sets the host, and one without a value is left out.
func (s Site) Do(method, address string, headers ...string) *httptest.ResponseRecorder {
	return s.Send(method, address, "", headers...)
}

// Send is Do with a body.
func (s Site) Send(method, address, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, address, strings.NewReader(body))
	r.Host = "localhost:8126"
	for pair := range slices.Chunk(headers, 2) {
		switch name, value := pair[0], pair[1]; {
		case name == "Host":
			r.Host = value
		case value != "":
			r.Header.Set(name, value)
		}
	}
	response := httptest.NewRecorder()
	s.ServeHTTP(response, r)
	return response
}

// Open opens an event stream, which ends when the site is closed.
func (s Site) Open(t *testing.T, address string) *bufio.Scanner {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	t.Cleanup(s.Close)
	response, err := http.Get(server.URL + address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	events := bufio.NewScanner(response.Body)
	kind := response.Header.Get("Content-Type")
	if !events.Scan() || events.Text() != ": open" || kind != "text/event-stream" {
		t.Fatalf("%s: status %d, %s: %s", address, response.StatusCode, kind, events.Text())
	}
	return events
}

// NextEvent returns the lines of the next event, each with a line break.
func NextEvent(events *bufio.Scanner) (event string) {
	for events.Scan() {
		switch line := events.Text(); {
		case line != "":
			event += line + "\n"
		case event != "":
			return event
		}
	}
	return event
}

// Text returns the text of a page's main part, without markup.
func Text(body string) string {
	main := regexp.MustCompile(`(?s)<main.*</main>`).FindString(body)
	text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(main, " ")
	return strings.Join(strings.Fields(html.UnescapeString(text)), " ")
}

// Served returns four requests to a service of two versions, a second apart, each
// with a query that takes half of its time. The last one failed.
func Served() (traces []apm.Trace) {
	const start = 1_700_000_000_000_000_000
	entry := map[string]float64{"_dd.top_level": 1, "http.status_code": 200}
	for i, version := range []string{"v1", "v1", "v1", "v2"} {
		id, at := uint64(i+1), start+int64(i)*int64(time.Second)
		duration := time.Duration(i+1) * 10 * time.Millisecond
		tags := map[string]string{"env": "test", "version": version}
		traces = append(traces, apm.NewTrace(id, []apm.Span{
			{TraceID: id, SpanID: 1, Service: "team/api", Name: "http.request", Resource: "GET /", Type: "web",
				Start: at, Duration: duration, Error: i == 3, Meta: tags, Metrics: entry},
			{TraceID: id, SpanID: 2, ParentID: 1, Service: "team/api", Name: "think",
				Start: at, Duration: duration / 2, Meta: tags},
			{TraceID: id, SpanID: 3, ParentID: 1, Service: "db", Name: "sql.query", Resource: "SELECT", Type: "sql",
				Start: at + int64(duration)/2, Duration: duration / 2, Metrics: entry},
		}))
	}
	return traces
}

// Contains fails the test for each of the wanted texts that a page or a response lacks.
func Contains(t *testing.T, what, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%s lacks %q: %s", what, want, text)
		}
	}
}

// Decode returns an endpoint's response, which must be a success.
func Decode[T any](t *testing.T, s Site, address string) (decoded T) {
	t.Helper()
	response := s.Get(address)
	err := json.Unmarshal(response.Body.Bytes(), &decoded)
	kind := response.Header().Get("Content-Type")
	if err != nil || response.Code != http.StatusOK || kind != "application/json" {
		t.Fatalf("%s: %d %s, %v: %s", address, response.Code, kind, err, response.Body)
	}
	return decoded
}
