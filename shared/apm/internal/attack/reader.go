package attack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"thinker/shared/apm/internal/process"
)

// Long texts: 120 MB of them, one in each span, in as few traces as
// possible.
const (
	longTextBytes = 24_000 // of one text; the intake cuts longer ones
	longTexts     = 5_000
)

// readers are what clients ask for when texts are long, and traces large.
func readers() []string {
	return []string{
		"/api/facets",
		"/api/facets?field=@text&limit=1000",
		"/api/figures?scope=all&by=@text&limit=1000",
		"/api/figures?scope=all&by=@text&limit=60&buckets=1000",
		"/api/traces?query=@text:*7",
		"/api/traces/1",
		"/api/traces/1/outline?find=text",
		"/trace/1?view=list",
		"/compare/traces?a=1&b=2",
		"/api/dependencies?scope=all",
		"/api/span-summary?scope=all",
		"/traces?query=@text:*7",
	}
}

// readerCases has a case that stores long texts, and reads them in each way.
func readerCases() []Case {
	return []Case{{"readers of long texts", func(t testing.TB, a *process.APM) {
		t.Helper()
		for first := 1; first <= longTexts; first += 200 {
			body := bytes.NewReader(longTextTraces(first, 200))
			if response := a.Post("/v0.4/traces", "application/json", body); response.Status != http.StatusOK {
				t.Fatalf("status %d: %.200s", response.Status, response.Body)
			}
		}
		checkMemory(t, a, "storing")
		a.Kill() // with spans in the log
		a.Run()
		checkMemory(t, a, "starting")
		for _, path := range readers() {
			a.Kill()
			a.Run()
			readAtOnce(t, a, path, 3)
			checkMemory(t, a, path)
		}
		if trace := a.Get("/api/traces/1").Body; bytes.Count(trace, []byte(`"span_id"`)) != longTexts*3/4 || !json.Valid(trace) {
			t.Errorf("the API returns %d bytes, want all spans of the trace", len(trace))
		}
		if page := a.Get("/trace/1").Body; !bytes.Contains(page, []byte("too large to show in full")) {
			t.Error("the page doesn't say that it leaves spans out")
		}
	}}, {"readers of long resources", longResources}}
}

// longTextTraces returns spans from a number on, as JSON: most of them of trace 1,
// a quarter of trace 2.
func longTextTraces(first, count int) []byte {
	var b strings.Builder
	separator := "[["
	for id := first; id < first+count; id++ {
		trace := 1
		if id%4 == 0 {
			trace = 2
		}
		fmt.Fprintf(&b, `%s{"trace_id":%d,"span_id":%d,"parent_id":%d,"service":"shop","name":"checkout","resource":"GET /","type":"web","start":%d,"duration":1000,"meta":{"text":"%s"},"metrics":{"_dd.top_level":1}}`,
			separator, trace, id, trace, 1_700_000_000_000_000_000+id, longText(id))
		separator = ","
	}
	b.WriteString("]]")
	return []byte(b.String())
}

// longText returns a text that no other number has.
func longText(number int) string {
	return strings.Repeat(fmt.Sprintf("%08d ", number), longTextBytes/9) + fmt.Sprint(number)
}

// longResources stores a trace whose spans have long resources, 120 MB of them, and
// reads what is made of all its spans.
func longResources(t testing.TB, a *process.APM) {
	t.Helper()
	const spans, atOnce = 25_000, 1000
	for first := 1; first <= spans; first += atOnce {
		var b strings.Builder
		separator := "[["
		for id := first; id < first+atOnce; id++ {
			fmt.Fprintf(&b, `%s{"trace_id":1,"span_id":%d,"parent_id":1,"service":"shop","name":"checkout","resource":"%.4900s","start":%d,"duration":1000}`,
				separator, id, longText(id), 1_700_000_000_000_000_000+id)
			separator = ","
		}
		b.WriteString("]]")
		if response := a.Post("/v0.4/traces", "application/json", strings.NewReader(b.String())); response.Status != http.StatusOK {
			t.Fatalf("status %d: %.200s", response.Status, response.Body)
		}
	}
	for _, path := range []string{"/api/traces", "/api/dependencies?scope=all", "/api/services/shop/resources"} {
		a.Kill()
		a.Run()
		readAtOnce(t, a, path, 3)
		checkMemory(t, a, path)
	}
	if list := a.Get("/api/traces").Body; !bytes.Contains(list, []byte(`"spans":25000`)) || !bytes.Contains(list, []byte(longText(1)[:4900])) {
		t.Errorf("the list lacks the trace, its spans or its resource: %.200s", list)
	}
}

// readAtOnce sends so many GETs at the same time and reads their responses.
func readAtOnce(t testing.TB, a *process.APM, path string, n int) {
	t.Helper()
	var clients sync.WaitGroup
	for range n {
		clients.Go(func() {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL+path, nil)
			if err != nil {
				t.Error(err)
				return
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				return
			}
			defer func() { _ = response.Body.Close() }()
			size, err := io.Copy(io.Discard, response.Body)
			if err != nil || response.StatusCode != http.StatusOK {
				t.Errorf("%s: status %d, %d bytes, %v", path, response.StatusCode, size, err)
			}
		})
	}
	clients.Wait()
}

// checkMemory fails t if a has taken too much memory since it was started.
func checkMemory(t testing.TB, a *process.APM, doing string) {
	t.Helper()
	_, peak, _ := a.Memory()
	t.Logf("%s: %.0f MB at its peak", doing, peak)
	if peak > MaxMemory {
		t.Errorf("%s: %.0f MB at its peak, of at most %d MB", doing, peak, MaxMemory)
	}
}
