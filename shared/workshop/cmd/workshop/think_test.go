package main

import (
	"testing"

	"thinker/shared/apm"
)

func TestRequestTraces(t *testing.T) {
	request := apm.Trace{Spans: []apm.Span{{Name: "http.request", Type: "web"}, {Name: "think"}}}
	dial := apm.Trace{Spans: []apm.Span{{Name: "redis.dial", Type: "redis"}}}
	for want, traces := range map[int][]apm.Trace{0: {dial}, 1: {request, dial}, 2: {request, dial, request}} {
		if got := requestTraces(traces); got != want {
			t.Errorf("%d traces of requests in %+v, want %d", got, traces, want)
		}
	}
}
