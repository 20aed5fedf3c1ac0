package main

import (
	"net/http"
	"strconv"

	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/ext"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer"

	"thinker/shared/serve"
)

// traced wraps a handler in a span for each request.
func traced(resource string, handle serve.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		options := []tracer.StartSpanOption{
			tracer.SpanType(ext.SpanTypeWeb),
			tracer.ResourceName(resource),
			tracer.Tag(ext.SpanKind, ext.SpanKindServer),
			tracer.Tag(ext.Component, "net/http"),
			tracer.Tag(ext.HTTPMethod, r.Method),
			tracer.Tag(ext.HTTPURL, r.URL.String()),
		}
		span, ctx := tracer.StartSpanFromContext(r.Context(), "http.request", options...)
		var failure error
		defer func() { span.Finish(tracer.WithError(failure)) }()

		response, err := handle(r.WithContext(ctx))
		status := serve.Respond(w, response, err)
		span.SetTag(ext.HTTPCode, strconv.Itoa(status))
		if status >= 500 {
			failure = err
		}
	})
}
