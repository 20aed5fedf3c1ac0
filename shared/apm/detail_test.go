package apm_test

import (
	"strings"
	"testing"

	"thinker/shared/apm"
)

func TestSpan_Detail(t *testing.T) {
	for want, span := range map[string]apm.Span{
		"GET /": {Name: "http.request", Resource: "GET /",
			Meta: map[string]string{"http.url": "/?x=1", "subject": "war"}},
		"http://localhost:5001/": {Name: "http.request", Resource: "http.request",
			Meta: map[string]string{"http.url": "http://localhost:5001/"}},
		"colour:red subject:war": {Name: "think", Resource: "think",
			Meta: map[string]string{"subject": "war", "colour": "red", "env": "workshop", "version": "3",
				"language": "go", "runtime-id": "x", "_dd.p.dm": "-1", "waited_for.trace_id": "7"}},
		"size:1": {Name: "think", Meta: map[string]string{"size": "1"}},
		"":       {Name: "think"},
	} {
		if got := span.Detail(); got != want {
			t.Errorf("the detail of %+v is %q, want %q", span, got, want)
		}
	}
}

func TestTrace_OwnTags(t *testing.T) {
	trace := apm.NewTrace(1, []apm.Span{
		{SpanID: 1, Meta: map[string]string{"subject": "war", "http.url": "/", "env": "test"}},
		{SpanID: 2, Meta: map[string]string{"author": "x", "subject": "art"},
			Metrics: map[string]float64{"attempt": 2, "_dd.top_level": 1}},
	})
	if got := strings.Join(trace.OwnTags(), " "); got != "attempt author subject" {
		t.Errorf("%s", got)
	}
}
