package tracegen

import (
	_ "embed"
	"strings"
	"time"

	"thinker/shared/apm"
)

// WithTexts returns traces that ended at end, with each text in each field of a span.
func WithTexts(end time.Time, texts []string) []apm.Span {
	var spans []apm.Span
	for i, text := range texts {
		next := texts[(i+1)%len(texts)]
		traceID := uint64(i + 1)
		traceEnd := end.Add(-time.Duration(i) * 10 * time.Millisecond).UnixNano()
		root := hostileSpan(traceID, 1, 0, text, traceEnd, 40*time.Millisecond)
		child := hostileSpan(traceID, 2, 1, next, traceEnd, 30*time.Millisecond)
		query := hostileSpan(traceID, 3, 1, text, traceEnd, 20*time.Millisecond)
		query.Type, query.Name, query.Service = "sql", "postgres.query", next
		query.Meta["db.statement"], query.Meta["sql.query"] = text, text
		spans = append(spans, root, child, query, apm.Span{ // each service also has a harmless span
			TraceID: traceID, SpanID: 9, ParentID: 3, Service: text, Name: "harmless", Resource: "harmless",
			Start: query.Start, Duration: time.Millisecond, Meta: map[string]string{}, Metrics: map[string]float64{},
		})
	}
	return spans
}

// hostileSpan returns a failed span with the same text in every field.
func hostileSpan(traceID, id, parent uint64, text string, end int64, duration time.Duration) apm.Span {
	meta := map[string]string{}
	for _, tag := range []string{
		text, "env", "version", "language", "component", "span.kind", "error.message", "error.type", "error.stack",
		"http.url", "http.method", "http.route", "http.status_code", "peer.service", "runtime-id",
		"_dd.base_service", "usr.id",
	} {
		meta[tag] = text
	}
	return apm.Span{
		TraceID: traceID, SpanID: id, ParentID: parent, Service: text, Name: text, Resource: text, Type: text,
		Start: end - int64(duration), Duration: duration, Error: true, Meta: meta,
		Metrics: map[string]float64{text: 1e300, "negative": -1, "_sampling_priority_v1": 1},
		Links:   []apm.Link{{TraceID: traceID + 1, SpanID: 1, Attributes: map[string]string{text: text}}},
		Events: []apm.Event{{Time: end - int64(duration)/2, Name: text, Attributes: map[string]any{
			text: text, "list": []any{text, int64(1), true},
		}}},
	}
}

//go:embed hostile.json
var hostileJSON []byte

// HostileTexts returns texts that may break a page or escape from it. Executed, a text
// sets window.pwned or opens a dialog; the URLs they fetch belong to hostile.example.
func HostileTexts() (texts []string) {
	for _, repeated := range readJSON[[]struct {
		Text  string
		Times int // 0 means 1
	}](hostileJSON) {
		texts = append(texts, strings.Repeat(repeated.Text, max(1, repeated.Times)))
	}
	return texts
}
