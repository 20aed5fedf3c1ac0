package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/stats"
)

// at makes an intake whose clock shows what now points to.
func at(now *time.Time) (*Intake, *kept) {
	sink := &kept{}
	return newIntake(sink, slog.New(slog.NewTextHandler(io.Discard, nil)), func() time.Time { return *now }), sink
}

// noon is a moment for a test to begin at.
func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// spans sends spans in one payload.
func spans(t *testing.T, in *Intake, list ...*pb.Span) {
	t.Helper()
	if w := send(in, http.MethodPost, "/v0.4/traces", msgpack(t, pb.Traces{list}), "Content-Type", "application/msgpack"); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
}

func TestReportNamesTheTracer(t *testing.T) {
	api := func(library, format string) stats.TracerID {
		return stats.TracerID{Service: "thinker-api", Language: "go", Library: library, Format: format, Env: "workshop", Version: "step04"}
	}
	headers := []string{"Datadog-Meta-Lang", "go", "Datadog-Meta-Tracer-Version", "v1.74.8", "Content-Type", "application/msgpack"}
	inJSON, err := json.Marshal(sample())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path          string
		body          []byte
		headers       []string
		id            stats.TracerID
		spans, errors int
	}{
		"v0.4, from headers":             {"/v0.4/traces", file(t, goV04), headers, api("v1.74.8", "v0.4"), 6, 1},
		"v0.4, without headers":          {"/v0.4/traces", file(t, goV04), nil, api("", "v0.4"), 6, 1},
		"v1.0, from the payload":         {"/v1.0/traces", file(t, goV10), nil, api("v2.12.0", "v1.0"), 6, 1},
		"v0.3 in JSON, a nil span in it": {"/v0.3/traces", inJSON, nil, stats.TracerID{Service: "api", Format: "v0.3 JSON", Env: "test"}, 2, 1},
		"v0.5":                           {"/v0.5/traces", sampleV05(), nil, stats.TracerID{Service: "api", Format: "v0.5", Env: "test"}, 2, 1},
		"v0.7, from the payload":         {"/v0.7/traces", sampleV07(t), nil, stats.TracerID{Service: "api", Language: "go", Format: "v0.7", Env: "test", Version: "1.2"}, 2, 1},
	} {
		now := noon()
		in, _ := at(&now)
		for range 2 {
			now = now.Add(time.Second)
			send(in, http.MethodPost, c.path, c.body, c.headers...)
		}
		report := in.Report()
		if len(report.Tracers) != 1 {
			t.Errorf("%s: %d tracers", name, len(report.Tracers))
			continue
		}
		got := report.Tracers[0]
		if got.TracerID != c.id {
			t.Errorf("%s: got %+v, want %+v", name, got.TracerID, c.id)
		}
		if got.Payloads != 2 || got.Spans != 2*c.spans || got.Errors != 2*c.errors || got.Bytes != int64(2*len(c.body)) || !got.LastContact.Equal(now) {
			t.Errorf("%s: %+v", name, got)
		}
		if last := report.Requests[0]; last.Tracer != c.id || last.Spans != c.spans || last.Bytes != int64(len(c.body)) || last.Status != 200 || last.Path != c.path || !last.Time.Equal(now) {
			t.Errorf("%s: request %+v", name, last)
		}
		if report.Payloads != 2 || report.Spans != 2*c.spans || report.Calls != 2 || !report.Since.Equal(noon()) || in.Calls() != 2 {
			t.Errorf("%s: %+v", name, report)
		}
	}
}

// The service is the process's own: not that of a span which an integration
// gave another, nor of one further down.
func TestReportNamesTheProcess(t *testing.T) {
	now := noon()
	for name, list := range map[string][]*pb.Span{
		"child first":      {{TraceID: 1, SpanID: 2, ParentID: 1, Service: "db"}, {TraceID: 1, SpanID: 1, ParentID: 99, Service: "shop"}},
		"integration's":    {{TraceID: 1, SpanID: 1, Service: "mux.router", Meta: map[string]string{"_dd.base_service": "shop"}}},
		"round in circles": {{TraceID: 1, SpanID: 1, ParentID: 2, Service: "shop"}, {TraceID: 1, SpanID: 2, ParentID: 1, Service: "shop"}},
		"own parent":       {{TraceID: 1, SpanID: 1, ParentID: 1, Service: "shop"}},
	} {
		in, _ := at(&now)
		spans(t, in, list...)
		if tracers := in.Report().Tracers; len(tracers) != 1 || tracers[0].Service != "shop" {
			t.Errorf("%s: %+v", name, tracers)
		}
	}
}

func TestReportOfClocks(t *testing.T) {
	now := noon()
	in, _ := at(&now)
	for _, step := range []struct{ end, clock, most time.Duration }{
		{0, 0, 0},
		{-time.Minute, 0, 0},
		{2 * time.Second, 2 * time.Second, 2 * time.Second},
		{-3 * time.Hour, -3 * time.Hour, -3 * time.Hour},
		{time.Second, time.Second, -3 * time.Hour},
		{-59 * time.Minute, 0, -3 * time.Hour},
	} {
		spans(t, in, &pb.Span{TraceID: 1, SpanID: 1, Service: "shop", Start: now.Add(step.end).UnixNano() - 5, Duration: 5})
		if got := in.Report().Tracers[0]; got.Clock != step.clock || got.ClockMost != step.most {
			t.Errorf("a span that ended at %s: %s, at most %s, want %s, %s", step.end, got.Clock, got.ClockMost, step.clock, step.most)
		}
	}
}

func TestReportOfRefusals(t *testing.T) {
	now := noon()
	good := file(t, goV04)
	large := make([]byte, maxBody+1)
	for reason, c := range map[string]struct {
		method, path string
		body         []byte
		headers      []string
		status       int
		detail       string
		fails        error
	}{
		reasonBrowser:   {"POST", "/v0.4/traces", good, []string{"Origin", "https://example.com"}, 403, "for tracers", nil},
		reasonMethod:    {"GET", "/v0.4/traces", nil, nil, 405, "accepts POST, PUT", nil},
		reasonPath:      {"POST", "/v1/traces", good, nil, 404, "unknown path /v1/traces", nil},
		reasonEncoding:  {"POST", "/v0.4/traces", good, []string{"Content-Encoding", "br"}, 415, "Use gzip", nil},
		reasonTooLarge:  {"PUT", "/v0.4/traces", large, nil, 413, "25 MiB", nil},
		reasonMalformed: {"PUT", "/v0.4/traces", good[:40], []string{"Content-Type", "application/msgpack"}, 400, "as MessagePack", nil},
		reasonNotKept:   {"PUT", "/v0.4/traces", good, nil, 500, "See the agent's log", errors.New("disk on fire")},
		reasonFull:      {"PUT", "/v0.4/traces", good, nil, 507, "disk is full", fmt.Errorf("%w by fire", ErrFull)},
	} {
		in, sink := at(&now)
		sink.err = c.fails
		headers := append([]string{"Datadog-Meta-Lang", "go", "Datadog-Meta-Tracer-Version", "v1.74.8"}, c.headers...)
		send(in, c.method, c.path, c.body, headers...)
		report := in.Report()
		if len(report.Refusals) != 1 || len(report.Losses) != 1 || len(report.Requests) != 1 || len(report.Tracers) != 0 {
			t.Errorf("%s: %+v", reason, report)
			continue
		}
		if loss := report.Losses[0]; loss.Reason != reason || loss.Count != 1 || loss.Advice == "" {
			t.Errorf("%s: %+v", reason, loss)
		}
		got := report.Refusals[0]
		if got.Reason != reason || got.Status != c.status || !strings.Contains(got.Detail, c.detail) || strings.Contains(got.Detail, "fire") ||
			got.Method != c.method || got.Path != c.path || !got.Time.Equal(now) || got.Length != int64(len(c.body)) {
			t.Errorf("%s: %+v", reason, got)
		}
		if want := string(c.body[:min(64, len(c.body))]); string(got.First) != want {
			t.Errorf("%s: begins with %x, want %x", reason, got.First, want)
		}
		if got.Headers["Datadog-Meta-Lang"] != "go" || got.Headers["Datadog-Meta-Tracer-Version"] != "v1.74.8" {
			t.Errorf("%s: headers %v", reason, got.Headers)
		}
		if request := report.Requests[0]; request.Status != c.status || request.Spans != 0 || request.Tracer.Language != "go" {
			t.Errorf("%s: request %+v", reason, request)
		}
	}
}

func TestReportOfSpansLeftOut(t *testing.T) {
	now := noon()
	in, _ := at(&now)
	spans(t, in, nil, &pb.Span{TraceID: 1, SpanID: 2}, nil, nil, &pb.Span{TraceID: 1})
	spans(t, in, &pb.Span{SpanID: 1})
	want := []stats.Loss{
		{Reason: reasonNilSpan, Count: 3, Advice: advice(reasonNilSpan)},
		{Reason: reasonNoID, Count: 2, Advice: advice(reasonNoID)},
	}
	if got := in.Report().Losses; fmt.Sprint(got) != fmt.Sprint(want) || want[0].Advice == "" || want[1].Advice == "" {
		t.Errorf("got %+v", got)
	}
	if in.Refused() != 2 {
		t.Errorf("refused %d: a nil span has nothing that could be refused", in.Refused())
	}
}

func TestReportIsBounded(t *testing.T) {
	now := noon()
	in, _ := at(&now)
	for i := range 51 {
		send(in, http.MethodPost, fmt.Sprint("/unknown/", i), nil)
	}
	report := in.Report()
	if len(report.Refusals) != 50 || report.Refusals[0].Path != "/unknown/50" || report.Refusals[49].Path != "/unknown/1" || report.Losses[0].Count != 51 {
		t.Errorf("%d refusals, %+v", len(report.Refusals), report.Losses)
	}

	for i := range 200 {
		spans(t, in, &pb.Span{TraceID: 1, SpanID: 1, Service: fmt.Sprintf("s%03d", i)})
	}
	spans(t, in, &pb.Span{TraceID: 1, SpanID: 1, Service: "s000"}) // so s001 is the one not heard of for longest
	spans(t, in, &pb.Span{TraceID: 1, SpanID: 1, Service: "s200"})
	report = in.Report()
	if len(report.Tracers) != 200 || report.Forgotten != 1 || report.Tracers[0].Service != "s000" || report.Tracers[1].Service != "s002" || report.Tracers[199].Service != "s200" {
		t.Errorf("%d tracers, %d forgotten", len(report.Tracers), report.Forgotten)
	}
	if len(report.Requests) != 100 || report.Requests[0].Tracer.Service != "s200" || report.Calls != 253 || report.Spans != 202 {
		t.Errorf("%d requests, %d calls, %d spans", len(report.Requests), report.Calls, report.Spans)
	}
}

// TestReportCutsTexts holds that nobody can fill the memory with long names,
// nor spoil the report with what is no text.
func TestReportCutsTexts(t *testing.T) {
	now := noon()
	in, _ := at(&now)
	long := strings.Repeat("ä", 1<<20)
	spans(t, in, &pb.Span{TraceID: 1, SpanID: 1, Service: long, Meta: map[string]string{"env": long, "version": long, "language": long}})
	send(in, http.MethodPost, "/"+long[:1001], []byte(long), "Content-Type", long, "User-Agent", "\xff"+long, "Datadog-Meta-Lang", long)
	report := in.Report()
	text := fmt.Sprint(report.Tracers, report.Refusals[0].Path, report.Refusals[0].ContentType, report.Refusals[0].Headers, report.Refusals[0].Detail, report.Requests)
	if len(text) > 4000 || strings.ToValidUTF8(text, "") != text {
		t.Errorf("%d bytes: %.300s", len(text), text)
	}
}

func TestReportWhileMuchComesIn(t *testing.T) {
	in, _ := newTest()
	in.sink = discard{}
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			for j := range 60 {
				spans(t, in, &pb.Span{TraceID: 1, SpanID: 1, Service: fmt.Sprint("s", i, j)})
				send(in, http.MethodGet, "/v0.4/traces", nil)
				for _, tracer := range in.Report().Tracers {
					if tracer.Spans != 1 {
						t.Errorf("%+v", tracer)
					}
				}
			}
		})
	}
	group.Wait()
	if report := in.Report(); report.Calls != 480 || report.Forgotten != 40 || in.Refused() != 240 {
		t.Errorf("%d calls, %d forgotten, %d refused", report.Calls, report.Forgotten, in.Refused())
	}
}

// discard is a sink for when nothing is to be remembered.
type discard struct{}

func (discard) Add(context.Context, []apm.Span) error { return nil }

// Idle tracers ask for their configuration every few seconds: the requests that
// tell more must not be lost among them.
func TestPollsDoNotCrowdOutTheRest(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	in := newIntake(&kept{}, slog.New(slog.DiscardHandler), func() time.Time { now = now.Add(time.Second); return now })
	send(in, http.MethodPost, "/v0.4/traces", []byte("[]"))
	for range 300 {
		send(in, http.MethodPost, "/v0.7/config", []byte("{}"))
	}
	send(in, http.MethodGet, "/info", nil)
	for range 300 {
		send(in, http.MethodPost, "/v0.7/config", []byte("{}"))
	}
	var paths []string
	for _, r := range in.Report().Requests {
		paths = append(paths, r.Path)
	}
	if got := strings.Join(paths, " "); got != "/v0.7/config /info /v0.4/traces" || in.Calls() != 602 {
		t.Errorf("%d calls: %s", in.Calls(), got)
	}
}
