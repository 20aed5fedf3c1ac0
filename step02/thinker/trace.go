package main

import (
	"net/http"
	"strconv"

	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/ext"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer"

	"thinker/shared/serve"
)

// traced puts a span around each request that handle answers.
func traced(resource string, handle serve.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		span, ctx := tracer.StartSpanFromContext(r.Context(), "http.request",
			tracer.SpanType(ext.SpanTypeWeb),
			tracer.ResourceName(resource),
			tracer.Tag(ext.HTTPMethod, r.Method),
			tracer.Tag(ext.HTTPURL, r.URL.String()),
			extract(r.Header),
		)
		defer span.Finish()

		answer, err := handle(r.WithContext(ctx))
		status := serve.Answer(w, answer, err)
		span.SetTag(ext.HTTPCode, strconv.Itoa(status))
		if status >= 500 {
			span.SetTag(ext.Error, err)
		}
	})
}

// extract places a span below the one that the caller names in its headers. A
// caller that names none, or nonsense, leaves the span to start a trace.
func extract(header http.Header) tracer.StartSpanOption {
	parent, err := tracer.Extract(tracer.TextMapCarrier{
		"x-datadog-trace-id":  header.Get("X-Datadog-Trace-Id"),
		"x-datadog-parent-id": header.Get("X-Datadog-Parent-Id"),
	})
	if err != nil {
		return func(*ddtrace.StartSpanConfig) {}
	}
	return tracer.ChildOf(parent)
}
