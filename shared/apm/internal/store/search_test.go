package store_test

import (
	"context"
	"errors"
	"testing"

	"thinker/shared/apm/internal/store"
	"thinker/shared/apm/query"
)

func request(t testing.TB, q string, limit int) query.Request {
	t.Helper()
	parsed, err := query.Parse(q)
	if err != nil {
		t.Fatal(err)
	}
	return query.Request{Selection: query.Selection{Query: parsed}, Limit: limit}
}

func TestStore_Search_AnySpan(t *testing.T) {
	m := open(t, store.Config{MaxSpans: 1000})
	for id := range uint64(100) {
		fill(t, m, id+1, 1+int(id)%3) // of three traces, one has a span 3
	}
	r := request(t, `resource_name:"span 3"`, 10)
	var seen []uint64
	for pages := 1; ; pages++ {
		summaries, next, err := m.Search(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range summaries {
			seen = append(seen, s.TraceID)
		}
		if next == 0 {
			if pages != 4 {
				t.Errorf("%d pages", pages)
			}
			break
		}
		r.Before = next
		fill(t, m, 1000+uint64(pages), 3) // newer ones do not shift the pages
	}
	if len(seen) != 33 || seen[0] != 99 || seen[32] != 3 {
		t.Errorf("found %d: %v", len(seen), seen)
	}
}

func TestStore_Search_FullLastPage(t *testing.T) {
	m := open(t, store.Config{MaxSpans: 1000})
	fill(t, m, 1, 1)
	fill(t, m, 2, 3)
	if summaries, next, err := m.Search(t.Context(), request(t, `resource_name:"span 3"`, 1)); err != nil ||
		len(summaries) != 1 || next != 0 {
		t.Errorf("%v, next %d, %v", summaries, next, err)
	}
}

// TestStore_Search_ManySpans stores the only match after more spans than a search scans
// while it holds the store's lock.
func TestStore_Search_ManySpans(t *testing.T) {
	m := open(t, store.Config{MaxSpans: 100_000})
	for id := range uint64(30) {
		fill(t, m, id+1, 1000)
	}
	r := request(t, "trace_id:1", 5)
	if summaries, next, err := m.Search(t.Context(), r); err != nil || len(summaries) != 1 || next != 0 {
		t.Errorf("%v, next %d, %v", summaries, next, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := m.Search(ctx, r); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancelling: %v", err)
	}
}
