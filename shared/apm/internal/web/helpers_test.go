package web

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"thinker/shared/apm"
)

// served are four requests to a service of two versions, a second apart, each
// with a query that takes half of its time. The last one failed.
func served() (traces []apm.Trace) {
	const start = 1_700_000_000_000_000_000
	entry := map[string]float64{"_dd.top_level": 1, "http.status_code": 200}
	for i, version := range []string{"v1", "v1", "v1", "v2"} {
		id, at := uint64(i+1), start+int64(i)*int64(time.Second)
		duration := time.Duration(i+1) * 10 * time.Millisecond
		tags := map[string]string{"env": "test", "version": version}
		traces = append(traces, apm.NewTrace(id, []apm.Span{
			{TraceID: id, SpanID: 1, Service: "team/api", Name: "http.request", Resource: "GET /", Type: "web", Start: at, Duration: duration, Error: i == 3, Meta: tags, Metrics: entry},
			{TraceID: id, SpanID: 2, ParentID: 1, Service: "team/api", Name: "think", Start: at, Duration: duration / 2, Meta: tags},
			{TraceID: id, SpanID: 3, ParentID: 1, Service: "db", Name: "sql.query", Resource: "SELECT", Type: "sql", Start: at + int64(duration)/2, Duration: duration / 2, Metrics: entry},
		}))
	}
	return traces
}

// ask decodes what the API answers.
func ask[T any](t *testing.T, w *Web, path string) (answer T) {
	t.Helper()
	rec := get(w, path)
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil || rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%s: %d, %v: %s", path, rec.Code, err, rec.Body)
	}
	return answer
}
