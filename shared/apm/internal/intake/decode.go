package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
)

// decodeSafely decodes a body that may hold anything. The decoders are made
// for payloads of well-behaved tracers; should one of them panic over another,
// only that payload is lost.
func decodeSafely(decode decoder, body []byte, header http.Header, reserve reservation) (p payload, err error) {
	defer func() {
		if caught := recover(); caught != nil {
			p, err = payload{}, fmt.Errorf("not a trace payload: %v", caught)
		}
	}()
	if emptyProbe(body) {
		return payload{}, nil
	}
	if p, err = decode(body, header, reserve); err == nil {
		err = p.complete(reserve)
	}
	if err != nil {
		return payload{}, err
	}
	p.markTopLevel(header)
	return p, nil
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
func decodeV03V04(body []byte, header http.Header, reserve reservation) (payload, error) {
	const depth = 3 // of a span
	var traces pb.Traces
	inJSON := isJSON(body, header.Get("Content-Type"))
	if inJSON {
		if err := reserve.decoded(weighJSON(body, depth)); err != nil {
			return payload{}, err
		}
		if err := json.Unmarshal(body, &traces); err != nil {
			return payload{}, fmt.Errorf("as JSON: %w", err)
		}
	} else if err := unpack(body, shape{depth, weightValue}, reserve, func() error { _, err := traces.UnmarshalMsg(body); return err }); err != nil {
		return payload{}, err
	}
	p := fromTraces(traces)
	p.json = inJSON
	return p, nil
}

// unpack has a decoder read MessagePack that is safe to be read, once there is
// room for what it holds.
func unpack(body []byte, format shape, reserve reservation, decode func() error) error {
	weight, err := weighPacked(body, format)
	if err == nil {
		if err := reserve.decoded(weight); err != nil {
			return err
		}
		err = decode()
	}
	if err != nil {
		return fmt.Errorf("as MessagePack: %w", err)
	}
	return nil
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
func decodeV05(body []byte, _ http.Header, reserve reservation) (payload, error) {
	var traces pb.Traces
	if err := unpack(body, shape{4, weightValue}, reserve, func() error { return traces.UnmarshalMsgDictionary(body) }); err != nil {
		return payload{}, err
	}
	return fromTraces(traces), nil
}

// decodeV07 decodes a map with what the spans have in common beside them.
func decodeV07(body []byte, _ http.Header, reserve reservation) (payload, error) {
	var sent pb.TracerPayload
	if err := unpack(body, shape{5, weightValue}, reserve, func() error { _, err := sent.UnmarshalMsg(body); return err }); err != nil {
		return payload{}, err
	}
	p := payload{library: sent.TracerVersion}
	spans := 0
	for _, chunk := range sent.Chunks {
		spans += len(chunk.GetSpans())
	}
	p.grow(spans)
	for _, chunk := range sent.Chunks {
		if chunk == nil {
			return payload{}, errors.New("a chunk is nil")
		}
		common := map[string]string{
			"env":        sent.Env,
			"version":    sent.AppVersion,
			"language":   sent.LanguageName,
			"runtime-id": sent.RuntimeID,
			"_dd.origin": chunk.Origin,
		}
		p.chunk(chunk.Spans, chunk.Tags[tagTraceIDHigh], common)
	}
	return p, nil
}

func fromTraces(traces pb.Traces) payload {
	var p payload
	spans := 0
	for _, chunk := range traces {
		spans += len(chunk)
	}
	p.grow(spans)
	for _, chunk := range traces {
		p.chunk(chunk, "", nil)
	}
	return p
}
