package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm/internal/process"
)

// TestSearch_NearMissesTakeLinearTime runs searches that nearly match at each
// place of a large value. A search that tries every place from its beginning
// takes seconds for each of them, and minutes for all.
func TestSearch_NearMissesTakeLinearTime(t *testing.T) {
	a := process.Start(t)
	var spans []string
	for id := 1; id <= 40; id++ {
		spans = append(spans, fmt.Sprintf(`{"trace_id":1,"span_id":%d,"service":"shop","name":"checkout","start":1700000000000000000,"duration":1,"meta":{"text":"%[1]d %s"}}`, id, strings.Repeat("a", 24_900)))
	}
	if response := a.Post("/v0.4/traces", "application/json", strings.NewReader("[["+strings.Join(spans, ",")+"]]")); response.Status != http.StatusOK {
		t.Fatalf("status %d: %s", response.Status, response.Body)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for length := 1990; length < 2000; length++ {
		run := strings.Repeat("a", length)
		for _, query := range []string{
			"@text:*" + run + "b*",             // of a tag
			"@text:*" + run + "?b*",            // with a wildcard for one character
			"@text:*a*" + run + "b",            // after a part that matches
			"*" + run + "b*",                   // in any text
			"*" + strings.ToUpper(run) + "?b*", // in upper case
			"*" + run[1:] + "?b* " + run + "b", // two terms
		} {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL+"/api/traces?query="+url.QueryEscape(query), nil)
			if err != nil {
				t.Fatal(err)
			}
			if response := a.Do(request); response.Status != http.StatusOK || !strings.Contains(string(response.Body), `"traces":[]`) {
				t.Fatalf("%.20s…: status %d: %s", query, response.Status, response.Body)
			}
		}
	}
}

// TestSearch_PastedID asks a real agent for a trace and a span by their IDs in the
// forms that log lines have, also after a restart.
func TestSearch_PastedID(t *testing.T) {
	a := process.Start(t)
	const span = `[[{"trace_id":42436634851921264,"span_id":850598692808648585,"service":"ids","name":"o","resource":"r","start":1700000000000000000,"duration":1000,"meta":{"_dd.p.tid":"0709000000000000"}}]]`
	if response := a.Post("/v0.4/traces", "application/json", strings.NewReader(span)); response.Status != http.StatusOK {
		t.Fatalf("status %d: %s", response.Status, response.Body)
	}
	check := func(path, want string) {
		t.Helper()
		if response := a.Get(path); response.Status != http.StatusOK || !strings.Contains(string(response.Body), want) {
			t.Errorf("%s: status %d, lacks %s: %.500s", path, response.Status, want, response.Body)
		}
	}
	for range 2 {
		for _, id := range []string{"42436634851921264", "07090000000000000096c3e501cfcd70", "7090000000000000096c3e501cfcd70", "96c3e501cfcd70", " 42436634851921264 "} {
			check("/api/traces?query="+url.QueryEscape(id), `"trace_id":"42436634851921264"`)
			check("/api/traces?query="+url.QueryEscape(`trace_id:"`+id+`"`), `"trace_id":"42436634851921264"`)
			check("/traces?range=15m&query="+url.QueryEscape(id), "Open trace 42436634851921264</a>")
			check("/trace/"+url.PathEscape(id), "07090000000000000096c3e501cfcd70")
		}
		for _, id := range []string{"850598692808648585", "bcdef0123456789", "0bcdef0123456789"} {
			check("/api/traces?query="+id, `"trace_id":"42436634851921264"`)
			check("/traces?range=15m&query="+id, "Open the span’s trace 42436634851921264</a>")
			check("/api/traces/42436634851921264/outline?find="+id, `"found":[0]`)
		}
		a.Kill()
		a.Run()
	}
}
