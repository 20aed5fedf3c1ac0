package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm/process"
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
