package busy

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"thinker/shared/apm"
)

var end = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestTheSameAgain(t *testing.T) {
	for name, generate := range map[string]func() []apm.Span{
		"traces":   func() []apm.Span { return Traces(7, 200, end) },
		"large":    func() []apm.Span { return Large(5000, end) },
		"hostile":  func() []apm.Span { return Hostile(end) },
		"harmless": func() []apm.Span { return Harmless(end) },
	} {
		if !reflect.DeepEqual(generate(), generate()) {
			t.Errorf("%s: two that differ", name)
		}
	}
	if reflect.DeepEqual(Traces(7, 20, end), Traces(8, 20, end)) {
		t.Error("the seed changes nothing")
	}
}

// A sibling is what repeated calls have in common.
type sibling struct {
	resource string
	parent   uint64
}

// TestBusySystem holds that all is there that makes traces hard to read.
func TestBusySystem(t *testing.T) {
	spans := Traces(1, 800, end)
	byTrace := map[uint64][]apm.Span{}
	services, kinds, envs := map[string]bool{}, map[string]bool{}, map[string]bool{}
	versions := map[string]map[string]bool{}
	count := map[string]int{}
	for i, s := range spans {
		byTrace[s.TraceID] = append(byTrace[s.TraceID], s)
		services[s.Service], kinds[s.Type], envs[s.Meta["env"]] = true, true, true
		if versions[s.Service] == nil {
			versions[s.Service] = map[string]bool{}
		}
		versions[s.Service][s.Meta["version"]] = true
		for what, is := range map[string]bool{
			"error":         s.Error && s.ErrorMessage() != "" && s.ErrorType() != "" && s.ErrorStack() != "",
			"link":          len(s.Links) > 0,
			"event":         len(s.Events) > 0,
			"long SQL":      s.Type == "sql" && len(s.Resource) > 2000,
			"zero duration": s.Duration == 0,
			"hours":         s.Duration > time.Hour,
			"ahead":         s.Start > end.UnixNano(),
			"own parent":    s.ParentID == s.SpanID,
			"high ID":       s.TraceID > 1<<63,
			"late":          i > 0 && slices.ContainsFunc(spans[:i-1], func(o apm.Span) bool { return o.TraceID == s.TraceID && spans[i-1].TraceID != s.TraceID }),
		} {
			if is {
				count[what]++
			}
		}
	}
	for _, sent := range byTrace {
		trace := apm.NewTrace(sent[0].TraceID, sent)
		byID := map[uint64]apm.Span{}
		for _, s := range trace.Spans {
			byID[s.SpanID] = s
		}
		alike := map[sibling]int{}
		for _, s := range trace.Spans {
			parent, arrived := byID[s.ParentID]
			if s.ParentID != 0 && !arrived {
				count["orphan"]++
			}
			if arrived && s.Start < parent.Start {
				count["before its parent"]++
			}
			if arrived && s.Type == "queue" && s.Start >= parent.End() {
				count["after its parent"]++
			}
			alike[sibling{s.Resource, s.ParentID}]++
		}
		if len(trace.Spans) < len(sent) {
			count["twice"]++
		}
		if slices.Max(slices.Collect(maps.Values(alike))) >= 40 {
			count["40 alike"]++
		}
		if !slices.ContainsFunc(trace.Spans, func(s apm.Span) bool { return s.ParentID == 0 }) {
			count["no root"]++
		}
	}
	for _, what := range []string{"error", "link", "event", "long SQL", "zero duration", "hours", "ahead", "own parent", "high ID", "late", "orphan", "before its parent", "after its parent", "twice", "40 alike", "no root"} {
		if count[what] == 0 {
			t.Errorf("nothing has: %s", what)
		}
	}
	if len(services) < 20 || len(envs) != 2 || len(versions["pricing"]) < 2 || len(versions["payments"]) < 2 {
		t.Errorf("%d services, %d envs, versions %v", len(services), len(envs), versions)
	}
	for _, kind := range []string{"web", "http", "sql", "redis", "cache", "queue", "custom"} {
		if !kinds[kind] {
			t.Errorf("no span of type %s", kind)
		}
	}
}

func TestLarge(t *testing.T) {
	spans := Large(40_000, end)
	trace := apm.NewTrace(LargeID, spans)
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

func TestPayload(t *testing.T) {
	spans := Hostile(end)
	body, err := Payload(spans)
	if err != nil {
		t.Fatal(err)
	}
	var chunks [][]wireSpan
	if err := json.Unmarshal(body, &chunks); err != nil {
		t.Fatal(err)
	}
	if len(chunks) != len(HostileTexts()) {
		t.Errorf("%d chunks of %d texts", len(chunks), len(HostileTexts()))
	}
}
