// Package webtest serves the pages and the API of a store in tests.
package webtest

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"thinker/shared/apm"
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
	s := Site{Store: &Store{Store: kept}, Intake: &Intake{}}
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
type Intake struct{ stats.IntakeReport }

// Report returns the report.
func (in *Intake) Report() stats.IntakeReport { return in.IntakeReport }

// Refused returns the number of losses.
func (in *Intake) Refused() (n int) {
	for _, loss := range in.Losses {
		n += loss.Count
	}
	return n
}

// Calls returns the report's calls.
func (in *Intake) Calls() int { return in.IntakeReport.Calls }

// Get returns the response to a GET.
func (s Site) Get(address string) *httptest.ResponseRecorder { return s.Do(http.MethodGet, address) }

// Do returns the response to a request without a body. Headers are name, value, name,
// value; Host sets the host.
func (s Site) Do(method, address string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, address, nil)
	r.Host = "localhost:8126"
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		} else if headers[i+1] != "" {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	response := httptest.NewRecorder()
	s.ServeHTTP(response, r)
	return response
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
