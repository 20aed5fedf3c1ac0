package main

import (
	"context"
	"net/http"
	"strconv"

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

// inject names the current span in the headers of a request to another service,
// which can then continue the trace below it.
func inject(ctx context.Context, header http.Header) {
	span, _ := tracer.SpanFromContext(ctx)
	header.Set("X-Datadog-Trace-Id", strconv.FormatUint(span.Context().TraceID(), 10))
	header.Set("X-Datadog-Parent-Id", strconv.FormatUint(span.Context().SpanID(), 10))
}
