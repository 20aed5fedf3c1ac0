package intake

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
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"

	"thinker/shared/apm"
)

// kept is a sink that remembers what it was given, or fails with err.
type kept struct {
	spans []apm.Span
	err   error
}

func (k *kept) Add(_ context.Context, spans []apm.Span) error {
	k.spans = append(k.spans, spans...)
	return k.err
}

func newTest() (*Intake, *kept) {
	sink := &kept{}
	return New(sink, slog.New(slog.NewTextHandler(io.Discard, nil))), sink
}

// send sends a request; headers are name, value, name, value.
func send(in *Intake, method, path string, body []byte, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, bytes.NewReader(body))
	for pair := range slices.Chunk(headers, 2) {
		r.Header.Set(pair[0], pair[1])
	}
	w := httptest.NewRecorder()
	in.ServeHTTP(w, r)
	return w
}

// file is a payload that a real tracer sent.
func file(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

const (
	goV04 = "dd-trace-go.v1-v1.74.8-v0.4.msgpack"
	goV10 = "dd-trace-go-v2.12.0-v1.0.msgpack"
)

// sample is a small trace in the wire's own types.
func sample() pb.Traces {
	return pb.Traces{{
		{TraceID: 7, SpanID: 7, Service: "api", Name: "http.request", Resource: "GET /", Type: "web", Start: 1000, Duration: 500,
			Meta: map[string]string{"_dd.p.tid": "6b00cd7c00000000", "env": "test"}, Metrics: map[string]float64{"_sampling_priority_v1": 1}},
		nil,
		{TraceID: 7, SpanID: 8, ParentID: 7, Service: "db", Name: "sql.query", Resource: "SELECT 1", Type: "sql", Start: 1100, Duration: 200, Error: 1,
			Meta: map[string]string{"error.message": "gone"}},
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

// sampleV05 is sample, written by hand in the format with a dictionary.
func sampleV05() []byte {
	words := []string{"", "api", "http.request", "GET /", "web", "_dd.p.tid", "6b00cd7c00000000", "env", "test", "_sampling_priority_v1", "db", "sql.query", "SELECT 1", "sql", "error.message", "gone"}
	b := []byte{0x92, 0xdc, 0, byte(len(words))}
	for _, word := range words {
		b = append(append(b, 0xa0|byte(len(word))), word...)
	}
	b = append(b, 0x91, 0x92)
	b = append(b, 0x9c, 1, 2, 3, 7, 7, 0, 0xcd, 0x03, 0xe8, 0xcd, 0x01, 0xf4, 0, 0x82, 5, 6, 7, 8, 0x81, 9, 0xcb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 4)
	b = append(b, 0x9c, 10, 11, 12, 7, 8, 7, 0xcd, 0x04, 0x4c, 0xcc, 0xc8, 1, 0x81, 14, 15, 0x80, 13)
	return b
}

func sampleV07(t testing.TB) []byte {
	t.Helper()
	payload := pb.TracerPayload{Env: "test", AppVersion: "1.2", LanguageName: "go",
		Chunks: []*pb.TraceChunk{{Spans: sample()[0], Tags: map[string]string{"_dd.p.tid": "6b00cd7c00000000"}}}}
	body, err := payload.MarshalMsg(nil)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestEveryFormatGivesTheSameTrace(t *testing.T) {
	inJSON, err := json.Marshal(sample())
	if err != nil {
		t.Fatal(err)
	}
	v04 := msgpack(t, sample())
	for name, c := range map[string]struct {
		path    string
		body    []byte
		headers []string
	}{
		"v0.3 msgpack":                {"/v0.3/traces", v04, []string{"Content-Type", "application/msgpack"}},
		"v0.3 JSON without a type":    {"/v0.3/traces", inJSON, nil},
		"v0.4 msgpack":                {"/v0.4/traces", v04, []string{"Content-Type", "application/msgpack"}},
		"v0.4 JSON":                   {"/v0.4/traces", inJSON, []string{"Content-Type", "application/json; charset=utf-8"}},
		"v0.4 msgpack of an odd type": {"/v0.4/traces", v04, []string{"Content-Type", "text/x-odd;;"}},
		"v0.4 JSON of an odd type":    {"/v0.4/traces", inJSON, []string{"Content-Type", "application/octet-stream"}},
		"v0.4 gzip":                   {"/v0.4/traces", zipped(t, v04), []string{"Content-Type", "application/msgpack", "Content-Encoding", "gzip"}},
		"v0.5":                        {"/v0.5/traces", sampleV05(), []string{"Content-Type", "application/msgpack"}},
		"v0.7":                        {"/v0.7/traces", sampleV07(t), []string{"Content-Type", "application/msgpack"}},
	} {
		for _, method := range []string{http.MethodPost, http.MethodPut} {
			in, sink := newTest()
			w := send(in, method, c.path, c.body, c.headers...)
			want := rates
			if strings.HasPrefix(c.path, "/v0.3") {
				want = "OK\n"
			}
			if w.Code != http.StatusOK || w.Body.String() != want {
				t.Errorf("%s: %s: %d %s", name, method, w.Code, w.Body)
			}
			if len(sink.spans) != 2 {
				t.Fatalf("%s: %d spans, want 2", name, len(sink.spans))
			}
			root, child := sink.spans[0], sink.spans[1]
			if root.TraceID != 7 || root.SpanID != 7 || root.ParentID != 0 || root.TraceIDHigh != 0x6b00cd7c00000000 ||
				root.Service != "api" || root.Name != "http.request" || root.Resource != "GET /" || root.Type != "web" ||
				root.Start != 1000 || root.Duration != 500 || root.Error || root.Meta["env"] != "test" || root.Metrics["_sampling_priority_v1"] != 1 {
				t.Errorf("%s: root %+v", name, root)
			}
			if child.ParentID != 7 || child.Service != "db" || !child.Error || child.ErrorMessage() != "gone" || child.Duration != 200 {
				t.Errorf("%s: child %+v", name, child)
			}
			if child.TraceIDHigh != root.TraceIDHigh {
				t.Errorf("%s: the chunk's upper half did not reach the child", name)
			}
			if stats := in.Stats(); stats.Payloads != 1 || stats.Spans != 2 || in.Refused() != 0 {
				t.Errorf("%s: %+v", name, stats)
			}
		}
	}
}

func zipped(t testing.TB, body []byte) []byte {
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

// TestRealTracers takes in what dd-trace-go sent: a workshop request with an
// unknown subject.
func TestRealTracers(t *testing.T) {
	for path, name := range map[string]string{"/v0.4/traces": goV04, "/v1.0/traces": goV10} {
		in, sink := newTest()
		w := send(in, http.MethodPost, path, file(t, name), "Content-Type", "application/msgpack")
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		trace := apm.NewTrace(sink.spans[0].TraceID, sink.spans)
		var tree strings.Builder
		for _, root := range trace.Tree() {
			writeTree(&tree, root, "")
		}
		const want = `thinker-api http.request GET /think/ web
  thinker-api http.request http.request http
    thinker-microservice http.request GET / web
      thinker-microservice think think 
        sqlite.db sqlite.query SELECT id, quote, author, subject FROM thought WHERE subject = ? sql
      thinker-microservice think think  error: subject unknown: art (*errors.errorString)
`
		if tree.String() != want {
			t.Errorf("%s: got\n%swant\n%s", path, &tree, want)
		}
		if trace.IDHigh() == 0 {
			t.Errorf("%s: no upper half of the trace ID", path)
		}
		root := trace.Spans[0]
		if root.Meta["env"] != "workshop" || root.Meta["version"] != "step04" || root.Meta["language"] != "go" || root.StatusCode() != "200" {
			t.Errorf("%s: root %v %v", path, root.Meta, root.Metrics)
		}
		if root.Metrics["_sampling_priority_v1"] != 1 {
			t.Errorf("%s: priority %v", path, root.Metrics["_sampling_priority_v1"])
		}
		if path == "/v1.0/traces" {
			if len(root.Links) != 1 || root.Links[0].TraceIDHigh != 1 || root.Links[0].TraceID != 7 || root.Links[0].SpanID != 8 || root.Links[0].Attributes["why"] != "retry" {
				t.Errorf("links %+v", root.Links)
			}
			if len(root.Events) != 1 || root.Events[0].Name != "cache.miss" || root.Events[0].Attributes["try"] != int64(1) {
				t.Errorf("events %+v", root.Events)
			}
		}
	}
}

func writeTree(b *strings.Builder, node *apm.Node, indent string) {
	s := node.Span
	b.WriteString(indent + strings.Join([]string{s.Service, s.Name, s.Resource, s.Type}, " "))
	if s.Error {
		b.WriteString(" error: " + s.ErrorMessage() + " (" + s.ErrorType() + ")")
	}
	b.WriteString("\n")
	for _, child := range node.Children {
		writeTree(b, child, indent+"  ")
	}
}

func TestEmptyProbesAreFine(t *testing.T) {
	for _, path := range []string{"/v0.3/traces", "/v0.4/traces", "/v0.5/traces", "/v0.7/traces", "/v1.0/traces"} {
		for _, body := range []string{"", "\x90", "[]", "null", "\xc0"} {
			in, sink := newTest()
			w := send(in, http.MethodPut, path, []byte(body), "Content-Type", "application/msgpack", "X-Datadog-Trace-Count", "99")
			if w.Code != http.StatusOK || len(sink.spans) != 0 || in.Refused() != 0 {
				t.Errorf("%s %q: %d %s", path, body, w.Code, w.Body)
			}
		}
	}
	in, _ := newTest()
	for path, body := range map[string]string{"/v0.4/traces": "[[],[]]", "/v0.5/traces": "\x92\x90\x90", "/v0.7/traces": "\x80", "/v1.0/traces": "\x80"} {
		if w := send(in, http.MethodPut, path, []byte(body)); w.Code != http.StatusOK {
			t.Errorf("%s %q: %d %s", path, body, w.Code, w.Body)
		}
	}
	// A nil span in a chunk, as some tracers have sent.
	if w := send(in, http.MethodPut, "/v0.4/traces", []byte{0x91, 0x91, 0xc0}, "Content-Type", "application/msgpack"); w.Code != http.StatusOK {
		t.Errorf("nil span: %d %s", w.Code, w.Body)
	}
}

func TestRefusals(t *testing.T) {
	good := msgpack(t, sample())
	for name, c := range map[string]struct {
		method, path string
		body         []byte
		headers      []string
		status       int
		says, reason string
	}{
		"GET":             {"GET", "/v0.4/traces", nil, nil, 405, "accepts POST, PUT", reasonMethod},
		"POST to info":    {"POST", "/info", nil, nil, 405, "accepts GET", reasonMethod},
		"garbage":         {"POST", "/v0.4/traces", []byte("\xff\xff"), nil, 400, "decode /v0.4/traces payload", reasonMalformed},
		"cut off":         {"POST", "/v0.4/traces", good[:len(good)/2], nil, 400, "as MessagePack", reasonMalformed},
		"bad JSON":        {"POST", "/v0.4/traces", []byte(`[[{"trace_id":}]]`), nil, 400, "as JSON", reasonMalformed},
		"v0.5 garbage":    {"POST", "/v0.5/traces", []byte("\x92\x01"), nil, 400, "decode /v0.5/traces", reasonMalformed},
		"v0.7 garbage":    {"POST", "/v0.7/traces", []byte("\x01"), nil, 400, "decode /v0.7/traces", reasonMalformed},
		"v1.0 garbage":    {"POST", "/v1.0/traces", []byte("\x01"), nil, 400, "decode /v1.0/traces", reasonMalformed},
		"not gzip":        {"POST", "/v0.4/traces", good, []string{"Content-Encoding", "gzip"}, 400, "gzip", reasonMalformed},
		"unknown packing": {"POST", "/v0.4/traces", good, []string{"Content-Encoding", "br"}, 415, "Use gzip or none", reasonEncoding},
		"too large":       {"POST", "/v0.4/traces", make([]byte, maxBody+1), nil, 413, "larger than 25 MiB", reasonTooLarge},
		"gzip bomb":       {"POST", "/v0.4/traces", zipped(t, make([]byte, maxBody+1)), []string{"Content-Encoding", "gzip"}, 413, "larger than 25 MiB", reasonTooLarge},
		"large telemetry": {"POST", "/telemetry/proxy/api/v2/apmtelemetry", make([]byte, maxBody+1), nil, 413, "larger", reasonTooLarge},
		"from a page":     {"POST", "/v0.4/traces", good, []string{"Origin", "https://example.com"}, 403, "for tracers", reasonBrowser},
		"null origin":     {"POST", "/v0.4/traces", good, []string{"Origin", "null"}, 403, "for tracers", reasonBrowser},
		"from a sandbox":  {"GET", "/info", nil, []string{"Sec-Fetch-Site", "cross-site"}, 403, "for tracers", reasonBrowser},
		"from our pages":  {"GET", "/v0.7/config", nil, []string{"Sec-Fetch-Site", "same-origin"}, 403, "for tracers", reasonBrowser},
	} {
		in, sink := newTest()
		w := send(in, c.method, c.path, c.body, c.headers...)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d %.200s, want %d …%s…", name, w.Code, w.Body, c.status, c.says)
		}
		if in.Stats().Refused[c.reason] != 1 || in.Refused() != 1 || len(sink.spans) != 0 {
			t.Errorf("%s: counted %v", name, in.Stats().Refused)
		}
	}
}

func TestAddressBarMayAskForInfo(t *testing.T) {
	in, _ := newTest()
	if w := send(in, http.MethodGet, "/info", nil, "Sec-Fetch-Site", "none"); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestInfo(t *testing.T) {
	in, _ := newTest()
	w := send(in, http.MethodGet, "/info", nil)
	var info map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &info); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{"client_drop_p0s": false, "span_events": true, "long_running_spans": false} {
		if info[key] != want {
			t.Errorf("%s is %v, want %v", key, info[key], want)
		}
	}
	if config := info["config"].(map[string]any); config["statsd_port"] != nil || config["default_env"] == nil {
		t.Errorf("config is %v", config)
	}
	paths := in.Paths()
	for _, endpoint := range info["endpoints"].([]any) {
		if !slices.Contains(paths, endpoint.(string)) {
			t.Errorf("%v is listed and not served", endpoint)
		}
		if endpoint == "/v0.6/stats" {
			t.Error("/v0.6/stats is listed: tracers would drop spans")
		}
	}
	sum := sha256.Sum256(w.Body.Bytes())
	for _, answer := range []*httptest.ResponseRecorder{w, send(in, http.MethodPost, "/v0.4/traces", []byte{0x90})} {
		if got := answer.Header().Get("Datadog-Agent-State"); got != hex.EncodeToString(sum[:]) {
			t.Errorf("state is %q", got)
		}
		if got := answer.Header().Get("Datadog-Agent-Version"); got != info["version"] {
			t.Errorf("version is %q, /info says %v", got, info["version"])
		}
	}
}

func TestOtherEndpointsAcceptAndDiscard(t *testing.T) {
	for path, want := range map[string]string{
		"/v0.3/services": "OK\n", "/v0.4/services": "OK\n", "/v0.6/stats": "", "/v0.7/config": "{}",
		"/telemetry/proxy/api/v2/apmtelemetry": "{}", "/profiling/v1/input": "{}",
		"/evp_proxy/v2/api/v2/citestcycle": "{}", "/evp_proxy/v4/x": "{}", "/debugger/v1/input": "{}",
		"/symdb/v1/input": "{}", "/dogstatsd/v2/proxy": "{}", "/tracer_flare/v1": "{}", "/v0.1/pipeline_stats": "{}",
	} {
		in, _ := newTest()
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodGet} {
			w := send(in, method, path, []byte("anything"))
			if w.Code != http.StatusOK || w.Body.String() != want {
				t.Errorf("%s %s: %d %q, want %q", method, path, w.Code, w.Body, want)
			}
		}
		total := 0
		for _, n := range in.Stats().Discarded {
			total += n
		}
		if total != 3 {
			t.Errorf("%s: counted %v", path, in.Stats().Discarded)
		}
	}
}

func TestChunkedBody(t *testing.T) {
	in, sink := newTest()
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

func TestSpansWithoutIDsAreLeftOutAndCounted(t *testing.T) {
	in, sink := newTest()
	w := send(in, http.MethodPost, "/v0.4/traces", []byte(`[[{"trace_id":1,"span_id":0},{"trace_id":1,"span_id":2},{"trace_id":0,"span_id":2}]]`))
	if w.Code != http.StatusOK || len(sink.spans) != 1 || in.Stats().Refused[reasonNoID] != 2 {
		t.Errorf("%d, %d spans, %v", w.Code, len(sink.spans), in.Stats().Refused)
	}
}

func TestSinkThatFails(t *testing.T) {
	in, sink := newTest()
	sink.err = errors.New("disk on fire")
	w := send(in, http.MethodPost, "/v0.4/traces", msgpack(t, sample()))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "fire") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if in.Stats().Refused[reasonNotKept] != 1 || in.Stats().Spans != 0 {
		t.Errorf("%+v", in.Stats())
	}
}

func TestLinksAndEventsAreReadOnce(t *testing.T) {
	traces := pb.Traces{{{TraceID: 1, SpanID: 1,
		SpanLinks: []*pb.SpanLink{{TraceID: 0xb, TraceIDHigh: 0xa, SpanID: 0xc}, nil},
		SpanEvents: []*pb.SpanEvent{{TimeUnixNano: 5, Name: "both", Attributes: map[string]*pb.AttributeAnyValue{
			"list": {Type: pb.AttributeAnyValue_ARRAY_VALUE, ArrayValue: &pb.AttributeArray{Values: []*pb.AttributeArrayValue{{Type: pb.AttributeArrayValue_INT_VALUE, IntValue: 3}}}},
		}}, nil},
		Meta: map[string]string{
			"_dd.span_links": `[{"trace_id":"000000000000000a000000000000000b","span_id":"000000000000000c"},{"trace_id":"d","span_id":"e","attributes":{"why":"retry","n":2}},{"trace_id":18446744073709551615,"trace_id_high":9,"span_id":14},{"trace_id":11,"trace_id_high":10,"span_id":12}]`,
			"events":         `[{"name":"both","time_unix_nano":5},{"name":"tagged","time_unix_nano":6,"attributes":{"ok":true}}]`,
		}}}}
	in, sink := newTest()
	if w := send(in, http.MethodPost, "/v0.4/traces", msgpack(t, traces)); w.Code != http.StatusOK {
		t.Fatal(w.Body)
	}
	span := sink.spans[0]
	if len(span.Links) != 3 || span.Links[0].TraceIDHigh != 0xa || span.Links[1].TraceID != 0xd || span.Links[1].SpanID != 0xe ||
		span.Links[1].Attributes["why"] != "retry" || span.Links[1].Attributes["n"] != "2" ||
		span.Links[2].TraceID != math.MaxUint64 || span.Links[2].TraceIDHigh != 9 || span.Links[2].SpanID != 14 {
		t.Errorf("links %+v", span.Links)
	}
	if len(span.Events) != 2 || span.Events[1].Name != "tagged" || span.Events[1].Attributes["ok"] != true {
		t.Errorf("events %+v", span.Events)
	}
	if list := span.Events[0].Attributes["list"].([]any); list[0] != int64(3) {
		t.Errorf("list %v", list)
	}
	if len(span.Meta) != 0 {
		t.Errorf("the tags are still there: %v", span.Meta)
	}
}

func TestATagThatIsNoLinkStays(t *testing.T) {
	in, sink := newTest()
	send(in, http.MethodPost, "/v0.4/traces", []byte(`[[{"trace_id":1,"span_id":1,"meta":{"events":"three","_dd.p.tid":"zz"}}]]`))
	if span := sink.spans[0]; span.Meta["events"] != "three" || span.TraceIDHigh != 0 {
		t.Errorf("%+v", span)
	}
}

// A small body of JSON may unfold into more spans than memory holds.
func TestDecode_BoundsJSON(t *testing.T) {
	in, sink := newTest()
	body := "[[" + strings.Repeat("{},", 500_000) + "{}]]"
	w := send(in, http.MethodPost, "/v0.4/traces", []byte(body), "Content-Type", "application/json")
	if want := "bytes of memory to decode it: 560001760, limit 167772160"; w.Code != http.StatusRequestEntityTooLarge || !strings.Contains(w.Body.String(), want) || len(sink.spans) > 0 {
		t.Errorf("%d %s, want %s", w.Code, w.Body, want)
	}
}
