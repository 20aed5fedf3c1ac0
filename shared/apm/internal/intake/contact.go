package intake

import (
	"net/http"
	"strings"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/stats"
)

// A contact is what a payload tells about the tracer that sent it.
type contact struct {
	id            stats.TracerID
	at            time.Time
	spans, errors int
	bytes         int
	clock         time.Duration // how far it is ahead, as stats.Tracer has it
}

// contactOf looks a payload through. Its spans must not have been handed on:
// they belong to the sink from then on.
func contactOf(p payload, format string, header http.Header, size int, at time.Time) contact {
	c := contact{id: senderOf(header), at: at, spans: len(p.spans), bytes: size}
	if c.id.Library == "" {
		c.id.Library = brief(p.library)
	}
	if c.id.Format = format; p.json {
		c.id.Format += " JSON"
	}
	if len(p.spans) == 0 {
		return c
	}
	for i := range p.spans {
		if p.spans[i].Error {
			c.errors++
		}
		c.clock = further(c.clock, clockOffset(&p.spans[i], at))
	}
	entry := entryOf(p.spans)
	c.id.Service = brief(entry.Service)
	// An integration may give its spans a service of their own; then this tag
	// says what the process calls itself.
	if own := entry.Meta["_dd.base_service"]; own != "" {
		c.id.Service = brief(own)
	}
	if c.id.Language == "" {
		c.id.Language = brief(entry.Meta["language"])
	}
	c.id.Env, c.id.Version = brief(entry.Meta["env"]), brief(entry.Meta["version"])
	return c
}

// senderOf is what a request's headers tell of its tracer.
func senderOf(header http.Header) stats.TracerID {
	return stats.TracerID{
		Language: brief(header.Get("Datadog-Meta-Lang")),
		Library:  brief(header.Get("Datadog-Meta-Tracer-Version")),
	}
}

// entryOf is the span with which the first span's trace entered the process:
// the outermost above it in the payload.
func entryOf(spans []apm.Span) *apm.Span {
	const deepest = 100 // parents that go round in a circle must end, too
	entry := &spans[0]
	for range deepest {
		above := parentOf(entry, spans)
		if above == nil {
			break
		}
		entry = above
	}
	return entry
}

func parentOf(span *apm.Span, spans []apm.Span) *apm.Span {
	if span.ParentID == 0 {
		return nil
	}
	for i := range spans {
		if spans[i].SpanID == span.ParentID && spans[i].TraceID == span.TraceID {
			return &spans[i]
		}
	}
	return nil
}

// further is the offset that is further from 0.
func further(a, b time.Duration) time.Duration {
	if b.Abs() > a.Abs() {
		return b
	}
	return a
}

// brief is a text for the report: valid, and of bounded length, in memory of
// its own.
func brief(text string) string { return cut(text, 100) }

func cut(text string, longest int) string {
	if len(text) > longest {
		text = text[:longest] + "…"
	}
	return strings.Clone(strings.ToValidUTF8(text, "\uFFFD"))
}
