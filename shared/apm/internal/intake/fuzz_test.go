package intake_test

import (
	"encoding/json"
	"net/http"
	"testing"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
)

// fuzz sends any body to a path, and checks the stored spans.
func fuzz(f *testing.F, path string, seeds ...[]byte) {
	for _, seed := range append(seeds, []byte{0x90}, []byte("[]"), []byte{0x91, 0x91, 0xc0}, []byte{0xd6, 5, 1, 2, 3, 4}, nil) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		in, sink := newIntake()
		w := send(in, http.MethodPost, path, body)
		switch w.Code {
		case http.StatusOK, http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		default:
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
		if w.Code != http.StatusOK && len(sink.spans) > 0 {
			t.Errorf("status %d, and %d spans", w.Code, len(sink.spans))
		}
		for _, span := range sink.spans {
			if span.TraceID == 0 || span.SpanID == 0 || span.Start < 0 || span.Duration < 0 || span.Meta == nil {
				t.Errorf("stored %+v", span)
			}
			for _, event := range span.Events {
				if _, err := json.Marshal(event.Attributes); err != nil {
					t.Errorf("attributes that JSON can't represent: %v", err)
				}
			}
		}
	})
}

// seeds returns the rich capture and the sample in certain formats.
func seeds(f *testing.F, formats ...string) (bodies [][]byte) {
	var traces pb.Traces
	if _, err := traces.UnmarshalMsg(readFile(f, richCapture)); err != nil {
		f.Fatal(err)
	}
	for _, chunk := range []pb.Trace{traces[0], sample()[0]} {
		requests := inEveryFormat(f, chunk)
		for _, format := range formats {
			bodies = append(bodies, requests[format].body)
		}
	}
	return bodies
}

func FuzzIntake_V04(f *testing.F) {
	fuzz(f, "/v0.4/traces", append(seeds(f, "v0.4 MessagePack", "v0.4 JSON"), readFile(f, "testdata/dd-trace-go.v1-v1.74.8-v0.4.msgpack"))...)
}

func FuzzIntake_V05(f *testing.F) { fuzz(f, "/v0.5/traces", seeds(f, "v0.5")...) }

func FuzzIntake_V07(f *testing.F) { fuzz(f, "/v0.7/traces", seeds(f, "v0.7")...) }

func FuzzIntake_V10(f *testing.F) {
	fuzz(f, "/v1.0/traces", append(seeds(f, "v1.0"), readFile(f, "testdata/dd-trace-go-v2.12.0-v1.0.msgpack"))...)
}
