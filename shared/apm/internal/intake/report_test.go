package intake_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"

	"thinker/shared/apm"
	"thinker/shared/apm/api"
	"thinker/shared/apm/internal/intake"
)

func TestReport_Tracer(t *testing.T) {
	requests := inEveryFormat(t, sample()[0])
	headers := []string{"Datadog-Meta-Lang", "ruby", "Datadog-Meta-Tracer-Version", "v1.74.8"}
	for _, c := range []struct {
		name    string
		request request
		headers []string
		id      api.Tracer
	}{
		{"headers", requests["v0.4 MessagePack"], headers,
			api.Tracer{Language: "ruby", TracerVersion: "v1.74.8", Format: "v0.4"}},
		{"no headers", requests["v0.3 MessagePack"], nil, api.Tracer{Language: "go", Format: "v0.3"}},
		{"JSON", requests["v0.3 JSON"], nil, api.Tracer{Language: "go", Format: "v0.3 JSON"}},
		{"v0.5", requests["v0.5"], nil, api.Tracer{Language: "go", Format: "v0.5"}},
		{"v0.7", requests["v0.7"], nil, api.Tracer{Language: "go", Format: "v0.7"}},
		{"v1.0", requests["v1.0"], headers, api.Tracer{Language: "ruby", TracerVersion: "v1.74.8", Format: "v1.0"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			c.id.Service, c.id.Env = "api", "test"
			in, _ := newIntake()
			started := time.Now()
			for range 2 {
				<-time.After(time.Second) // by synctest's clock
				headers := append(c.headers, "Content-Type", c.request.contentType)
				send(in, http.MethodPost, c.request.path, c.request.body, headers...)
			}
			size := int64(len(c.request.body))
			report := in.Report()
			want := c.id
			want.Payloads, want.Spans, want.Errors, want.Bytes = 2, 4, 2, 2*size
			want.LastContact = api.Time{Time: time.Now()}
			if len(report.Tracers) != 1 {
				t.Fatalf("%s: %d tracers", c.name, len(report.Tracers))
			}
			got := report.Tracers[0]
			if got.ClockOffset, got.ClockOffsetMost = 0, 0; got != want {
				t.Errorf("%s: got %+v, want %+v", c.name, got, want)
			}
			request := api.Request{
				Time: api.Time{Time: time.Now()}, Method: "POST", Path: c.request.path, Status: 200, Bytes: size, Spans: 2,
				Service: "api", Language: c.id.Language, TracerVersion: c.id.TracerVersion,
			}
			if report.Requests[0] != request {
				t.Errorf("%s: got %+v, want %+v", c.name, report.Requests[0], request)
			}
			if report.Payloads != 2 || report.Spans != 4 || report.Calls != 2 || in.Calls() != 2 ||
				!report.Since.Equal(started) {
				t.Errorf("%s: %+v", c.name, report)
			}
		})
	}
}

// In JSON, a list without elements isn't null.
func TestReport_Empty(t *testing.T) {
	in, _ := newIntake()
	report := in.Report()
	if report.Tracers == nil || report.Losses == nil || report.Refusals == nil || report.Requests == nil {
		t.Errorf("a list is null in %+v", report)
	}
}

// The tracer's service is the process's own, not that of an inner span, and not one that
// an integration has set.
func TestReport_Service(t *testing.T) {
	for name, list := range map[string][]*pb.Span{
		"child first": {
			{TraceID: 1, SpanID: 2, ParentID: 1, Service: "db"}, {TraceID: 1, SpanID: 1, ParentID: 99, Service: "shop"},
		},
		"integration's": {
			{TraceID: 1, SpanID: 1, Service: "mux.router", Meta: map[string]string{"_dd.base_service": "shop"}},
		},
		"in circles": {
			{TraceID: 1, SpanID: 1, ParentID: 2, Service: "shop"}, {TraceID: 1, SpanID: 2, ParentID: 1, Service: "shop"},
		},
		"own parent": {{TraceID: 1, SpanID: 1, ParentID: 1, Service: "shop"}},
	} {
		in, _ := newIntake()
		sendSpans(t, in, list...)
		if tracers := in.Report().Tracers; len(tracers) != 1 || tracers[0].Service != "shop" {
			t.Errorf("%s: %+v", name, tracers)
		}
	}
}

func TestReport_Clock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, _ := newIntake()
		for _, step := range []struct{ end, clock, most time.Duration }{
			{0, 0, 0},
			{-time.Minute, 0, 0},
			{2 * time.Second, 2 * time.Second, 2 * time.Second},
			{-3 * time.Hour, -3 * time.Hour, -3 * time.Hour},
			{time.Second, time.Second, -3 * time.Hour},
			{-59 * time.Minute, 0, -3 * time.Hour},
		} {
			end := time.Now().Add(step.end).UnixNano()
			sendSpans(t, in, &pb.Span{TraceID: 1, SpanID: 1, Service: "shop", Start: end - 5, Duration: 5})
			if got := in.Report().Tracers[0]; got.ClockOffset != step.clock || got.ClockOffsetMost != step.most {
				t.Errorf("a span that ended at %s: %s, at most %s", step.end, got.ClockOffset, got.ClockOffsetMost)
			}
		}
	})
}

func TestReport_Refusals(t *testing.T) {
	good, tooLarge := msgpack(t, sample()), make([]byte, 25<<20+1)
	header := func(pair ...string) []string { return pair }
	const fromPage, large = "sent by a web page", "larger than 25 MiB"
	for _, c := range []struct {
		name, method, path string
		body               []byte
		headers            []string
		status             int
		detail, reason     string
		err                error // the sink's
	}{
		{"GET", "GET", "/v0.4/traces", nil, nil, 405, "accepts POST, PUT", "method not allowed", nil},
		{"POST to info", "POST", "/info", nil, nil, 405, "accepts GET", "method not allowed", nil},
		{"unknown path", "POST", "/v1/traces", good, nil, 404, "unknown path /v1/traces", "unknown path", nil},
		{"garbage", "POST", "/v0.4/traces", []byte("\xff\xff"), nil, 400, "decode /v0.4/traces payload", "malformed", nil},
		{"truncated", "PUT", "/v0.4/traces", good[:len(good)/2], nil, 400, "as MessagePack", "malformed", nil},
		{"bad JSON", "POST", "/v0.4/traces", []byte(`[[{"trace_id":}]]`), nil, 400, "as JSON", "malformed", nil},
		{"v0.5 garbage", "POST", "/v0.5/traces", []byte("\x92\x01"), nil, 400, "decode /v0.5/traces", "malformed", nil},
		{"v0.7 garbage", "POST", "/v0.7/traces", []byte("\x01"), nil, 400, "decode /v0.7/traces", "malformed", nil},
		{"v1.0 garbage", "POST", "/v1.0/traces", []byte("\x01"), nil, 400, "decode /v1.0/traces", "malformed", nil},
		{"not gzip", "POST", "/v0.4/traces", good, header("Content-Encoding", "gzip"), 400, "gzip", "malformed", nil},
		{"unknown encoding", "POST", "/v0.4/traces", good, header("Content-Encoding", "br"), 415,
			"Use gzip or none", "unknown content encoding", nil},
		{"too large", "POST", "/v0.4/traces", tooLarge, nil, 413, large, "too large", nil},
		{"gzip bomb", "POST", "/v0.4/traces", compress(t, tooLarge), header("Content-Encoding", "gzip"), 413,
			large, "too large", nil},
		{"large telemetry", "POST", "/telemetry/proxy/x", tooLarge, nil, 413, "larger", "too large", nil},
		{"from a page", "POST", "/v0.4/traces", good, header("Origin", "https://example.com"), 403,
			"for tracers", fromPage, nil},
		{"null origin", "POST", "/v0.4/traces", good, header("Origin", "null"), 403, "for tracers", fromPage, nil},
		{"cross-site", "GET", "/info", nil, header("Sec-Fetch-Site", "cross-site"), 403, "for tracers", fromPage, nil},
		{"same origin", "GET", "/v0.7/config", nil, header("Sec-Fetch-Site", "same-origin"), 403,
			"for tracers", fromPage, nil},
		{"not stored", "PUT", "/v0.4/traces", good, nil, 500,
			"See the agent's log", "could not be stored", errors.New("disk on fire")},
		{"disk full", "PUT", "/v0.4/traces", good, nil, 507,
			"disk is full", "disk full", fmt.Errorf("%w by fire", intake.ErrFull)},
	} {
		synctest.Test(t, func(t *testing.T) {
			in, sink := newIntake()
			sink.err = c.err
			w := send(in, c.method, c.path, c.body, append(c.headers, "Datadog-Meta-Lang", "go")...)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.detail) || strings.Contains(w.Body.String(), "fire") {
				t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
			}
			report := in.Report()
			if in.Refused() != 1 || in.Stats().Spans != 0 || len(report.Refusals) != 1 || len(report.Losses) != 1 ||
				len(report.Tracers) != 0 {
				t.Fatalf("%s: %+v", c.name, report)
			}
			if loss := report.Losses[0]; loss.Reason != c.reason || loss.Count != 1 || loss.Advice == "" {
				t.Errorf("%s: %+v", c.name, loss)
			}
			got := report.Refusals[0]
			if got.Reason != c.reason || got.Status != c.status || got.Detail != strings.TrimSpace(w.Body.String()) ||
				got.Method != c.method || got.Path != c.path || !got.Time.Equal(time.Now()) ||
				*got.ContentLength != int64(len(c.body)) || got.Headers["Datadog-Meta-Lang"] != "go" {
				t.Errorf("%s: %+v", c.name, got)
			}
			if want := hex.EncodeToString(c.body[:min(64, len(c.body))]); got.FirstBytes != want {
				t.Errorf("%s: starts with %s, want %s", c.name, got.FirstBytes, want)
			}
			if request := report.Requests[0]; request.Status != c.status || request.Spans != 0 || request.Language != "go" {
				t.Errorf("%s: request %+v", c.name, request)
			}
		})
	}
}

func TestReport_SpansLeftOut(t *testing.T) {
	in, sink := newIntake()
	sendSpans(t, in, nil, &pb.Span{TraceID: 1, SpanID: 2}, nil, nil, &pb.Span{TraceID: 1})
	sendSpans(t, in, &pb.Span{SpanID: 1})
	losses := in.Report().Losses
	if len(losses) != 2 || losses[0].Reason != "nil span" || losses[0].Count != 3 || losses[0].Advice == "" ||
		losses[1].Reason != "span without trace or span ID" || losses[1].Count != 2 || losses[1].Advice == "" {
		t.Errorf("got %+v", losses)
	}
	if in.Refused() != 2 || len(sink.spans) != 1 {
		t.Errorf("refused %d, stored %d: a nil span isn't refused", in.Refused(), len(sink.spans))
	}
}

func TestReport_IsBounded(t *testing.T) {
	in, _ := newIntake()
	for i := range 51 {
		send(in, http.MethodPost, fmt.Sprint("/unknown/", i), nil)
	}
	report := in.Report()
	if len(report.Refusals) != 50 || report.Losses[0].Count != 51 ||
		report.Refusals[0].Path != "/unknown/50" || report.Refusals[49].Path != "/unknown/1" {
		t.Errorf("%d refusals, %+v", len(report.Refusals), report.Losses)
	}

	for i := range 200 {
		sendSpans(t, in, &pb.Span{TraceID: 1, SpanID: 1, Service: fmt.Sprintf("s%03d", i)})
	}
	for _, service := range []string{"s000", "s200"} { // so s001 is the one to forget
		sendSpans(t, in, &pb.Span{TraceID: 1, SpanID: 1, Service: service})
	}
	report = in.Report()
	tracers := report.Tracers
	if len(tracers) != 200 || report.TracersForgotten != 1 ||
		tracers[0].Service != "s000" || tracers[1].Service != "s002" || tracers[199].Service != "s200" {
		t.Errorf("%d tracers, %d forgotten", len(tracers), report.TracersForgotten)
	}
	if len(report.Requests) != 100 || report.Requests[0].Service != "s200" || report.Calls != 253 || report.Spans != 202 {
		t.Errorf("%d requests, %d calls, %d spans", len(report.Requests), report.Calls, report.Spans)
	}
}

// Long names don't fill the memory, and invalid ones don't spoil the report.
func TestReport_ShortensTexts(t *testing.T) {
	in, _ := newIntake()
	long := strings.Repeat("ä", 1<<20)
	sendSpans(t, in, &pb.Span{TraceID: 1, SpanID: 1, Service: long,
		Meta: map[string]string{"env": long, "version": long, "language": long}})
	send(in, http.MethodPost, "/"+long[:1001], []byte(long),
		"Content-Type", long, "User-Agent", "\xff"+long, "Datadog-Meta-Lang", long)
	report := in.Report()
	refusal := report.Refusals[0]
	text := fmt.Sprint(report.Tracers, refusal.Path, refusal.ContentType, refusal.Headers, refusal.Detail, report.Requests)
	if len(text) > 4000 || strings.ToValidUTF8(text, "") != text {
		t.Errorf("%d bytes: %.300s", len(text), text)
	}
}

// discardSink is a sink for many goroutines.
type discardSink struct{}

func (discardSink) Add(context.Context, []apm.Span) error { return nil }

func TestReport_Concurrently(t *testing.T) {
	in := intake.New(discardSink{}, slog.New(slog.DiscardHandler))
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			for j := range 60 {
				sendSpans(t, in, &pb.Span{TraceID: 1, SpanID: 1, Service: fmt.Sprint("s", i, j)})
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
	if report := in.Report(); report.Calls != 480 || report.TracersForgotten != 40 || in.Refused() != 240 {
		t.Errorf("%d calls, %d forgotten, %d refused", report.Calls, report.TracersForgotten, in.Refused())
	}
}

// Idle tracers poll for their configuration every few seconds.
func TestReport_PollsReplaceEarlierOnes(t *testing.T) {
	in, _ := newIntake()
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
	if !slices.Equal(paths, []string{"/v0.7/config", "/info", "/v0.4/traces"}) || in.Calls() != 602 {
		t.Errorf("%d calls: %s", in.Calls(), paths)
	}
}
