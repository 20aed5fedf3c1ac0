package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"

	"thinker/shared/apm"
)

// decodeSafely decodes a body that may hold anything. The decoders are made
// for payloads of well-behaved tracers; should one of them panic over another,
// only that payload is lost.
func decodeSafely(decode decoder, body []byte, header http.Header) (spans []apm.Span, invalid int, err error) {
	defer func() {
		if caught := recover(); caught != nil {
			spans, invalid, err = nil, 0, fmt.Errorf("not a trace payload: %v", caught)
		}
	}()
	if emptyProbe(body) {
		return nil, 0, nil
	}
	return decode(body, header)
}

// emptyProbe recognises what tracers send in any format to see whether an
// Agent is there: nothing, an empty array or nil.
func emptyProbe(body []byte) bool {
	switch string(bytes.TrimSpace(body)) {
	case "", "[]", "null", "\x90", "\xc0":
		return true
	}
	return false
}

// decodeV03V04 decodes [[span, …], …], in MessagePack or JSON.
func decodeV03V04(body []byte, header http.Header) ([]apm.Span, int, error) {
	var traces pb.Traces
	if isJSON(body, header.Get("Content-Type")) {
		if err := json.Unmarshal(body, &traces); err != nil {
			return nil, 0, fmt.Errorf("as JSON: %w", err)
		}
	} else if _, err := traces.UnmarshalMsg(body); err != nil {
		return nil, 0, fmt.Errorf("as MessagePack: %w", err)
	}
	spans, invalid := fromTraces(traces)
	return spans, invalid, nil
}

// isJSON tells whether a body is JSON rather than MessagePack: by its
// Content-Type or, where that is missing or something else, by its first byte,
// which no JSON document shares with an array in MessagePack.
func isJSON(body []byte, contentType string) bool {
	mediaType, _, _ := mime.ParseMediaType(contentType)
	switch mediaType {
	case "application/json", "text/json":
		return true
	case "application/msgpack", "application/x-msgpack":
		return false
	}
	return len(body) > 0 && body[0] < 0x80
}

// decodeV05 decodes [strings, [[span, …], …]], in which a span is an array
// whose texts are places in strings.
func decodeV05(body []byte, _ http.Header) ([]apm.Span, int, error) {
	var traces pb.Traces
	if err := traces.UnmarshalMsgDictionary(body); err != nil {
		return nil, 0, fmt.Errorf("as MessagePack: %w", err)
	}
	spans, invalid := fromTraces(traces)
	return spans, invalid, nil
}

// decodeV07 decodes a map with what the spans have in common beside them.
func decodeV07(body []byte, _ http.Header) ([]apm.Span, int, error) {
	var payload pb.TracerPayload
	if _, err := payload.UnmarshalMsg(body); err != nil {
		return nil, 0, fmt.Errorf("as MessagePack: %w", err)
	}
	var c collector
	for _, chunk := range payload.Chunks {
		if chunk == nil {
			return nil, 0, errors.New("a chunk is nil")
		}
		common := map[string]string{
			"env":        payload.Env,
			"version":    payload.AppVersion,
			"language":   payload.LanguageName,
			"runtime-id": payload.RuntimeID,
			"_dd.origin": chunk.Origin,
		}
		c.chunk(chunk.Spans, chunk.Tags[tagTraceIDHigh], common)
	}
	return c.spans, c.invalid, nil
}

func fromTraces(traces pb.Traces) ([]apm.Span, int) {
	var c collector
	for _, chunk := range traces {
		c.chunk(chunk, "", nil)
	}
	return c.spans, c.invalid
}
