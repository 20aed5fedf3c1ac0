package tracegen_test

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/agent"
	"thinker/shared/apm/query"
	"thinker/shared/apm/tracegen"
)

var end = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func startAgent(t *testing.T) *agent.Agent {
	t.Helper()
	a, err := agent.Start(agent.Config{Addr: "localhost:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(context.WithoutCancel(t.Context())) })
	return a
}

// search returns the stored traces that match a query.
func search(t *testing.T, a *agent.Agent, q string) (found []apm.Trace) {
	t.Helper()
	parsed, err := query.Parse(q)
	if err != nil {
		t.Fatal(err)
	}
	selection := query.Selection{Query: parsed}
	summaries, _, err := a.Store().Search(t.Context(), query.Request{Selection: selection, Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range summaries {
		trace, _, _ := a.Store().Trace(t.Context(), s.TraceID)
		found = append(found, trace)
	}
	return found
}

func TestTracegen_IsDeterministic(t *testing.T) {
	for name, generate := range map[string]func() []apm.Span{
		"traces":  func() []apm.Span { return tracegen.Traces(7, 200, end) },
		"large":   func() []apm.Span { return tracegen.Large(5000, end) },
		"hostile": func() []apm.Span { return tracegen.WithTexts(end, tracegen.HostileTexts()) },
	} {
		if !reflect.DeepEqual(generate(), generate()) {
			t.Errorf("%s: the same arguments return different spans", name)
		}
	}
	if reflect.DeepEqual(tracegen.Traces(7, 20, end), tracegen.Traces(8, 20, end)) {
		t.Error("the seed changes nothing")
	}
}

// TestTraces_AreHardToRead checks that the traces have everything that pages must cope with.
func TestTraces_AreHardToRead(t *testing.T) {
	spans := tracegen.Traces(1, 800, end)
	found := map[string]bool{}
	byTrace := map[uint64][]apm.Span{}
	services, envs := map[string]bool{}, map[string]bool{}
	for i, s := range spans {
		for what, is := range map[string]bool{
			"error":         s.Error && s.ErrorMessage() != "" && s.ErrorType() != "" && s.ErrorStack() != "",
			"link":          len(s.Links) > 0,
			"event":         len(s.Events) > 0,
			"long SQL":      s.Type == "sql" && len(s.Resource) > 2000,
			"zero duration": s.Duration == 0,
			"hours":         s.Duration > time.Hour,
			"in the future": s.Start > end.UnixNano(),
			"own parent":    s.ParentID == s.SpanID,
			"high ID":       s.TraceID > 1<<63,
			"late":          i > 0 && spans[i-1].TraceID != s.TraceID && len(byTrace[s.TraceID]) > 0,
		} {
			found[what] = found[what] || is
		}
		byTrace[s.TraceID] = append(byTrace[s.TraceID], s)
		services[s.Service], envs[s.Meta["env"]] = true, true
		found["type "+s.Type], found[s.Service+" "+s.Meta["version"]] = true, true
	}
	for _, sent := range byTrace {
		trace := apm.NewTrace(sent[0].TraceID, sent)
		byID := map[uint64]apm.Span{}
		for _, s := range trace.Spans {
			byID[s.SpanID] = s
		}
		siblings := map[string]int{}
		found["no root"] = found["no root"] || !slices.ContainsFunc(trace.Spans, func(s apm.Span) bool { return s.ParentID == 0 })
		found["sent twice"] = found["sent twice"] || len(trace.Spans) < len(sent)
		for _, s := range trace.Spans {
			parent, stored := byID[s.ParentID]
			siblings[fmt.Sprint(s.Resource, s.ParentID)]++
			for what, is := range map[string]bool{
				"orphan":            s.ParentID != 0 && !stored,
				"before its parent": stored && s.Start < parent.Start,
				"after its parent":  stored && s.Type == "queue" && s.Start >= parent.End(),
				"40 equal siblings": siblings[fmt.Sprint(s.Resource, s.ParentID)] >= 40,
			} {
				found[what] = found[what] || is
			}
		}
	}
	for _, what := range []string{
		"error", "link", "event", "long SQL", "zero duration", "hours", "in the future", "own parent", "high ID", "late",
		"orphan", "before its parent", "after its parent", "sent twice", "40 equal siblings", "no root",
		"type web", "type http", "type sql", "type redis", "type cache", "type queue", "type custom",
		"pricing 1.18.2", "pricing 1.19.0", "payments 1.18.2", "payments 1.19.0",
	} {
		if !found[what] {
			t.Errorf("no span has: %s", what)
		}
	}
	if len(services) < 20 || len(envs) != 2 {
		t.Errorf("%d services, environments %v", len(services), slices.Collect(maps.Keys(envs)))
	}
}

func TestLarge_IsOneTrace(t *testing.T) {
	spans := tracegen.Large(40_000, end)
	trace := apm.NewTrace(tracegen.LargeID, spans)
	if len(trace.Spans) != 40_000 || trace.Errors() == 0 || len(trace.Tree()) != 1 {
		t.Errorf("%d spans, %d errors, %d roots", len(trace.Spans), trace.Errors(), len(trace.Tree()))
	}
	if last := time.Unix(0, trace.Start()).Add(trace.Duration()); !last.Equal(end) {
		t.Errorf("it ends at %s", last)
	}
	if trace.Spans[0].ParentID != 0 {
		t.Error("a span is outside its root")
	}
}

// TestSend checks that an agent stores spans as they are sent, whatever they contain.
func TestSend(t *testing.T) {
	a := startAgent(t)
	spans := tracegen.WithTexts(time.Now(), tracegen.HostileTexts())
	spans = append(spans, tracegen.Traces(1, 50, time.Now())...)
	if err := tracegen.Send(t.Context(), a.URL(), spans); err != nil {
		t.Fatal(err)
	}
	traces := map[uint64]bool{}
	for _, s := range spans {
		traces[s.TraceID] = true
	}
	if stored := search(t, a, ""); len(stored) != len(traces) || a.Stats().Spans != len(spans) {
		t.Errorf("%d traces and %d spans, want %d and %d", len(stored), a.Stats().Spans, len(traces), len(spans))
	}
	trace, _, _ := a.Store().Trace(t.Context(), 1)
	if s := trace.Spans[0]; len(s.Links) != 1 || len(s.Events) != 1 || !s.Error || s.Meta["usr.id"] != tracegen.HostileTexts()[0] {
		t.Errorf("got %+v", s)
	}
	if err := tracegen.Send(t.Context(), a.URL()+"/nowhere", spans); err == nil {
		t.Error("no error from an agent that refuses the spans")
	}
}
