package intake

import (
	"encoding/json"
	"net/http"
	"testing"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/tinylib/msgp/msgp"
)

// fuzz feeds a decoder anything, and holds what it lets through.
func fuzz(f *testing.F, decode decoder, seeds ...[]byte) {
	for _, seed := range append(seeds, []byte{0x90}, []byte("[]"), []byte{0x91, 0x91, 0xc0}, nil) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := decodeSafely(decode, body, http.Header{}, unbounded)
		if err != nil && (len(p.spans) > 0 || p.noID > 0) {
			t.Errorf("%d spans besides an error", len(p.spans)+p.noID)
		}
		for _, span := range p.spans {
			if span.TraceID == 0 || span.SpanID == 0 || span.Start < 0 || span.Duration < 0 || span.Meta == nil {
				t.Errorf("let through %+v", span)
			}
			for _, event := range span.Events {
				if _, err := json.Marshal(event.Attributes); err != nil {
					t.Errorf("attributes that JSON cannot hold: %v", err)
				}
			}
		}
	})
}

// unbounded is a reservation for which there is always room.
func unbounded(stage, int64) error { return nil }

// captured is what dd-trace-go sent, in each of formats.
func captured(f *testing.F, formats ...string) (seeds [][]byte) {
	var traces pb.Traces
	if _, err := traces.UnmarshalMsg(file(f, rich)); err != nil {
		f.Fatal(err)
	}
	every := everyFormat(f, traces[0])
	for _, format := range formats {
		seeds = append(seeds, every[format].body)
	}
	return seeds
}

func FuzzDecodeV03V04(f *testing.F) {
	inJSON, err := json.Marshal(sample())
	if err != nil {
		f.Fatal(err)
	}
	fuzz(f, decodeV03V04, append(captured(f, formatV04, formatV04JSON),
		file(f, goV04), file(f, "capture/dd-trace-go.v1-v1.74.8-v0.4.msgpack"), msgpack(f, sample()), inJSON)...)
}

func FuzzDecodeV05(f *testing.F) { fuzz(f, decodeV05, append(captured(f, formatV05), sampleV05())...) }

func FuzzDecodeV07(f *testing.F) { fuzz(f, decodeV07, append(captured(f, formatV07), sampleV07(f))...) }

func FuzzDecodeV10(f *testing.F) {
	fuzz(f, decodeV10, append(captured(f, formatV10), file(f, goV10), file(f, "capture/dd-trace-go-v2.12.0-v1.0.msgpack"))...)
}

// FuzzWeighPacked holds that what passes can be read, and that what can be read
// passes as long as it is small.
func FuzzWeighPacked(f *testing.F) {
	for _, seed := range append(captured(f, formatV04, formatV05, formatV07, formatV10), nil, []byte{0x91, 0x91, 0xc0}, []byte{0xd6, 5, 1, 2, 3, 4}) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		_, ours := weighPacked(body, shape{3, weightValue})
		_, theirs := msgp.Skip(body)
		if ours == nil && theirs != nil {
			t.Errorf("%x passes: %v", body, theirs)
		}
		if ours != nil && theirs == nil && len(body) < maxDepth {
			t.Errorf("%x does not pass: %v", body, ours)
		}
	})
}
