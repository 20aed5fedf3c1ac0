package tracegen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"

	"thinker/shared/apm"
	"thinker/shared/apm/fetch"
)

// Send sends spans to the agent at url as a tracer does. For a payload that the agent
// refuses, it returns a *RefusedError.
func Send(ctx context.Context, url string, spans []apm.Span) error {
	payloads, err := Payloads(spans)
	for _, payload := range payloads {
		if err == nil {
			err = SendPayload(ctx, url, payload)
		}
	}
	return err
}

// A RefusedError reports a payload that an agent refused.
type RefusedError struct {
	Status  int
	Message string
	ByAgent bool // the response names an agent's version
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("send spans: status %d: %s", e.Status, e.Message)
}

// SendPayload sends one of the Payloads.
func SendPayload(ctx context.Context, url string, payload []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v0.4/traces", bytes.NewReader(payload))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/msgpack")
	response, err := fetch.Do(fetch.Direct(), request, fetch.Limit)
	if err != nil {
		return fmt.Errorf("send spans: %w", err)
	}
	if response.Status != http.StatusOK {
		return &RefusedError{response.Status, string(response.Body), response.Header.Get("Datadog-Agent-Version") != ""}
	}
	return nil
}

// Payloads encodes spans for /v0.4/traces, in several payloads if there are many, since an
// agent limits their size. Neighbouring spans of a trace share a chunk. It returns an error
// for a span that the format can't hold.
func Payloads(spans []apm.Span) (payloads [][]byte, err error) {
	const atOnce = 8 << 20 // bytes, about
	tagged := map[uint64]bool{}
	for _, s := range spans {
		tagged[s.TraceID] = tagged[s.TraceID] || s.Meta[highTag] != ""
	}
	var chunks pb.Traces
	flush := func() {
		body, encodeErr := chunks.MarshalMsg(nil)
		payloads, err = append(payloads, body), errors.Join(err, encodeErr)
		chunks = nil
	}
	size := 0
	for i := range spans {
		s := &spans[i]
		span, err := wireSpan(s)
		if err != nil {
			return nil, fmt.Errorf("span %d: %w", s.SpanID, err)
		}
		if size += span.Msgsize(); chunks != nil && size > atOnce {
			flush()
			size = span.Msgsize()
		}
		if chunks == nil || s.TraceID != spans[i-1].TraceID {
			chunks = append(chunks, nil)
			// A trace that arrived in another format may lack the tag.
			if s.TraceIDHigh != 0 && !tagged[s.TraceID] {
				span.Meta[highTag] = fmt.Sprintf("%016x", s.TraceIDHigh)
			}
		}
		chunks[len(chunks)-1] = append(chunks[len(chunks)-1], span)
	}
	if chunks != nil {
		flush()
	}
	return payloads, err
}
