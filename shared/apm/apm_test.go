package apm_test

import (
	"math"
	"testing"
	"time"

	"thinker/shared/apm"
)

// at returns a span that runs from start to end.
func at(id, parent uint64, start, end int64) apm.Span {
	return apm.Span{TraceID: 1, SpanID: id, ParentID: parent, Service: "service", Start: start,
		Duration: time.Duration(end - start)}
}

func TestNewTrace_KeepsTheLatestOfASpan(t *testing.T) {
	first, second := at(2, 1, 10, 20), at(2, 1, 5, 30)
	second.Resource = "second"
	trace := apm.NewTrace(1, []apm.Span{first, at(1, 0, 0, 40), second})
	if len(trace.Spans) != 2 {
		t.Fatalf("%d spans, want 2", len(trace.Spans))
	}
	if trace.Spans[0].SpanID != 1 || trace.Spans[1].Resource != "second" {
		t.Errorf("got %+v", trace.Spans)
	}
}

func TestNewTrace_Order(t *testing.T) {
	trace := apm.NewTrace(1, []apm.Span{at(3, 2, 7, 8), at(2, 1, 0, 10), at(1, 0, 0, 20)})
	for i, want := range []uint64{1, 2, 3} {
		if got := trace.Spans[i].SpanID; got != want {
			t.Errorf("span %d in place %d, want %d", got, i, want)
		}
	}
}

func TestTrace_Duration(t *testing.T) {
	for name, c := range map[string]struct {
		spans []apm.Span
		want  time.Duration
	}{
		"none":                    {nil, 0},
		"one":                     {[]apm.Span{at(1, 0, 5, 9)}, 4},
		"child outlives its root": {[]apm.Span{at(1, 0, 5, 9), at(2, 1, 6, 30)}, 25},
		"longer than a Duration": {[]apm.Span{at(1, 0, math.MinInt64, math.MinInt64+1),
			at(2, 1, math.MaxInt64-1, math.MaxInt64)}, math.MaxInt64},
		"ends after the last time": {[]apm.Span{{SpanID: 1, Start: math.MaxInt64 - 5, Duration: 100}}, 5},
	} {
		if got := apm.NewTrace(1, c.spans).Duration(); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestSpan_Error(t *testing.T) {
	s := apm.Span{Meta: map[string]string{"error.msg": "gone", "error.handling_stack": "main.go:1"}}
	if s.ErrorMessage() != "" {
		t.Error("a message tag alone makes an error")
	}
	s.Error = true
	if s.ErrorMessage() != "gone" || s.ErrorStack() != "main.go:1" {
		t.Errorf("message %q, stack %q", s.ErrorMessage(), s.ErrorStack())
	}
}

func TestTrace_Summary(t *testing.T) {
	orphan := at(7, 99, 0, 50)
	orphan.Resource = "orphan"
	root := at(1, 0, 10, 40)
	root.Resource, root.Metrics = "GET /", map[string]float64{"http.status_code": 503}
	root.Error = true
	root.TraceIDHigh = 0xabc

	s := apm.NewTrace(1, []apm.Span{orphan, root}).Summary()
	if s.Resource != "GET /" || s.Start != 10 || s.Duration != 30 || s.StatusCode != "503" || !s.Failed {
		t.Errorf("got %+v", s)
	}
	if s.Spans != 2 || s.Errors != 1 || s.TraceIDHigh != 0xabc {
		t.Errorf("got %+v", s)
	}
	if s := apm.NewTrace(1, []apm.Span{orphan}).Summary(); s.Resource != "orphan" {
		t.Errorf("without a root: %+v", s)
	}
	if s := apm.NewTrace(1, nil).Summary(); s.Spans != 0 {
		t.Errorf("empty: %+v", s)
	}
}

func TestHexID(t *testing.T) {
	if got := apm.HexID(0x6b00cd7c00000000, 255); got != "6b00cd7c0000000000000000000000ff" {
		t.Error(got)
	}
}

func TestNewTrace_CountsResentSpans(t *testing.T) {
	trace := apm.NewTrace(1, []apm.Span{at(1, 0, 0, 5), at(2, 1, 1, 2), at(1, 0, 0, 9), at(1, 0, 0, 7)})
	if len(trace.Spans) != 2 || trace.Spans[0].Duration != 7 || len(trace.Resent) != 1 || trace.Resent[1] != 2 {
		t.Errorf("%+v", trace)
	}
	if trace := apm.NewTrace(1, []apm.Span{at(1, 0, 0, 5)}); trace.Resent != nil {
		t.Errorf("%v", trace.Resent)
	}
}
