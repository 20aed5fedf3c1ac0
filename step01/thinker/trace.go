package main

import (
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
