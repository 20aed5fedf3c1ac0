package intake_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/tinylib/msgp/msgp"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/intake"
)

const keepAll = `{"rate_by_service":{"service:,env:":1}}`

// A memorySink stores spans in a slice, or fails with err.
type memorySink struct {
	spans []apm.Span
	err   error
}

func (m *memorySink) Add(_ context.Context, spans []apm.Span) error {
	m.spans = append(m.spans, spans...)
	return m.err
}

// newIntake returns an intake and its sink.
func newIntake() (*intake.Intake, *memorySink) {
	sink := &memorySink{}
	return intake.New(sink, slog.New(slog.DiscardHandler)), sink
}

// send sends a request; headers are name, value, name, value.
func send(in *intake.Intake, method, path string, body []byte, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, bytes.NewReader(body))
	for pair := range slices.Chunk(headers, 2) {
		r.Header.Set(pair[0], pair[1])
	}
	w := httptest.NewRecorder()
	in.ServeHTTP(w, r)
	return w
}

// sendSpans sends spans in one payload, which must be accepted.
func sendSpans(t testing.TB, in *intake.Intake, spans ...*pb.Span) {
	t.Helper()
	if w := send(in, http.MethodPost, "/v0.4/traces", msgpack(t, pb.Traces{spans})); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// sample is a small trace in the types of the wire.
func sample() pb.Traces {
	return pb.Traces{{
		{TraceID: 7, SpanID: 7, Service: "api", Name: "http.request", Resource: "GET /", Type: "web", Start: 1000, Duration: 500,
			Meta:    map[string]string{"_dd.p.tid": "6b00cd7c00000000", "env": "test", "language": "go"},
			Metrics: map[string]float64{"_sampling_priority_v1": 1}},
		nil,
		{TraceID: 7, SpanID: 8, ParentID: 7, Service: "db", Name: "sql.query", Resource: "SELECT 1", Type: "sql", Start: 1100,
			Duration: 200, Error: 1, Meta: map[string]string{"error.message": "gone"}},
	}}
}

func msgpack(t testing.TB, traces pb.Traces) []byte {
	t.Helper()
	body, err := traces.MarshalMsg(nil)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func toJSON(t testing.TB, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func compress(t testing.TB, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestIntake_ContentTypes(t *testing.T) {
	packed, inJSON := msgpack(t, sample()), toJSON(t, sample())
	for _, c := range []struct {
		name, path  string
		body        []byte
		contentType string
		encoding    string
		reply       string
	}{
		{"MessagePack", "/v0.4/traces", packed, "application/msgpack", "", keepAll},
		{"JSON", "/v0.4/traces", inJSON, "application/json; charset=utf-8", "", keepAll},
		{"JSON without a type", "/v0.3/traces", inJSON, "", "", "OK\n"},
		{"MessagePack of an unknown type", "/v0.4/traces", packed, "text/x-odd;;", "", keepAll},
		{"JSON of an unknown type", "/v0.3/traces", inJSON, "application/octet-stream", "", "OK\n"},
		{"gzip", "/v0.4/traces", compress(t, packed), "application/msgpack", "gzip", keepAll},
	} {
		for _, method := range []string{http.MethodPost, http.MethodPut} {
			in, sink := newIntake()
			w := send(in, method, c.path, c.body, "Content-Type", c.contentType, "Content-Encoding", c.encoding)
			if w.Code != http.StatusOK || w.Body.String() != c.reply {
				t.Errorf("%s: %s: %d %s", c.name, method, w.Code, w.Body)
			}
			if stats := in.Stats(); len(sink.spans) != 2 || stats.Payloads != 1 || stats.Spans != 2 || in.Refused() != 0 {
				t.Errorf("%s: %d spans, %+v", c.name, len(sink.spans), stats)
			}
		}
	}
}

func TestIntake_EmptyPayloads(t *testing.T) {
	probes := []string{"", "\x90", "[]", "null", "\xc0"}
	for path, bodies := range map[string][]string{
		"/v0.3/traces": probes,
		"/v0.4/traces": append(probes, "[[],[]]", "\x91\x91\xc0"), // with empty chunks, and with a nil span
		"/v0.5/traces": append(probes, "\x92\x90\x90"),
		"/v0.7/traces": append(probes, "\x80"),
		"/v1.0/traces": append(probes, "\x80"),
	} {
		for _, body := range bodies {
			in, sink := newIntake()
			w := send(in, http.MethodPut, path, []byte(body), "X-Datadog-Trace-Count", "99")
			if w.Code != http.StatusOK || len(sink.spans) != 0 || in.Refused() != 0 {
				t.Errorf("%s %q: %d %s", path, body, w.Code, w.Body)
			}
		}
	}
}

func TestIntake_Info(t *testing.T) {
	in, _ := newIntake()
	w := send(in, http.MethodGet, "/info", nil, "Sec-Fetch-Site", "none") // as from an address bar
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	var info struct {
		Version        string
		Endpoints      []string
		ClientDropP0s  *bool `json:"client_drop_p0s"`
		SpanEvents     bool  `json:"span_events"`
		LongRunning    *bool `json:"long_running_spans"`
		Config         map[string]any
		PeerTagsToFind []string `json:"peer_tags"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &info); err != nil {
		t.Fatal(err)
	}
	if info.ClientDropP0s == nil || *info.ClientDropP0s || !info.SpanEvents || info.LongRunning == nil || *info.LongRunning {
		t.Errorf("%s", w.Body)
	}
	if info.Config["statsd_port"] != nil || info.Config["default_env"] == nil {
		t.Errorf("config is %v", info.Config)
	}
	for _, endpoint := range info.Endpoints {
		if !slices.Contains(in.Paths(), endpoint) {
			t.Errorf("%v is listed and not served", endpoint)
		}
	}
	if len(info.Endpoints) != 7 || slices.Contains(info.Endpoints, "/v0.6/stats") {
		t.Errorf("endpoints are %v; with /v0.6/stats, tracers would drop spans", info.Endpoints)
	}
	sum := sha256.Sum256(w.Body.Bytes())
	probe := send(in, http.MethodPost, "/v0.4/traces", []byte{0x90})
	for _, response := range []*httptest.ResponseRecorder{w, probe} {
		if got := response.Header().Get("Datadog-Agent-State"); got != hex.EncodeToString(sum[:]) {
			t.Errorf("state is %q", got)
		}
		if got := response.Header().Get("Datadog-Agent-Version"); got != info.Version {
			t.Errorf("version is %q, /info has %s", got, info.Version)
		}
	}
}

func TestIntake_DiscardsOtherEndpoints(t *testing.T) {
	for path, want := range map[string]string{
		"/v0.3/services": "OK\n", "/v0.4/services": "OK\n", "/v0.6/stats": "", "/v0.7/config": "{}",
		"/telemetry/proxy/api/v2/apmtelemetry": "{}", "/profiling/v1/input": "{}",
		"/evp_proxy/v2/api/v2/citestcycle": "{}", "/evp_proxy/v4/x": "{}", "/debugger/v1/input": "{}",
		"/symdb/v1/input": "{}", "/dogstatsd/v2/proxy": "{}", "/tracer_flare/v1": "{}", "/v0.1/pipeline_stats": "{}",
	} {
		in, _ := newIntake()
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodGet} {
			w := send(in, method, path, []byte("anything"))
			if w.Code != http.StatusOK || w.Body.String() != want {
				t.Errorf("%s %s: %d %q, want %q", method, path, w.Code, w.Body, want)
			}
		}
		if n := in.Stats().Discarded; n != 3 {
			t.Errorf("%s: counted %d", path, n)
		}
	}
}

func TestIntake_ChunkedBody(t *testing.T) {
	in, sink := newIntake()
	server := httptest.NewServer(in)
	defer server.Close()
	body := struct{ io.Reader }{bytes.NewReader(msgpack(t, sample()))} // hides its length
	response, err := http.Post(server.URL+"/v0.4/traces", "application/msgpack", body)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK || len(sink.spans) != 2 {
		t.Errorf("%d, %d spans", response.StatusCode, len(sink.spans))
	}
}

func TestIntake_LinksAndEventsInTags(t *testing.T) {
	in, sink := newIntake()
	sendSpans(t, in, &pb.Span{TraceID: 1, SpanID: 1,
		SpanLinks:  []*pb.SpanLink{{TraceID: 0xb, TraceIDHigh: 0xa, SpanID: 0xc}, nil},
		SpanEvents: []*pb.SpanEvent{{TimeUnixNano: 5, Name: "both"}, nil},
		Meta: map[string]string{
			"_dd.span_links": `[{"trace_id":"000000000000000a000000000000000b","span_id":"000000000000000c"},
				{"trace_id":"d","span_id":"e","attributes":{"why":"retry","n":2}},
				{"trace_id":18446744073709551615,"trace_id_high":9,"span_id":14},
				{"trace_id":11,"trace_id_high":10,"span_id":12}]`,
			"events": `[{"name":"both","time_unix_nano":5},
				{"name":"tagged","time_unix_nano":6,"attributes":{"ok":true}}]`,
		}})
	sendSpans(t, in, &pb.Span{TraceID: 1, SpanID: 2, Meta: map[string]string{"events": "three", "_dd.p.tid": "zz"}})
	var spans []apm.Span
	if err := json.Unmarshal([]byte(`[{"TraceID":1,"SpanID":1,"Meta":{},
		"Links":[{"TraceID":11,"TraceIDHigh":10,"SpanID":12},{"TraceID":13,"SpanID":14,"Attributes":{"why":"retry","n":"2"}},
			{"TraceID":18446744073709551615,"TraceIDHigh":9,"SpanID":14}],
		"Events":[{"Time":5,"Name":"both"},{"Time":6,"Name":"tagged","Attributes":{"ok":true}}],
		"Metrics":{"_top_level":1}},
		{"TraceID":1,"SpanID":2,"Meta":{"events":"three","_dd.p.tid":"zz"},"Metrics":{"_top_level":1}}]`), &spans); err != nil {
		t.Fatal(err)
	}
	compare(t, readable(t, sink.spans), readable(t, spans))
}

// A payload can't make the agent allocate more memory than its limits.
func TestIntake_PayloadsAreBounded(t *testing.T) {
	const many = "\xdd\x01\x7d\x78\x3f" // an array of 24,999,999
	const table = "\xdf\x01\x7d\x78\x3f"
	spans := strings.Repeat("\x91\x80", 250_000) // a chunk with an empty span, each
	tags := msgp.AppendMapHeader([]byte("\x91\x91\x81\xa4meta"), 10_001)
	for i := range 10_001 {
		tags = msgp.AppendString(msgp.AppendString(tags, string(rune('A'+i%26))+hex.EncodeToString([]byte{byte(i >> 8), byte(i)})), "")
	}
	for _, c := range []struct {
		name, path, body string
		status           int
		detail           string
	}{
		{"v0.4, chunks", "/v0.4/traces", many, 400, "announces"},
		{"v0.4, empty spans", "/v0.4/traces", "\xdd\x00\x03\xd0\x90" + spans, 413, "bytes of memory to decode it: 360000320, limit 167772160"},
		{"v0.4, JSON", "/v0.4/traces", "[[" + strings.Repeat("{},", 500_000) + "{}]]", 413, "bytes of memory to decode it: 560001760, limit 167772160"},
		{"v0.4, a truncated text", "/v0.4/traces", "\x91\x91\x81\xdb\xff\xff\xff\xffab", 400, "truncated"},
		{"v0.4, tags", "/v0.4/traces", strings.Replace(string(tags), "\x91\x91\x81", "\x91\x91\x83\xa8trace_id\x01\xa7span_id\x01", 1), 413, "tags of one span: 10001"},
		{"v0.5, strings", "/v0.5/traces", "\x92" + many, 400, "announces 24999999 values in 0 bytes"},
		{"v0.5, chunks", "/v0.5/traces", "\x92\x90" + many, 400, "announces"},
		{"v0.5, spans", "/v0.5/traces", "\x92\x90\x91" + many, 400, "announces"},
		{"v0.7, tags", "/v0.7/traces", "\x81\xa4tags" + table, 400, "announces 49999998 values"},
		{"v0.7, no such value", "/v0.7/traces", "\x81\xa4tags\xc1", 400, "0xc1 does not start a value"},
		{"v1.0, chunks", "/v1.0/traces", "\x81\x0b" + many, 400, "announces"},
		{"v1.0, attributes", "/v1.0/traces", "\x81\x0a" + many, 400, "announces"},
		{"v1.0, deep", "/v1.0/traces", "\x81\x0a" + strings.Repeat("\x91", 1<<20) + "\xc0", 400, "more than 99 deep"},
		{"v1.0, endless", "/v1.0/traces", "\xdf\xff\xff\xff\xff", 400, "announces"},
	} {
		in, sink := newIntake()
		w := send(in, http.MethodPost, c.path, []byte(c.body))
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.detail) || len(sink.spans) > 0 {
			t.Errorf("%s: %d %s, want %d …%s", c.name, w.Code, w.Body, c.status, c.detail)
		}
	}
}

func TestIntake_TopLevelSpans(t *testing.T) {
	marked := func(tag string, value float64) map[string]float64 { return map[string]float64{tag: value} }
	span := func(id, parent uint64, service string) *pb.Span {
		return &pb.Span{TraceID: 1, SpanID: id, ParentID: parent, Service: service}
	}
	withMark := func(s *pb.Span, tag string, value float64) *pb.Span { s.Metrics = marked(tag, value); return s }
	for _, c := range []struct {
		name     string
		traces   pb.Traces
		computed string // the tracer's header
		want     []uint64
	}{
		{"other service, and back", pb.Traces{{span(1, 0, "api"), span(2, 1, "api"), span(3, 2, "db"), span(4, 3, "api"), span(5, 4, "api")}}, "", []uint64{1, 3, 4}},
		{"parent elsewhere", pb.Traces{{span(2, 1, "api"), span(3, 2, "api")}}, "", []uint64{2}},
		{"child first", pb.Traces{{span(3, 2, "api"), span(2, 1, "api")}}, "", []uint64{2}},
		{"parent in another chunk", pb.Traces{{span(1, 0, "api")}, {span(2, 1, "api")}}, "", []uint64{1, 2}},
		{"parent in another trace", pb.Traces{{span(1, 0, "api"), {TraceID: 2, SpanID: 2, ParentID: 1, Service: "api"}}}, "", []uint64{1, 2}},
		{"parent left out", pb.Traces{{nil, span(0, 0, "api"), span(2, 0, "api")}, {}, {span(3, 2, "api")}}, "", []uint64{2, 3}},
		{"marked", pb.Traces{{span(1, 0, "api"), withMark(span(2, 1, "api"), "_dd.top_level", 1)}}, "", []uint64{2}},
		{"marked as none", pb.Traces{{withMark(span(1, 0, "api"), "_top_level", 0)}}, "", nil},
		{"one chunk marked", pb.Traces{{withMark(span(1, 0, "api"), "_top_level", 0)}, {withMark(span(2, 0, "db"), "else", 2)}}, "", []uint64{2}},
		{"computed by the tracer", pb.Traces{{span(2, 1, "api")}}, "yes", nil},
		{"not computed", pb.Traces{{span(2, 1, "api")}}, "false", []uint64{2}},
		{"own parent", pb.Traces{{span(1, 1, "api")}}, "", nil},
		{"circle", pb.Traces{{span(1, 2, "api"), span(2, 1, "db")}}, "", []uint64{1, 2}},
	} {
		in, sink := newIntake()
		send(in, http.MethodPost, "/v0.4/traces", msgpack(t, c.traces), "Datadog-Client-Computed-Top-Level", c.computed)
		if got := topLevel(sink); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	for format, request := range inEveryFormat(t, sample()[0]) {
		in, sink := newIntake()
		send(in, http.MethodPost, request.path, request.body, "Content-Type", request.contentType)
		if got := topLevel(sink); !slices.Equal(got, []uint64{7, 8}) {
			t.Errorf("%s: %v", format, got)
		}
	}
}

// topLevel returns the IDs of the top-level spans.
func topLevel(sink *memorySink) (ids []uint64) {
	for i := range sink.spans {
		if sink.spans[i].TopLevel() {
			ids = append(ids, sink.spans[i].SpanID)
		}
	}
	return ids
}

// failOnSecond is a sink whose disk is full after one portion.
type failOnSecond struct{ portions int }

func (f *failOnSecond) Add(context.Context, []apm.Span) error {
	if f.portions++; f.portions > 1 {
		return intake.ErrFull
	}
	return nil
}

// A large payload reaches the sink in portions, and the stored ones count.
func TestIntake_StoresPartOfAPayload(t *testing.T) {
	in := intake.New(&failOnSecond{}, slog.New(slog.DiscardHandler))
	var traces pb.Traces
	for id := range uint64(3) {
		meta := map[string]string{"_dd.text.json": strings.Repeat("x", 5<<20)}
		traces = append(traces, pb.Trace{{TraceID: id + 1, SpanID: 1, Meta: meta}})
	}
	if w := send(in, http.MethodPost, "/v0.4/traces", msgpack(t, traces)); w.Code != http.StatusInsufficientStorage {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	report := in.Report()
	if report.Spans != 2 || report.Payloads != 0 || report.Requests[0].Spans != 2 {
		t.Errorf("%d spans, %d payloads, %+v", report.Spans, report.Payloads, report.Requests[0])
	}
}

// An error of the sink's own isn't a timeout, whatever it wraps.
func TestIntake_SinkCancelsItself(t *testing.T) {
	in, sink := newIntake()
	sink.err = errors.Join(context.Canceled)
	w := send(in, http.MethodPost, "/v0.4/traces", msgpack(t, sample()))
	if w.Code != http.StatusInternalServerError || in.Stats().Refused["could not be stored"] != 1 {
		t.Errorf("%d %v", w.Code, in.Stats())
	}
}
