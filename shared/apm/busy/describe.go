package busy

import (
	"strings"
	"time"

	"thinker/shared/apm"
)

// A failure is what may go wrong.
type failure struct {
	often                float64 // of 1
	message, kind, stack string
}

// describe gives a span, whose time is known, its tags, its error and its events.
func (t *trace) describe(span *apm.Span, op operation, failed *failure) {
	for tag, value := range op.tags {
		span.Meta[tag] = value
	}
	switch op.kind {
	case "web":
		span.Meta["span.kind"] = "server"
		span.Meta["component"] = "net/http"
		span.Meta["http.method"], span.Meta["http.route"], _ = strings.Cut(op.resource, " ")
		span.Meta["http.url"] = "https://shop.example" + path(op.resource)
		span.Meta["http.status_code"] = status(failed)
		span.Meta["usr.id"] = "user-" + string(rune('a'+t.random.IntN(26)))
		span.Metrics["cart.items"] = float64(t.random.IntN(12))
	case "sql":
		span.Meta["span.kind"] = "client"
		span.Meta["db.system"] = "postgresql"
		span.Meta["out.host"] = span.Service + ".internal"
		span.Metrics["db.row_count"] = float64(t.random.IntN(100))
	case "redis", "cache":
		span.Meta["span.kind"] = "client"
		span.Meta["out.host"] = span.Service + "-0.internal"
		if t.random.IntN(4) == 0 {
			span.Events = append(span.Events, apm.Event{Time: span.End(), Name: "cache.miss", Attributes: map[string]any{"key": op.resource, "bytes": int64(0)}})
		}
	case "queue":
		span.Meta["messaging.system"] = "kafka"
		span.Meta["messaging.destination"] = op.resource
	}
	if failed == nil {
		return
	}
	span.Error = true
	span.Meta["error.message"], span.Meta["error.type"], span.Meta["error.stack"] = failed.message, failed.kind, failed.stack
	span.Events = append(span.Events, apm.Event{
		Time: span.Start + int64(span.Duration)*9/10, Name: "exception",
		Attributes: map[string]any{"exception.message": failed.message, "exception.type": failed.kind, "exception.escaped": true, "retries": int64(2), "waited": time.Second.Seconds() / 4},
	})
}

// path is that of a resource such as GET /cart/{id}.
func path(resource string) string {
	_, path, _ := strings.Cut(resource, " ")
	return strings.NewReplacer("{id}", "4711", "{name}", "blue-lamp").Replace(path)
}

// status is what an HTTP server answers.
func status(failed *failure) string {
	if failed == nil {
		return "200"
	}
	return "500"
}
